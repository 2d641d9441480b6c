// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/advisor_controller.h"
#include "studio/baselines.h"
#include "studio/branches.h"
#include "studio/cursor_pictures.h"
#include "studio/dropped.h"
#include "studio/engine_thread.h"
#include "studio/exporter.h"
#include "studio/history.h"
#include "studio/image_link.h"
#include "studio/kept_states.h"
#include "studio/key_routes.h"
#include "studio/pack_maker.h"
#include "studio/parameter_undo.h"
#include "studio/pareto.h"
#include "studio/presets.h"
#include "studio/recompute.h"
#include "studio/run_controller.h"
#include "studio/run_queue.h"
#include "studio/settings_store.h"
#include "studio/state_folder.h"
#include "studio/time_cursor.h"
#include "studio/trainer.h"
#include "studio/twin_run.h"
#include "studio/uncertainty_map.h"
#include "studio/undo_steps.h"
#include "studio/what_if_controller.h"
#include "ui/main_window.h"

#include <QObject>
#include <QThreadPool>
#include <QTimer>

#include <functional>
#include <map>
#include <memory>
#include <optional>

class QAction;

namespace duodiff::studio
{

class Training;

/// What the studio needs from outside. Tests bring their own.
struct StudioServices {
    EngineFactory engine;
    /// Called on a thread of its own.
    std::function<std::vector<std::string>()> devices;
    PackService makePack = {};       ///< empty: the window cannot
    TrainingServices training = {};  ///< likewise
};

struct StudioOptions {
    QString model;          ///< opened first; empty: the remembered one, else `bundledModel`
    QString bundledModel;   ///< empty: none
    QString settingsFile;   ///< empty: the person's own
    QString dataFolder;     ///< history and queue; empty: the person's own
    QString theme;          ///< overrides the remembered one
    bool startRun = false;  ///< begin a run as soon as the first model is open
    bool remember = true;
};

/// The application behind the window: opens models, runs, keeps, exports, remembers. Every connection
/// between the engine thread and the window is made here or in the RunController.
class Studio : public QObject
{
    Q_OBJECT

public:
    Studio(StudioServices services, StudioOptions options, QObject* parent = nullptr);
    ~Studio() override;

    ui::MainWindow& window() { return m_window; }
    RunController& run() { return m_run; }
    WhatIfController& whatIf() { return m_whatIf; }
    AdvisorController& advisor() { return m_advisor; }
    TimeCursor& cursor() { return m_cursor; }
    CursorPictures& cursorPictures() { return m_cursorPictures; }
    TwinRun& twin() { return *m_twin; }
    Branches& branches() { return *m_branches; }
    Recompute& recompute() { return *m_recompute; }
    UncertaintyMap& uncertaintyMap() { return *m_uncertaintyMap; }
    Pareto& pareto() { return *m_pareto; }
    KeptStates& states() { return *m_states; }
    EngineThread& engine() { return m_engine; }
    History& history() { return m_history; }
    RunQueue& queue() { return m_queue; }
    Presets& presets() { return m_presets; }
    UndoSteps& undo() { return m_undo; }
    const std::optional<ModelInfo>& model() const { return m_model; }
    /// The run on display; null where there is none.
    const std::shared_ptr<const KeptRun>& kept() const { return m_kept; }

    /// Shows the window; everything else begins after it.
    void show();
    void openModel(const QString& path);
    /// A pack, a checkpoint, a PNG or a run file.
    void openPath(const QString& path);
    void generate();
    /// A run that another feature asks for. False while something else goes on.
    bool startRun(const SamplingSettings& settings, RunExtras extras = {});
    /// In the place of a run that was aborted, the one before it.
    void showRunBefore();
    /// Nothing is being opened and no run goes on.
    bool canRun() const { return m_model && !m_opening && !m_run.isRunning(); }
    /// The run on display. False where there is none, or an export is going on.
    bool exportRun(const ui::ExportChoice& choice);
    Exporter& exporter() { return m_exporter; }
    PackMaker& packMaker() { return m_packMaker; }
    Training& training() { return *m_training; }

Q_SIGNALS:
    void modelOpened();
    void openFailed();
    void runEnded(duodiff::studio::JobState state);
    void exported(const QStringList& files);

private:
    void connectWindow();
    void connectEngine();
    void begin();
    void listDevices();
    void applyTheme();
    void remember();
    void showIdleStatus();
    void updateActions();
    void showSwitchLine();

