// SPDX-License-Identifier: GPL-3.0-or-later
// Opening models, and what is dropped on the window.
#include "base/error.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QImageReader>

namespace duodiff::studio
{

namespace
{

std::filesystem::path toPath(const QString& path)
{
    return path.toStdU16String();
}

/// A picture beside a run file may be of any size: only what could be one of its images is read.
QImage readPicture(const std::filesystem::path& path)
{
    constexpr int largestSide = 8192;
    QImageReader reader(QString::fromStdU16String(path.u16string()));
    const QSize size = reader.size();
    return size.width() <= largestSide && size.height() <= largestSide ? reader.read() : QImage();
}

}  // namespace

void Studio::chooseAndOpen(bool checkpoint)
{
    const QString start = m_remembered.lastModel.isEmpty() ? m_options.bundledModel : m_remembered.lastModel;
    const QString folder = start.isEmpty() ? QDir::homePath() : QFileInfo(start).path();
    const QString path = checkpoint
                             ? QFileDialog::getOpenFileName(
                                   &m_window, tr("Open a checkpoint"), folder,
                                   tr("Checkpoints (*.pth *.pt *.ckpt *.bin *.safetensors);;All files (*)"))
                             : QFileDialog::getExistingDirectory(&m_window, tr("Open a model pack"), folder);
    if (!path.isEmpty()) {
        openPath(path);
    }
}

void Studio::onDropped(const QStringList& paths)
{
    if (paths.size() > 1) {
        ui::Message message;
        message.kind = ui::Message::Kind::error;
        message.what = tr("%1 things were dropped at once").arg(paths.size());
        message.remedy = tr("Drop one: a model pack, a checkpoint, a PNG or a run.json.");
        m_window.messages()->post(std::move(message));
        return;
    }
    openPath(paths.first());
}

void Studio::afterRun(const QString& what, std::function<void()> then)
{
    if (!m_run.isRunning()) {
        then();
        return;
    }
    ui::Message message;
    message.what = tr("A run is in progress.");
    message.where = what;
    message.actions.push_back({tr("Stop it and open"), [this, then = std::move(then)] {
                                   if (m_run.isRunning()) {
                                       m_afterRun = then;
                                       m_run.stop();
                                   } else {
                                       then();
                                   }
                               }});
    m_window.messages()->post(std::move(message));
}

void Studio::openPath(const QString& path)
{
    try {
        const Dropped dropped = classify(toPath(path));
        if (dropped.kind == DroppedKind::pack || dropped.kind == DroppedKind::checkpoint) {
            const QString model = QString::fromStdU16String(dropped.path.u16string());
            afterRun(model, [this, model] { openModel(model); });
        } else {
            const EarlierRun run = readEarlierRun(dropped);
            afterRun(path, [this, run] { showEarlierRun(run); });
        }
    } catch (const EngineError& error) {
        m_window.messages()->postFailure(error.failure(), {{tr("Retry"), [this, path] { openPath(path); }}});
        Q_EMIT openFailed();
    } catch (const std::exception&) {
        m_window.messages()->postFailure(current_failure(path.toStdString()));
        Q_EMIT openFailed();
    }
}

void Studio::openModel(const QString& path)
{
    if (m_opening) {
        m_opening->requestStop();
    }
    m_openingPath = path;
    ModelSource source;
    source.model = toPath(path);
    m_opening = m_engine.open(source);
    m_window.messages()->clearNotices();
    m_window.controls()->setOpening(QFileInfo(path).fileName());
    m_window.setProgress(-1.0);
    if (!m_kept) {
        m_window.previews()->clear(tr("Opening %1…").arg(QFileInfo(path).fileName()));
    }
    updateActions();
    showIdleStatus();
}

void Studio::onOpened(quint64 job, const ModelInfo& info)
{
    if (!m_opening || m_opening->id() != job) {
        return;
    }
    m_opening.reset();
    const bool first = !m_model;
    m_model = info;
    auto* controls = m_window.controls();
    controls->setOpening({});
    m_parameters.quietly([&] {
        controls->setModel(info);
        if (first && m_remembered.settings && m_openingPath == m_remembered.lastModel) {
            controls->setSettings(*m_remembered.settings);
        } else if (first) {
            controls->restoreAllDefaults();
        } else {
            controls->restoreModelDefaults();
        }
    });
    m_presets.setModel(info);
    m_window.setModelText(QString::fromStdString(info.summary.name),
                          QString::fromStdString(info.description));
    m_window.setProgress(1.0);
    if (!m_kept) {
        m_window.previews()->clear(tr("Generate draws the images here. (Ctrl+Return)"));
        m_window.plot()->setEmptyMessage(tr("The exit layers appear here while a run goes on."));
    }
    m_remembered.lastModel = m_openingPath;
    m_remembered.recent.removeAll(m_openingPath);
    m_remembered.recent.prepend(m_openingPath);
    m_remembered.recent = m_remembered.recent.mid(0, 8);
    m_window.setRecent(m_remembered.recent);
    if (!info.is_pack) {
        ui::Message message;
        message.what = tr("Opened as a checkpoint in the convention of the %1.")
                           .arg(QString::fromStdString(info.convention));
        message.remedy =
            tr("A model pack joins the full, the shallow and the early-exit network: duodiff import.");
        m_window.messages()->post(std::move(message));
    }
    updateActions();
    showIdleStatus();
    showSwitchLine();
    Q_EMIT modelOpened();
    if (std::exchange(m_startWhenOpen, false)) {
        generate();
    }
    if (m_queued) {
        startQueued(*std::exchange(m_queued, std::nullopt));
    }
    m_queue.advance();
}

void Studio::onOpenEnded(quint64 job, const Failure* failure)
{
    if (!m_opening || m_opening->id() != job) {
        return;
    }
    m_opening.reset();
    m_window.controls()->setOpening({});
    m_window.setProgress(1.0);
    if (!m_kept) {
        m_window.previews()->clear(m_model ? tr("Ctrl+Return draws the images.")
                                           : tr("Open a model pack to begin, or drop one here."));
    }
    if (std::exchange(m_queued, std::nullopt)) {
        m_queue.runFailed(failure != nullptr ? *failure
                                             : Failure{ErrorCode::cancelled, "It was cancelled", {}, {}});
    } else if (failure != nullptr) {
        const QString path = m_openingPath;
        m_window.messages()->postFailure(*failure, {{tr("Retry"), [this, path] { openPath(path); }}});
    }
    updateActions();
    showIdleStatus();
    Q_EMIT openFailed();
}

void Studio::showEarlierRun(const EarlierRun& run)
{
    const RunRecord& record = run.record;
    auto kept = std::make_shared<KeptRun>();
    kept->record = record;
    m_window.plot()->showRecord(record);
    m_window.numbers()->showRecord(record);
    const int count = std::max<int>(1, static_cast<int>(run.pictures.size()));
    m_window.previews()->beginRun(count, record.model.image_size, record.model.image_size, {});
    for (int index = 0; index < static_cast<int>(run.pictures.size()); ++index) {
        const auto& path = run.pictures[static_cast<std::size_t>(index)];
        const QImage picture = path.empty() ? QImage() : readPicture(path);
        if (!picture.isNull()) {
            m_window.previews()->setImage(index, picture);
        }
    }
    m_window.setPictureText(run.what, {});
    m_kept = kept;
    followKept(false);
    updateActions();
    showIdleStatus();
    offerRestore(run);
}

void Studio::offerRestore(const EarlierRun& run)
{
    const RunRecord& record = run.record;
    ui::Message message;
    message.what = tr("%1, made by %2.").arg(run.what, QString::fromStdString(record.model.name));
    if (!m_model) {
        message.remedy = tr("Its settings can be restored when a model is open.");
    } else if (!isSameModel(record.model, m_model->summary)) {
        message.remedy = tr("Another model is open now: the same settings give other pictures.");
    } else if (run.movedIsPartial) {
        message.remedy =
            tr("A slider was moved while it ran, and the image knows its own batch only: its "
               "run.json repeats all of it.");
    } else if (!run.moved.empty()) {
        message.remedy = tr("A slider was moved while it ran; restoring all repeats that too.");
    }
    if (m_model) {
        message.actions = {{tr("Restore all"), [this, run] { restore(run, true, true); }},
                           {tr("All but the seed"), [this, run] { restore(run, true, false); }},
                           {tr("Seed only"), [this, run] { restore(run, false, true); }}};
    }
    m_window.messages()->post(std::move(message));
}

void Studio::restore(const EarlierRun& run, bool settings, bool seed)
{
    auto* controls = m_window.controls();
    const auto now = controls->settings();
    SamplingSettings wanted = settings ? run.settings : now;
    if (!settings) {
        wanted.seed = run.seed;
    } else if (!seed) {
        wanted.seed = now.seed;
    }
    m_parameters.asOneStep(tr("restored settings"), [&] { controls->setSettings(wanted); });
    m_restored.reset();
    if (settings && seed) {
        m_restored = run;
    }
}

}  // namespace duodiff::studio
