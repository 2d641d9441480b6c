// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/uncertainty_map.h"

#include "studio/studio.h"
#include "ui/cursor_panel.h"
#include "ui/message_bar.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"
#include "ui/uncertainty_overlay.h"

#include <QAction>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

UncertaintyMap::UncertaintyMap(Studio& studio)
    : QObject(&studio),
      m_studio(studio),
      m_action(studio.window().addAction(
          ui::MenuKind::view, tr("&Uncertainty map"), QStringLiteral("U"),
          tr("The uncertainty of every patch over the pictures, at the step under the time cursor")))
{
    ui::MainWindow& window = studio.window();
    ui::CursorPanel* panel = studio.cursor().panel();
    m_action->setCheckable(true);
    connect(m_action, &QAction::toggled, this, &UncertaintyMap::refresh);
    connect(panel, &ui::CursorPanel::mapRequested, m_action, &QAction::setChecked);
    connect(panel, &ui::CursorPanel::mapLayerChosen, this, [this](int layer) {
        m_layer = layer;
        paint();
    });
    connect(&studio.cursor(), &TimeCursor::changed, this, &UncertaintyMap::refresh);
    connect(window.action(ui::Act::showPreviews), &QAction::toggled, this, &UncertaintyMap::refresh);
    connect(&window, &ui::MainWindow::centreViewChanged, this, &UncertaintyMap::refresh);
    connect(&window, &ui::MainWindow::themeChanged, window.pictureHeader()->scale(), &ui::MapScale::setTheme);
    connect(&studio, &Studio::modelOpened, this, [this] {
        m_noMaps.clear();
        refresh();
    });
    connect(&studio.run(), &RunController::started, this, [this] { show(nullptr); });
    connectEngine();
    refresh();
}

void UncertaintyMap::connectEngine()
{
    EngineThread& engine = m_studio.engine();
    connect(&engine, &EngineThread::uncertaintyRead, this,
            [this](quint64 job, const std::shared_ptr<const LayerUncertainty>& read) {
                if (m_job && m_job->id() == job) {
                    m_job.reset();
                    receive(read);
                }
            });
    connect(&engine, &EngineThread::cancelled, this, [this](quint64 job) {
        if (m_job && m_job->id() == job) {
            m_job.reset();
            readNext();
        }
    });
    connect(&engine, &EngineThread::failed, this, [this](quint64 job, const Failure& failure) {
        if (m_job && m_job->id() == job) {
            m_job.reset();
            m_action->setChecked(false);
            m_studio.window().messages()->postFailure(
                failure, {{tr("Retry"), [this] { m_action->setChecked(true); }}});
        }
    });
}

void UncertaintyMap::show(std::shared_ptr<const KeptRun> run)
{
    clear();
    m_kept = std::move(run);
    refresh();
}

QString UncertaintyMap::objection() const
{
    if (m_studio.run().isRunning()) {
        return tr("Uncertainty maps come when the run in progress has ended.");
    }
    if (!m_kept) {
        return tr("Uncertainty maps: generate first.");
    }
    if (!m_kept->record.model.has_early_exit) {
        return tr("This model has no early exits, and so no uncertainties to map.");
    }
    if (!m_kept->trajectory || m_kept->trajectory->batches() == 0) {
        return tr("The steps of this run are not kept; generate it again for uncertainty maps.");
    }
    if (!m_studio.model() || !isSameModel(m_kept->record.model, m_studio.model()->summary)) {
        return tr("Uncertainty maps need the model of this run; another one is open.");
    }
    return m_noMaps;
}

int UncertaintyMap::firstLayer() const
{
    return m_kept ? m_kept->record.model.first_probe_layer : 0;
}

int UncertaintyMap::lastLayer() const
{
    return m_kept ? firstLayer() + std::max(m_kept->record.model.depth - 1, 0) : 0;
}

int UncertaintyMap::layer() const
{
    return std::clamp(m_layer.value_or(lastLayer()), firstLayer(), lastLayer());
}