    void onOpened(quint64 job, const ModelInfo& info);
    void onOpenEnded(quint64 job, const Failure* failure);
    void chooseAndOpen(bool checkpoint);
    void onDropped(const QStringList& paths);
    /// A PNG or a run file; a large one beside the window's thread.
    void readEarlier(const Dropped& dropped, const QString& path);
    void showEarlierRun(const HistoryStore::ShownRun& shown, const QString& what);
    void offerRestore(const EarlierRun& run);
    void restore(const EarlierRun& run, bool settings, bool seed);
    void afterRun(const QString& what, std::function<void()> then);

    void onRunEnded(JobState state, const OutcomePointer& outcome);
    void onRunFailed(const Failure& failure);
    void keep(std::shared_ptr<KeptRun> run);
    /// What-if, advisor and time cursor go to the run on display.
    void followKept(bool endedNow);
    void connectKeeping();
    void connectTraining();
    void keepRunInProgress();
    QueueHost queueHost();
    void startQueued(const QueueItem& item);
    void showKept();
    void showFormer();
    /// theta, t_s or the static layer in the controls have moved.
    void onValuesMoved();
    void togglePause();
    void connectExport();
    /// `remembersKinds`: what is chosen is proposed the next time.
    void askForExport(const ui::ExportChoice& preset, bool remembersKinds);
    bool beginExport(const std::shared_ptr<const KeptRun>& run, const ui::ExportChoice& choice);
    QString proposedFolder() const;
    void onExported(const QStringList& files, const std::optional<Failure>& failure);

    StudioServices m_services;
    StudioOptions m_options;
    SettingsStore m_store;
    Remembered m_remembered;
    ui::MainWindow m_window;
    EngineThread m_engine;
    RunController m_run;
    KeyRoutes m_keyRoutes;
    Exporter m_exporter;
    PackMaker m_packMaker;
    StateFolder m_state;
    UndoSteps m_undo;
    ParameterUndo m_parameters;
    Presets m_presets;
    Baselines m_baselines;
    History m_history;
    RunQueue m_queue;
    std::optional<QueueItem> m_queued;  ///< waits for its model to be open
    WhatIfController m_whatIf;
    AdvisorController m_advisor;
    TimeCursor m_cursor;
    CursorPictures m_cursorPictures;
    ImageLink m_link;
    std::unique_ptr<TwinRun> m_twin;
    std::unique_ptr<Branches> m_branches;
    std::unique_ptr<Recompute> m_recompute;
    std::unique_ptr<UncertaintyMap> m_uncertaintyMap;
    std::unique_ptr<Pareto> m_pareto;
    QThreadPool m_reader;  ///< of dropped files
    std::unique_ptr<KeptStates> m_states;
    std::unique_ptr<Training> m_training;
    QTimer m_idle;
    QTimer m_rememberSoon;  ///< so that a killed studio forgets little

    std::optional<ModelInfo> m_model;
    JobPointer m_opening;
    QString m_openingPath;
    bool m_startWhenOpen = false;
    std::function<void()> m_afterRun;
    std::shared_ptr<const KeptRun> m_kept;
    std::optional<EarlierRun> m_restored;       ///< whose settings the controls were given whole
    ui::ExportChoice m_exportChoice;            ///< proposed the next time
    ui::ExportChoice m_exporting;               ///< in progress, or the last one
    std::shared_ptr<const KeptRun> m_exported;  ///< in progress
    QTimer m_exportWait;
    QAction* m_cancelExport = nullptr;
    bool m_systemIsDark = true;
};

/// "<b>4</b> of 8 images · <b>4</b> unfinished"
QString imageCountText(const KeptRun& run);

/// The pack that comes with the program: DUODIFF_PACK_DIR, beside an installed program, or in the source
/// tree of one that was built; empty where there is none.
QString bundledModel(const QString& programFolder);

}  // namespace duodiff::studio
