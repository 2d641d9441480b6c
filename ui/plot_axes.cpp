// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plot_axes.h"

#include "ui/qcustomplot_wrapper.h"

namespace duodiff::ui
{

void setUpAxes(QCustomPlot& plot)
{
    plot.axisRect()->setupFullAxesBox(false);
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) {
        axis->setSubTicks(false);
        axis->setTickLength(0, 0);
    }
    for (QCPAxis* axis : {plot.xAxis2, plot.yAxis2}) {
        axis->setTicks(false);
    }
}

void colourAxes(QCustomPlot& plot, const Theme& theme)
{
    plot.setBackground(theme.panel);
    plot.axisRect()->setBackground(theme.field);
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis, plot.xAxis2, plot.yAxis2}) {
        axis->setBasePen(QPen(theme.line));
        axis->setTickLabelColor(theme.mutedText);
        axis->setLabelColor(theme.mutedText);
        axis->setTickLabelFont(uiFont(8.0));
        axis->setLabelFont(uiFont(8.0));
        axis->grid()->setPen(QPen(theme.line, 1.0, Qt::DotLine));
        axis->grid()->setZeroLinePen(QPen(theme.line));
    }
}

}  // namespace duodiff::ui
