// SPDX-License-Identifier: GPL-3.0-or-later
// Opening models, and what is dropped on the window.
#include "base/error.h"
#include "report/uncertainty_file.h"
#include "studio/studio.h"
#include "studio/training.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QImageReader>
#include <QMetaObject>

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

/// Whether it can be read without a wait that a person would notice.
bool isQuickToRead(const Dropped& dropped)
{
    constexpr std::uintmax_t most = 1'000'000;  // bytes
    std::error_code error;
    std::uintmax_t bytes = std::filesystem::file_size(dropped.path, error);
    if (dropped.kind == DroppedKind::runFile) {
        for (const auto& file : std::filesystem::directory_iterator(dropped.path.parent_path(), error)) {
            if (file.path().extension() == ".png" || file.path().filename() == uncertainty_file_name) {
                bytes += file.file_size(error);
            }
        }
    }
    return bytes <= most;
}

bool isGrid(const EarlierRun& run)
{
    return run.pictures.size() == 1 && run.record.images.empty() && run.record.unfinished.empty();
}

QStringList captionsOf(const RunRecord& record)
{
    QStringList captions;
    for (const auto* images : {&record.images, &record.unfinished}) {
        for (const ImageRecord& image : *images) {
            while (captions.size() <= image.index) {
                captions << QString();
            }
            const auto number = static_cast<std::size_t>(image.label);
            const QString label = image.label < 0 ? QString()
                                  : number < record.model.class_names.size()
                                      ? QString::fromStdString(record.model.class_names[number])
                                      : Studio::tr("class %1").arg(image.label);
            captions[image.index] = label.isEmpty() ? Studio::tr("seed %1").arg(image.seed)
                                                    : Studio::tr("%1 · seed %2").arg(label).arg(image.seed);
        }
    }
    return captions;
}

}  // namespace

QString imageCountText(const KeptRun& run)
{
    QString text = Studio::tr("<b>%1</b> of %2 images").arg(run.images.size()).arg(run.record.settings.count);
    if (!run.unfinished.empty()) {
        text += Studio::tr(" · <b>%1</b> unfinished").arg(run.unfinished.size());
    }
    return text;
}

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
    if (m_services.training.isThere() && Training::takes(path)) {
        m_training->show();
        m_training->openPath(path);
        return;
    }
    try {
        const Dropped dropped = classify(toPath(path));
        if (dropped.kind == DroppedKind::pack || dropped.kind == DroppedKind::checkpoint) {
            const QString model = QString::fromStdU16String(dropped.path.u16string());
            afterRun(model, [this, model] { openModel(model); });
        } else {
            readEarlier(dropped, path);
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
    m_packMaker.offer(info);
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

void Studio::readEarlier(const Dropped& dropped, const QString& path)
{
    const auto read = [dropped] {
        auto shown = std::make_shared<HistoryStore::ShownRun>();
        shown->run = readEarlierRun(dropped);
        shown->kept = std::make_shared<KeptRun>(readPictures(shown->run, false));
        return shown;
    };
    const auto show = [this, path](const std::shared_ptr<HistoryStore::ShownRun>& shown) {
        afterRun(path, [this, shown] { showEarlierRun(*shown, shown->run.what); });
    };
    if (isQuickToRead(dropped)) {
        show(read());
        return;
    }
    m_window.setProgress(-1.0);
    m_reader.start([this, read, show, path] {
        std::shared_ptr<HistoryStore::ShownRun> shown;
        Failure failure;
        try {
            shown = read();
        } catch (...) {
            failure = current_failure(path.toStdString());
        }
        QMetaObject::invokeMethod(
            this,
            [this, shown, failure, show, path] {
                m_window.setProgress(1.0);
                if (shown) {
                    show(shown);
                    return;
                }
                m_window.messages()->postFailure(failure, {{tr("Retry"), [this, path] { openPath(path); }}});
                Q_EMIT openFailed();
            },
            Qt::QueuedConnection);
    });
}

void Studio::showEarlierRun(const HistoryStore::ShownRun& shown, const QString& what)
{
    m_kept = shown.kept;
    const RunRecord& record = m_kept->record;
    auto* previews = m_window.previews();
    const int side = record.model.image_size;
    const QImage grid = isGrid(shown.run) ? readPicture(shown.run.pictures.front()) : QImage();
    if (!grid.isNull()) {
        previews->beginRun(1, side, side, {shown.run.what});
        previews->setImage(0, grid);
    } else if (m_kept->hasPictures()) {
        const QStringList captions = captionsOf(record);
        previews->beginRun(static_cast<int>(captions.size()), side, side, captions);
        showImages(*previews, *m_kept);
    } else {
        previews->clear(record.images.empty()
                            ? tr("This run was stopped before its first image was finished.")
                            : tr("The images of this run are not beside it."));
    }
    m_window.plot()->showRecord(record);
    m_window.numbers()->showRecord(record);
    m_window.setPictureText(QStringLiteral("<b>%1</b>").arg(what.toHtmlEscaped()), imageCountText(*m_kept));
    followKept(false);
    updateActions();
    showIdleStatus();
    offerRestore(shown.run);
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
    } else if (!run.earlierClasses.empty()) {
        message.remedy = tr("Its classes were changed on the way; restoring all repeats that too.");
    }
    if (!run.notice.isEmpty()) {
        message.what += QLatin1Char(' ') + run.notice;
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
