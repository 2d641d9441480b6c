// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/exit_plot.h"
#include "ui/plot_marks.h"
#include "ui/qcustomplot_wrapper.h"

#include <QFileInfo>
#include <QPageLayout>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

namespace duodiff::ui
{

namespace
{

constexpr QSize exportSize(1200, 460);
constexpr double pngScale = 2.0;
constexpr int screenDpi = 96;

bool writePng(const ExitPlot& plot, QIODevice& device)
{
    QImage image(exportSize * pngScale, QImage::Format_RGB32);
    image.setDevicePixelRatio(pngScale);
    image.fill(Qt::white);
    QCPPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    plot.paintLight(painter, exportSize.width(), exportSize.height());
    painter.end();
    return image.save(&device, "PNG");
}

bool writeSvg(const ExitPlot& plot, QIODevice& device)
{
    QSvgGenerator generator;
    generator.setOutputDevice(&device);
    generator.setSize(exportSize);
    generator.setViewBox(QRect(QPoint(), exportSize));
    generator.setTitle(ExitPlot::tr("Exit-layer plot"));
    generator.setDescription(plot.textSummary());
    QCPPainter painter;
    if (!painter.begin(&generator)) {
        return false;
    }
    painter.setMode(QCPPainter::pmVectorized);
    plot.paintLight(painter, exportSize.width(), exportSize.height());
    return painter.end();
}

bool writePdf(const ExitPlot& plot, QIODevice& device)
{
    QPdfWriter writer(&device);
    writer.setTitle(ExitPlot::tr("Exit-layer plot"));
    writer.setCreator(QStringLiteral("DuoDiff Studio"));
    writer.setResolution(screenDpi);
    const QSizeF points = QSizeF(exportSize) * 72.0 / screenDpi;
    writer.setPageLayout(
        QPageLayout(QPageSize(points, QPageSize::Point), QPageLayout::Portrait, QMarginsF()));
    QCPPainter painter;
    if (!painter.begin(&writer)) {
        return false;
    }
    painter.setMode(QCPPainter::pmVectorized);
    painter.setRenderHint(QPainter::LosslessImageRendering);
    plot.paintLight(painter, exportSize.width(), exportSize.height());
    return painter.end();
}

}  // namespace

void ExitPlot::paintLight(QCPPainter& painter, int width, int height) const
{
    // A second plot draws it, so that the one on the screen keeps its theme, range and size.
    ExitPlot light;
    light.setTheme(Theme::light());
    light.m_emptyMessage = m_emptyMessage;
    light.m_data = m_data;
    light.applyAxes();
    light.paintColumns(0, m_data.reached());
    light.m_image = m_image;
    light.setRunning(false);
    light.refreshCurves();
    light.setSwitchStep(m_switchStep);
    light.m_plot->setBackground(QBrush(Qt::white));
    light.m_plot->xAxis->setLabel(tr("timestep t"));
    light.m_plot->yAxis->setLabel(tr("exit layer"));
    light.m_plot->toPainter(&painter, width, height);
}

bool ExitPlot::exportTo(const QString& path, QString* error) const
{
    const QString suffix = QFileInfo(path).suffix().toLower();
    const bool known =
        suffix == QLatin1String("png") || suffix == QLatin1String("svg") || suffix == QLatin1String("pdf");
    const auto fail = [error](const QString& why) {
        if (error) {
            *error = why;
        }
        return false;
    };
    if (!known) {
        return fail(tr("%1: the plot is written as .png, .svg or .pdf.").arg(path));
    }
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) {
        return fail(tr("%1 cannot be written: %2.").arg(path, file.errorString()));
    }
    const bool written = suffix == QLatin1String("png")   ? writePng(*this, file)
                         : suffix == QLatin1String("svg") ? writeSvg(*this, file)
                                                          : writePdf(*this, file);
    if (!written) {
        file.cancelWriting();
        return fail(tr("%1 could not be drawn.").arg(path));
    }
    if (!file.commit()) {
        return fail(tr("%1 could not be written: %2.").arg(path, file.errorString()));
    }
    return true;
}

}  // namespace duodiff::ui
