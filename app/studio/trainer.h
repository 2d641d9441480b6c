// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "train/train_job.h"
#include "train/train_plan.h"

#include <QObject>
#include <QTimer>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace duodiff::studio
{

using TrainOverrides = std::vector<std::pair<std::string, std::string>>;

/// Training, as the window calls it; each blocks until done and throws EngineError and nothing else.
struct TrainingServices {
    std::function<TrainPlan(const std::filesystem::path& config, const TrainOverrides&)> plan{};
    /// Called on a thread of its own.
    std::function<TrainResult(const TrainRequest&, const std::function<void(const TrainProgress&)>&,
                              std::stop_token, PauseSwitch*)>
        train{};

    bool isThere() const { return plan && train; }
};

/// What a run has said since it was last asked. Of steps only the newest, so that their number does not
/// matter.
struct TrainNews {
    std::optional<TrainProgress> preparing;
    std::optional<TrainProgress> step;
    std::filesystem::path folder;  ///< it has started there
    bool logged = false;
    bool sampled = false;
    std::optional<std::int64_t> saved;  ///< step of a checkpoint
    std::vector<std::string> notes;
};

/// One training run at a time, on a thread of its own beside the one that samples. What the run says is
/// collected there and fetched here ten times a second; each run ends in exactly one `ended`.
class Trainer : public QObject
{
    Q_OBJECT

public:
    struct End {
        std::optional<TrainResult> result;
        std::optional<Failure> failure;  ///< cancelled: it was stopped before its first step
    };

    explicit Trainer(decltype(TrainingServices::train) train, QObject* parent = nullptr);
    /// Ends the run as shutDown() does.
    ~Trainer() override;

    /// False while another run goes on.
    bool start(const TrainRequest& request);
    /// Ends after the step in progress, and saves.
    void stop();
    void setPaused(bool paused);
    bool isRunning() const { return m_pause != nullptr; }
    bool isPaused() const { return m_pause && m_pause->is_paused(); }
    bool isStopping() const { return isRunning() && m_thread.get_stop_token().stop_requested(); }
    /// Stops the run and waits until it is saved. No signal comes after it.
    void shutDown();

Q_SIGNALS:
    void news(const duodiff::studio::TrainNews& news);
    void ended(const duodiff::studio::Trainer::End& end);

private:
    void take(const TrainProgress& progress);
    void deliver();
    void finish(quint64 number, const End& end);

    decltype(TrainingServices::train) m_train;
    std::unique_ptr<PauseSwitch> m_pause;  ///< of the run in progress
    quint64 m_number = 0;                  ///< of the run; one that was shut down has nothing more to say
    QTimer m_timer;
    std::mutex m_mutex;
    TrainNews m_news;
    bool m_hasNews = false;
    std::jthread m_thread;
};

}  // namespace duodiff::studio
