// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/trainer.h"
#include "studio/training_folder.h"
#include "ui/training_page.h"

#include <QObject>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>

class QAction;
class QToolButton;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

class PackMaker;

/// The training window's life: opens configurations and folders of runs, trains beside the sampling, and
/// shows what the run's folder says. A run of its own and one of another program are seen by the same way,
/// the folder.
class Training : public QObject
{
    Q_OBJECT

public:
    Training(TrainingServices services, ui::MainWindow& window, PackMaker& packMaker,
             QObject* parent = nullptr);
    ~Training() override;

    void show();
    /// Whether the path is a configuration, or the folder of a training run.
    static bool takes(const QString& path);
    /// One of these; says so in its window where it is neither.
    void openPath(const QString& path);
    void setDevices(const QStringList& devices);
    void setRecent(const QStringList& recent);
    const QStringList& recent() const { return m_recent; }

    bool isRunning() const { return m_trainer.isRunning(); }
    /// True where the window may close. Else the run is being ended and saved, and `mayClose` follows; who
    /// asks again does not wait for it here, but in shutDown().
    bool prepareToClose();
    /// Ends the run, saved, and hides the window.
    void shutDown();

    ui::TrainingPage& page() { return *m_page; }
    Trainer& trainer() { return m_trainer; }
    QAction* action() const { return m_action; }
    QToolButton* indicator() const { return m_indicator; }

Q_SIGNALS:
    void mayClose();
    void recentChanged();
    /// The run in progress has ended, whichever way.
    void ended();

private:
    void connectPage();
    void askForConfiguration();
    void askForFolder();
    void openConfiguration(const QString& path);
    void watch(const QString& folder);
    bool isFree(const QString& path);
    void remember(const QString& path);
    void showPlan(const TrainPlan& plan);
    void forgetRun();
    void checkFields();
    /// Whether there are weights by now.
    void showWeights();
    void useNewFolder();
    void makePack();

    void start(bool resume);
    void setPaused(bool paused);
    void onNews(const TrainNews& news);
    void onEnded(const Trainer::End& end);
    void onFolder(const TrainingFolder::Contents& contents);
    void showPicture(std::int64_t step);
    /// What the numbers say where no run of this program goes on.
    void showPast();
    void showProgress();
    void tell(const QString& what, const QString& remedy, bool lasting,
              std::vector<std::pair<QString, std::function<void()>>> actions = {});
    void tellFailure(const Failure& failure);
    /// Of what was done before.
    void clearMessages();

    TrainingServices m_services;
    ui::MainWindow& m_window;
    PackMaker& m_packMaker;
    std::unique_ptr<ui::TrainingPage> m_page;
    Trainer m_trainer;
    TrainingFolder m_files;
    QAction* m_action;
    QToolButton* m_indicator;  ///< in the status bar, while a run goes on
    QTimer m_look;             ///< at a run that is watched
    QTimer m_checkSoon;        ///< the fields, once a person pauses in typing
    QStringList m_recent;
    QString m_config;
    std::optional<TrainPlan> m_plan;
    TrainingFolder::Contents m_contents;
    ui::TrainingNumbers m_numbers;
    std::optional<std::int64_t> m_savedStep;
    bool m_closing = false;
};

}  // namespace duodiff::studio
