// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"

#include <atomic>
#include <cstdint>
#include <stop_token>

namespace duodiff::studio
{

enum class JobState { waiting, running, done, failed, cancelled };

/// One piece of work for the engine thread, shared by both sides of the thread line. Ends exactly once:
/// the first end() decides, later ones are refused. Every member may be called on any thread.
class Job
{
public:
    explicit Job(std::uint64_t id) : m_id(id) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    std::uint64_t id() const { return m_id; }
    JobState state() const { return m_state.load(); }
    bool hasEnded() const { return state() != JobState::waiting && state() != JobState::running; }

    /// Stop now. May be called before the work begins, and more than once. `keep`: what the batch in progress
    /// has come to is part of the outcome.
    void requestStop(bool keep = true)
    {
        m_keepUnfinished = keep;
        m_stop.request_stop();
    }
    /// Holds the work before its next step, until it goes on or is stopped.
    void setPaused(bool paused) { paused ? m_pause.pause() : m_pause.resume(); }
    bool pauseRequested() const { return m_pause.is_paused(); }
    /// Whether it has come to its wait.
    bool isWaitingPaused() const { return m_pause.is_waiting(); }
    /// Let the batch in progress end, and start no other.
    void requestFinishBatch() { m_finishBatch = true; }
    bool stopRequested() const { return m_stop.stop_requested(); }
    bool finishBatchRequested() const { return m_finishBatch.load(); }
    RunControls controls()
    {
        return {.stop = m_stop.get_token(),
                .finish_batch = &m_finishBatch,
                .pause = &m_pause,
                .keep_unfinished = &m_keepUnfinished};
    }
    std::stop_token stopToken() const { return m_stop.get_token(); }

    /// From waiting to running. False where the job was stopped before, which ends it as cancelled, or
    /// had begun already.
    bool begin();
    /// True for the one call that ended the job. `state` is done, failed or cancelled.
    bool end(JobState state);

    /// Values that the window moves while the job runs.
    LiveParameters live;
    /// While true, an earlier run's parameters are followed, where the job was given any.
    std::atomic<bool> replay{true};
    /// Set by the window when it could show a picture of x_t, or of the predicted x_0; taken by the sampler.
    std::atomic<bool> pictureWanted{false};
    std::atomic<bool> predictedWanted{false};

private:
    const std::uint64_t m_id;
    std::atomic<JobState> m_state{JobState::waiting};
    std::stop_source m_stop;
    std::atomic<bool> m_finishBatch{false};
    std::atomic<bool> m_keepUnfinished{true};
    PauseSwitch m_pause;
};

}  // namespace duodiff::studio
