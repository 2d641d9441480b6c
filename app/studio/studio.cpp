// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/studio.h"

#include "base/process_memory.h"
#include "studio/training.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"
#include "ui/status_strip.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QFileInfo>
#include <QMetaObject>
#include <QPalette>
#include <QPointer>
#include <QPushButton>
#include <QThread>

#include <utility>

namespace duodiff::studio
{

using ui::Act;
using ui::ControlPanel;

namespace
{

/// Qt 6.4 has no word for the system's choice; its palette tells where a desktop has set one.
bool systemPrefersDark()
{
    if (qEnvironmentVariableIsEmpty("XDG_CURRENT_DESKTOP")) {
        return true;
    }
    return QGuiApplication::palette().color(QPalette::Window).lightness() < 128;
}

}  // namespace

QString bundledModel(const QString& programFolder)
{
    const QDir folder(programFolder);
    const QStringList places{qEnvironmentVariable("DUODIFF_PACK_DIR"),
                             folder.filePath(QStringLiteral("../share/duodiff-studio/models/fashion-mnist")),
                             folder.filePath(QStringLiteral("../../../models/fashion-mnist"))};
    for (const QString& place : places) {
        if (!place.isEmpty() && QFileInfo::exists(place + QStringLiteral("/pack.json"))) {
            return QDir::cleanPath(place);
        }
    }
    return {};
}

Studio::Studio(StudioServices services, StudioOptions options, QObject* parent)
    : QObject(parent),
      m_services(std::move(services)),
      m_options(std::move(options)),
      m_store(m_options.settingsFile),
      m_remembered(m_options.remember ? m_store.load() : Remembered()),
      m_engine(m_services.engine),
      m_run(m_engine, m_window),
      m_keyRoutes(m_window.controls()->runButton()),
      m_packMaker(m_services.makePack, m_window),
      m_state(m_options.remember && m_options.dataFolder.isEmpty() ? standardStateFolder()
                                                                   : m_options.dataFolder),
      m_undo(m_window),
      m_parameters(*m_window.controls(), m_undo.stack()),
      m_presets(m_window, m_parameters,
                m_options.remember ? QFileInfo(m_store.file()).dir().filePath(QStringLiteral("presets.json"))
                                   : QString()),
      m_baselines(m_state, m_window),
      m_history(m_state, m_window, m_undo.stack()),
      m_queue(m_state, m_window, queueHost()),
      m_whatIf(m_run, m_window),
      m_advisor(m_whatIf, m_window),
      m_cursor(m_run, m_window),
      m_cursorPictures(m_run, m_cursor, m_window),
      m_link(m_run, m_window),
      m_systemIsDark(systemPrefersDark())
{
    m_startWhenOpen = m_options.startRun || (m_options.remember && !m_store.existed());
    m_exportChoice = m_remembered.exportChoice;
    connectWindow();
    connectEngine();
    connectKeeping();
    connectExport();
    m_twin = std::make_unique<TwinRun>(*this);
    m_branches = std::make_unique<Branches>(*this);
    m_recompute = std::make_unique<Recompute>(*this);
    m_uncertaintyMap = std::make_unique<UncertaintyMap>(*this);
    m_recompute->setOnRelease(m_remembered.recomputeOnRelease);
    m_recompute->setLive(m_remembered.recomputeLive);
    connect(m_recompute.get(), &Recompute::choiceChanged, this, [this] { m_rememberSoon.start(); });
    m_pareto = std::make_unique<Pareto>(
        *this, m_state.isUsable() ? m_state.filePath(QStringLiteral("sweep")) : QString());
    m_states = std::make_unique<KeptStates>(*this, m_remembered.trajectoryMegabytes);
    connect(m_states.get(), &KeptStates::limitChanged, &m_rememberSoon, qOverload<>(&QTimer::start));

    connectTraining();

    const QString theme = m_options.theme.isEmpty() ? m_remembered.theme : m_options.theme;
    m_window
        .action(theme == QLatin1String("light")  ? Act::themeLight
                : theme == QLatin1String("dark") ? Act::themeDark
                                                 : Act::themeSystem)
        ->setChecked(true);
    applyTheme();
    m_window.action(Act::showPreviews)->setChecked(m_remembered.showPreviews);
    if (!m_remembered.geometry.isEmpty()) {
        m_window.restoreGeometry(m_remembered.geometry);
    }
    if (!m_window.restoreLayout(m_remembered.layout)) {
        m_window.resetLayout();
    }
    m_window.setRecent(m_remembered.recent);
    m_window.previews()->clear(tr("Open a model pack to begin, or drop one here."));
    m_window.setPictureText({}, {});
    updateActions();
    showIdleStatus();
}

Studio::~Studio()
{
    m_reader.clear();
    m_reader.waitForDone();
    m_engine.shutDown();
}

void Studio::show()
{
    m_window.show();
    // After the first paint: the window is there before the engine takes a core.
    QTimer::singleShot(0, this, &Studio::begin);
}

void Studio::begin()
{
    if (!m_store.notice().isEmpty()) {
        ui::Message message;
        message.what = m_store.notice();
        message.lasting = true;
        m_window.messages()->post(std::move(message));
    }
    m_presets.load();
    m_baselines.load();
    m_history.load();
    m_queue.load();
    listDevices();
    QString path = m_options.model;
    if (path.isEmpty() && !m_remembered.lastModel.isEmpty() && QFileInfo::exists(m_remembered.lastModel)) {
        path = m_remembered.lastModel;
    }
    if (path.isEmpty()) {
        path = m_options.bundledModel;
    }
    if (!path.isEmpty()) {
        openPath(path);
    }
}

void Studio::listDevices()
{
    if (!m_services.devices) {
        return;
    }
    // Asking a GPU's driver may take seconds. The thread outlives a window that is closed meanwhile.
    QPointer<Studio> self(this);
    auto* thread = QThread::create([self, devices = m_services.devices] {
        QStringList names;
        for (const std::string& name : devices()) {
            names << QString::fromStdString(name);
        }
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [self, names] {
                if (self) {
                    self->m_window.controls()->setDevices(names);
                    self->m_training->setDevices(names);
                }
            },
            Qt::QueuedConnection);
    });
    connect(thread, &QThread::finished, thread, &QObject::deleteLater);
    thread->start();
}

