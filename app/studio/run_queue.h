// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "studio/job.h"
#include "studio/queue_store.h"
#include "studio/state_folder.h"

#include <QObject>

#include <functional>
#include <optional>
#include <vector>

class QAction;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// What the queue asks of the studio.
struct QueueHost {
    std::function<bool()> isIdle;  ///< a run could begin now
    std::function<void(const QueueItem&)> start;
    std::function<void()> stop;  ///< the run in progress
};

/// Point 5: runs one after the other. Every change is written at once, so that the queue is there after a
/// restart; after a crash it waits to be started.
class RunQueue : public QObject
{
    Q_OBJECT

public:
    RunQueue(StateFolder& folder, ui::MainWindow& window, QueueHost host, QObject* parent = nullptr);
    ~RunQueue() override;

    /// Reads what was left, with a notice where something is to be said.
    void load();
    void add(const SamplingSettings& settings, const QString& model, const QString& modelName);
    void remove(const QString& id);
    void retry(const QString& id);
    void cancelAll();
    void setPaused(bool paused);
    bool isPaused() const { return m_paused; }

    /// A queued run is the one in progress (or its model is being opened).
    bool isRunning() const { return !m_running.isEmpty(); }
    /// The run that `start` began has ended.
    void runEnded(JobState state);
    /// Why it failed: before or after runEnded. False where no queued run did.
    bool runFailed(const Failure& failure);
    /// How far the queued run in progress is.
    void setProgress(double share, std::optional<double> secondsLeft);
    /// Starts the next one where that can be.
    void advance();

    const std::vector<QueueItem>& items() const { return m_items; }
    ui::QueueModel& model() { return m_model; }
    ui::QueuePanel& panel() { return *m_panel; }
    QAction* addAction() const { return m_add; }

private:
    void addActions();
    void move(int by);
    void takeOrder();
    QueueItem* find(const QString& id);
    void setState(QueueItem& item, ui::QueueState state, const QString& error = {});
    void save();
    QString file() const { return m_folder.filePath(QStringLiteral("queue.json")); }

    StateFolder& m_folder;
    ui::MainWindow& m_window;
    QueueHost m_host;
    ui::QueueModel m_model;
    ui::QueuePanel* m_panel;
    QAction* m_add = nullptr;
    std::vector<QueueItem> m_items;
    QString m_running;
    QString m_failed;  ///< the one that ended last, where it failed
    bool m_paused = false;
    bool m_cancelling = false;  ///< the queue itself asked for the stop
};

}  // namespace duodiff::studio
