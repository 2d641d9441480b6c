// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training_page.h"

#include "ui/curves_plot.h"
#include "ui/dropped_paths.h"
#include "ui/message_bar.h"
#include "ui/sample_viewer.h"
#include "ui/training_curves.h"

#include <QButtonGroup>
#include <QDir>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFileInfo>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int mostRecentButtons = 5;

}  // namespace

void TrainingPage::showRun(bool shown)
{
    m_stack->setCurrentIndex(shown ? 1 : 0);
}

bool TrainingPage::showsRun() const
{
    return m_stack->currentIndex() == 1;
}

void TrainingPage::setRecent(const QStringList& paths)
{
    m_recent = paths;
    refreshRecent();
}

void TrainingPage::refreshRecent()
{
    m_recentMenu->clear();
    while (QLayoutItem* item = m_recentList->takeAt(0)) {
        // The button that was clicked may be the sender of this very call.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    for (const QString& path : m_recent) {
        QAction* entry = m_recentMenu->addAction(
            QDir::toNativeSeparators(path).replace(QLatin1Char('&'), QLatin1String("&&")));
        connect(entry, &QAction::triggered, this, [this, path] { Q_EMIT pathChosen(path); });
        if (m_recentList->count() < mostRecentButtons) {
            const QFileInfo info(path);
            auto* button =
                new QPushButton(tr("%1 — %2").arg(info.fileName(), QDir::toNativeSeparators(info.path())));
            button->setProperty("role", "quiet");
            button->setAccessibleName(tr("Open %1").arg(info.fileName()));
            button->setToolTip(QDir::toNativeSeparators(path));
            connect(button, &QPushButton::clicked, this, [this, path] { Q_EMIT pathChosen(path); });
            m_recentList->addWidget(button, 0, Qt::AlignHCenter);
        }
    }
    m_recentButton->setEnabled(!m_recent.isEmpty());
    m_recentTitle->setVisible(!m_recent.isEmpty());
}

void TrainingPage::setNetwork(int depth, std::vector<int> layers)
{
    m_depth = depth;
    m_layers = std::move(layers);
    const bool hasExits = depth > 0;
    m_exit->setVisible(hasExits);
    for (const Detail detail : {Detail::layer, Detail::error}) {
        m_details->button(static_cast<int>(detail))->setVisible(hasExits);
    }
    m_details->button(static_cast<int>(Detail::timestep))->setVisible(hasExits);
    if (!hasExits) {
        m_details->button(static_cast<int>(Detail::timestep))->setChecked(true);
    }
    m_thetaChosen = false;
    setExits(std::nullopt);
    refreshDetail();
}

void TrainingPage::setLog(std::vector<TrainCurves> log)
{
    m_log = std::move(log);
    refreshLoss();
    refreshDetail();
}

void TrainingPage::setExits(std::optional<TrainExitCurve> exits)
{
    m_exits = std::move(exits);
    m_theta->setEnabled(m_exits.has_value());
    if (m_exits && !m_thetaChosen) {
        const QSignalBlocker quiet(m_theta);
        m_theta->setValue(middleThreshold(*m_exits));
    }
    refreshExits();
}

void TrainingPage::refreshLoss()
{
    m_loss->setLogarithmic(m_logarithmic->isChecked());
    m_loss->setCurves(lossCurves(m_log));
}

void TrainingPage::refreshDetail()
{
    const auto detail = static_cast<Detail>(m_details->checkedId());
    const CurvesPlot::Texts texts =
        detail == Detail::timestep
            ? CurvesPlot::
                  Texts{tr("Loss by timestep"), tr("step"), tr("Appears with the first line of the log"),
                        tr("The mean squared error of images with a t of each tenth of 0 to 999. Small "
                           "t is hard:\nlittle noise is left to find. Arrow keys read the curves.")}
        : detail == Detail::layer
            ? CurvesPlot::Texts{tr("Loss by layer"), tr("step"), tr("Appears with the first line of the log"),
                                tr("The mean squared error of what leaves at each exit. Arrow keys read the "
                                   "curves.")}
            : CurvesPlot::Texts{tr("Error of the uncertainty"), tr("step"),
                                tr("Appears with the first line of the log"),
                                tr("The mean squared difference of each exit's uncertainty to what it should "
                                   "say.\nArrow keys read the curves.")};
    m_detail->setTexts(texts);
    m_detail->setLogarithmic(m_logarithmic->isChecked());
    m_detail->setCurves(detail == Detail::timestep ? timestepCurves(m_log)
                        : detail == Detail::layer  ? layerCurves(m_log, m_layers)
                                                   : errorCurves(m_log, m_layers));
}

void TrainingPage::refreshExits()
{
    const bool layers = m_exitViews->checkedId() == static_cast<int>(ExitView::layer);
    const double theta = m_theta->value();
    m_exit->setTexts(
        {layers ? tr("Exit layer") : tr("Uncertainty"), tr("t"), tr("Appears with the first pictures"),
         layers
             ? tr("The first layer whose mean uncertainty is at most θ, at every t of a sampling run of the\n"
                  "weights whose pictures are shown. Time runs from T to 0.")
             : tr("Mean uncertainty of every layer at every t of a sampling run of the weights whose "
                  "pictures are\nshown; θ dashed: below it an image leaves. Time runs from T to 0.")});
    m_exit->setWhole(layers);
    if (!m_exits) {
        m_exit->setLevel(std::nullopt);
        m_exit->setCurves({});
        return;
    }
    const QString mean = tr("layer %1 on average").arg(meanExitLayer(*m_exits, theta, m_depth), 0, 'f', 1);
    if (layers) {
        m_exit->setLevel(meanExitLayer(*m_exits, theta, m_depth), mean);
        m_exit->setCurves(exitLayerCurve(*m_exits, theta, m_depth));
    } else {
        m_exit->setLevel(theta, tr("θ = %1: %2").arg(plainNumber(theta), mean));
        m_exit->setCurves(uncertaintyCurves(*m_exits));
    }
}

void TrainingPage::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_messages->setTheme(theme);
    m_emptyIcon->setPixmap(themedIcon(QStringLiteral("plot"), theme, theme.faintText)
                               .pixmap(QSize(44, 44), devicePixelRatioF()));
    m_setup->setTheme(theme);
    m_samples->setTheme(theme);
    for (CurvesPlot* plot : {m_loss, m_detail, m_exit}) {
        plot->setTheme(theme);
    }
    setStyleSheet(
        QStringLiteral("#trainingPage { background: %1; } #trainingBar { border-bottom: 1px solid %2; "
                       "background: %1; } QSplitter::handle { background: %2; }")
            .arg(theme.panel.name(), theme.line.name()));
}

void TrainingPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (droppedPaths(event->mimeData()).size() == 1) {
        event->acceptProposedAction();
    }
}

void TrainingPage::dropEvent(QDropEvent* event)
{
    const QStringList paths = droppedPaths(event->mimeData());
    if (paths.size() == 1) {
        event->acceptProposedAction();
        Q_EMIT pathChosen(paths.first());
    }
}

void TrainingPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    Q_EMIT becameVisible();
}

}  // namespace duodiff::ui