void Studio::connectWindow()
{
    ControlPanel* controls = m_window.controls();
    connect(controls, &ControlPanel::generateRequested, this, &Studio::generate);
    connect(controls, &ControlPanel::stopRequested, &m_run, &RunController::stop);
    connect(controls, &ControlPanel::finishBatchRequested, &m_run, &RunController::finishBatch);
    connect(controls, &ControlPanel::abortRequested, &m_run, &RunController::abort);
    connect(controls, &ControlPanel::pauseRequested, this, &Studio::togglePause);
    connect(m_window.pictureHeader(), &ui::PictureHeader::choiceChanged, &m_run,
            &RunController::setPictureChoice);
    connect(controls, &ControlPanel::openRequested, this, [this] { chooseAndOpen(false); });
    connect(controls, &ControlPanel::liveChanged, this, &Studio::onValuesMoved);
    connect(controls, &ControlPanel::settingsChanged, this, &Studio::showSwitchLine);
    connect(m_window.plot(), &ui::ExitPlot::switchStepMoved, controls, &ControlPanel::moveSwitchStep);
    connect(m_window.plot(), &ui::ExitPlot::switchStepReleased, controls, &ControlPanel::moveSwitchStep);
    connect(&m_link, &ImageLink::imageChanged, &m_cursor, &TimeCursor::setImage);
    connect(&m_advisor, &AdvisorController::chosen, this, [this, controls](const SamplingSettings& settings) {
        m_parameters.asOneStep(tr("proposed switch step"), [&] { controls->setSettings(settings); });
        m_twin->start();
    });

    const auto on = [this](Act act, auto&& what) {
        connect(m_window.action(act), &QAction::triggered, this, what);
    };
    on(Act::openPack, [this] { chooseAndOpen(false); });
    on(Act::openCheckpoint, [this] { chooseAndOpen(true); });
    on(Act::generate, [this] { generate(); });
    on(Act::stop, [this] { m_run.stop(); });
    on(Act::pause, [this] { togglePause(); });
    on(Act::finishBatch, [this] { m_run.finishBatch(); });
    on(Act::abort, [this] { m_run.abort(); });
    on(Act::newSeed, [controls] { controls->drawSeed(); });
    on(Act::restoreDefaults, [this, controls] {
        m_parameters.asOneStep(tr("defaults"), [controls] { controls->restoreAllDefaults(); });
    });
    on(Act::themeSystem, [this] { applyTheme(); });
    on(Act::themeLight, [this] { applyTheme(); });
    on(Act::themeDark, [this] { applyTheme(); });
    on(Act::copySummary, [this] {
        QGuiApplication::clipboard()->setText(m_window.plot()->textSummary() + QStringLiteral("\n\n") +
                                              m_window.numbers()->textSummary());
    });
    connect(m_window.action(Act::showPreviews), &QAction::toggled, &m_run, &RunController::setPicturesWanted);
    connect(&m_window, &ui::MainWindow::pathsDropped, this, &Studio::onDropped);
    connect(&m_window, &ui::MainWindow::recentChosen, this, &Studio::openPath);
    connect(&m_window, &ui::MainWindow::closing, this, [this] {
        remember();
        keepRunInProgress();
        m_run.abort();
        m_exporter.wait();
        m_engine.shutDown();
        m_training->shutDown();
    });
}