void UncertaintyMap::clear()
{
    if (m_job) {
        m_job->requestStop();
    }
    m_step = -1;
    m_read.clear();
    m_studio.window().previews()->clearOverlays();
    m_studio.window().pictureHeader()->scale()->hide();
}

void UncertaintyMap::refresh()
{
    const QString reason = objection();
    const bool on = m_action->isChecked() && reason.isEmpty();
    m_action->setEnabled(reason.isEmpty());
    m_studio.cursor().panel()->setMap(m_action->isChecked(), firstLayer(), lastLayer(), layer(), reason);
    m_studio.cursorPictures().setBeforeStep(on);
    const auto step = m_studio.cursor().step();
    if (!on || !step || !m_studio.window().previews()->isVisible()) {
        clear();
        return;
    }
    if (*step != m_step) {
        clear();
        m_step = *step;
        m_batch = 0;
        readNext();
    }
}

void UncertaintyMap::readNext()
{
    if (m_job || m_step < 0 || !m_kept || m_studio.run().isRunning()) {
        return;
    }
    const auto& trajectory = m_kept->trajectory;
    while (m_batch < trajectory->batches()) {
        // The x_t whose pictures are shown: where not every step is kept, the nearest before.
        const StatePointer state = trajectory->nearest(m_batch, m_step);
        if (state && state->t >= 0) {
            m_job = m_studio.engine().readUncertainty(trajectory, m_batch, state->steps_done);
            return;
        }
        ++m_batch;
    }
    if (!m_read.empty()) {
        Q_EMIT shown();
    }
}

void UncertaintyMap::receive(const std::shared_ptr<const LayerUncertainty>& read)
{
    const auto wanted = m_kept && m_step >= 0 && m_batch < m_kept->trajectory->batches()
                            ? m_kept->trajectory->nearest(m_batch, m_step)
                            : nullptr;
    if (wanted && read->no_maps) {
        m_noMaps = QString::fromStdString(read->no_maps->what + ". " + read->no_maps->remedy);
        m_noMaps.front() = m_noMaps.front().toUpper();
        refresh();
        return;
    }
    // What comes for a step that the cursor has left is dropped.
    if (wanted && read->batch == m_batch && read->steps_done == wanted->steps_done) {
        m_read[m_batch] = read;
        ++m_batch;
        paint();
    }
    readNext();
}

std::optional<int> UncertaintyMap::stepsDone() const
{
    const bool complete = m_step >= 0 && !m_job && !m_read.empty();
    return complete ? std::optional(m_read.begin()->second->steps_done) : std::nullopt;
}

void UncertaintyMap::paint()
{
    ui::PreviewGrid& grid = *m_studio.window().previews();
    grid.clearOverlays();
    const int wanted = layer();
    std::vector<float> values;
    const auto probeOf = [wanted](const LayerUncertainty& read) {
        const auto row = std::find(read.layers.begin(), read.layers.end(), wanted);
        return row == read.layers.end() ? -1 : static_cast<int>(row - read.layers.begin());
    };
    for (const auto& [batch, read] : m_read) {
        if (const int probe = probeOf(*read); probe >= 0) {
            for (int image = 0; image < read->images; ++image) {
                const auto map = read->map(probe, image);
                values.insert(values.end(), map.begin(), map.end());
            }
        }
    }
    if (values.empty()) {
        return;
    }
    const ui::MapRange range = ui::mapRangeOf(values);
    for (const auto& [batch, read] : m_read) {
        const int probe = probeOf(*read);
        for (int image = 0; probe >= 0 && image < read->images; ++image) {
            const auto place = static_cast<std::size_t>(probe) * static_cast<std::size_t>(read->images) +
                               static_cast<std::size_t>(image);
            grid.setOverlay(
                read->first_image + image,
                ui::uncertaintyImage(read->map(probe, image), read->map_width, read->map_height, range),
                tr("u = %1 after layer %2")
                    .arg(static_cast<double>(read->uncertainty[place]), 0, 'f', 3)
                    .arg(wanted));
        }
    }
    m_studio.window().pictureHeader()->scale()->display(wanted, range);
}

}  // namespace duodiff::studio