void Studio::connectEngine()
{
    connect(&m_engine, &EngineThread::opened, this, &Studio::onOpened);
    connect(&m_engine, &EngineThread::failed, this,
            [this](quint64 job, const Failure& failure) { onOpenEnded(job, &failure); });
    connect(&m_engine, &EngineThread::cancelled, this, [this](quint64 job) { onOpenEnded(job, nullptr); });
    connect(&m_engine, &EngineThread::progressed, this,
            [this](quint64 job, const QString& what, double fraction) {
                if (m_opening && m_opening->id() == job) {
                    m_window.setProgress(std::min(fraction, 0.999));
                    m_window.previews()->clear(what);
                }
            });
    connect(&m_packMaker, &PackMaker::made, this, &Studio::openPath);
    connect(&m_run, &RunController::ended, this, &Studio::onRunEnded);
    connect(&m_run, &RunController::failed, this, &Studio::onRunFailed);
    connect(&m_run, &RunController::started, this, &Studio::updateActions);
    connect(&m_run, &RunController::pausedChanged, this, &Studio::updateActions);
    connect(&m_idle, &QTimer::timeout, this, [this] {
        if (!m_run.isRunning()) {
            showIdleStatus();
        }
    });
    m_idle.start(2000);
}

void Studio::connectTraining()
{
    m_training = std::make_unique<Training>(m_services.training, m_window, m_packMaker);
    m_training->setRecent(m_remembered.trainingRecent);
    if (!m_remembered.trainingGeometry.isEmpty()) {
        m_training->page().restoreGeometry(m_remembered.trainingGeometry);
    }
    connect(m_training.get(), &Training::recentChanged, &m_rememberSoon, qOverload<>(&QTimer::start));
    m_window.setCloseGuard([this] { return m_training->prepareToClose(); });
    connect(m_training.get(), &Training::mayClose, &m_window, &QWidget::close, Qt::QueuedConnection);
}

void Studio::applyTheme()
{
    const bool dark = m_window.action(Act::themeDark)->isChecked() ||
                      (m_window.action(Act::themeSystem)->isChecked() && m_systemIsDark);
    const auto theme = dark ? ui::Theme::dark() : ui::Theme::light();
    if (auto* application = qobject_cast<QApplication*>(QCoreApplication::instance())) {
        ui::applyTheme(*application, theme);
    }
    m_window.setTheme(theme);
}

void Studio::remember()
{
    if (!m_options.remember) {
        return;
    }
    m_remembered.geometry = m_window.saveGeometry();
    m_remembered.layout = m_window.saveLayout();
    m_remembered.trainingGeometry = m_training->page().saveGeometry();
    m_remembered.trainingRecent = m_training->recent();
    m_remembered.theme = m_window.action(Act::themeLight)->isChecked()  ? QStringLiteral("light")
                         : m_window.action(Act::themeDark)->isChecked() ? QStringLiteral("dark")
                                                                        : QStringLiteral("system");
    m_remembered.showPreviews = m_window.action(Act::showPreviews)->isChecked();
    if (m_model) {
        m_remembered.settings = m_window.controls()->settings();
    }
    m_remembered.exportChoice = m_exportChoice;
    m_remembered.historyLimit = m_history.limit();
    m_remembered.recomputeOnRelease = m_recompute->onRelease();
    m_remembered.recomputeLive = m_recompute->isLive();
    m_remembered.trajectoryMegabytes = m_states->limitMegabytes();
    if (!m_store.save(m_remembered)) {
        qWarning("duodiff-studio: the settings could not be written to %s", qUtf8Printable(m_store.file()));
    }
}

void Studio::showIdleStatus()
{
    ui::Status status;
    const auto former = m_window.status()->status();
    status.kind = m_opening ? ui::Status::Kind::busy : ui::Status::Kind::idle;
    status.state = m_opening ? tr("Opening %1").arg(QFileInfo(m_openingPath).fileName())
                   : m_model ? tr("Ready")
                             : tr("No model");
    status.memoryBytes = resident_bytes();
    status.machine = former.machine;
    if (m_kept) {
        const RunRecord& record = m_kept->record;
        if (record.ledger.wall > 0.0) {
            status.previewShare = record.ledger.previews / record.ledger.wall;
        }
        if (!record.machine.device.empty()) {
            status.machine = tr("%1 · %2 · %3 threads")
                                 .arg(QString::fromStdString(record.machine.device),
                                      QString::fromStdString(record.machine.precision))
                                 .arg(record.machine.threads);
            if (!record.machine.attention.empty()) {
                status.machine += QStringLiteral(" · ") + QString::fromStdString(record.machine.attention);
            }
        }
    }
    m_window.status()->setStatus(status);
}

void Studio::updateActions()
{
    const bool running = m_run.isRunning();
    m_window.action(Act::generate)->setEnabled(m_model && !m_opening && !running);
    m_window.action(Act::stop)->setEnabled(running);
    for (const Act act : {Act::pause, Act::finishBatch, Act::abort}) {
        m_window.action(act)->setEnabled(running);
    }
    m_window.action(Act::pause)->setText(m_run.isPaused() ? tr("&Resume") : tr("&Pause"));
    m_presets.setRunning(running && !m_queue.isRunning());
    m_queue.addAction()->setEnabled(m_model.has_value());
    m_window.action(Act::newSeed)->setEnabled(!running || m_queue.isRunning());
    m_window.action(Act::restoreDefaults)->setEnabled(!running || m_queue.isRunning());
    const bool sameModel = m_kept && m_model && isSameModel(m_kept->record.model, m_model->summary);
    m_advisor.setUnavailable(running || m_opening ? tr("When the run in progress has ended")
                             : !sameModel         ? tr("Another model than this run's is open")
                                                  : QString());
    const bool hasRun = m_kept && !running && !m_exporter.isBusy();
    for (const Act act : {Act::exportAll, Act::exportImages, Act::exportReport}) {
        m_window.action(act)->setEnabled(hasRun);
    }
    m_cancelExport->setEnabled(m_exporter.isBusy());
}

void Studio::showSwitchLine()
{
    const auto settings = m_window.controls()->settings();
    m_window.plot()->setSwitchStep(m_model && settings.policy == PolicyKind::duodiff
                                       ? std::optional(settings.switch_step)
                                       : std::nullopt);
}

}  // namespace duodiff::studio
