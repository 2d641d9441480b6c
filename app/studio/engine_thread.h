// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"
#include "studio/dropped.h"
#include "studio/job.h"
#include "studio/mailbox.h"

#include <QObject>
#include <QThread>

#include <functional>
#include <memory>
#include <vector>

namespace duodiff::studio
{

using EngineFactory = std::function<std::unique_ptr<Engine>()>;
using JobPointer = std::shared_ptr<Job>;
using OutcomePointer = std::shared_ptr<const RunOutcome>;

/// Where a run goes on from another one's states.
struct BranchPoint {
    std::shared_ptr<const Trajectory> trajectory;
    std::shared_ptr<const RunRecord> record;
    int step = 0;  ///< the first that may differ
};

/// What a run may have besides its settings; see SampleOptions.
struct RunExtras {
    /// theta, t_s or the static layer by [step][batch], as an earlier run had them; followed until the job's
    /// `replay` is taken away.
    MovedParameters moved{};
    std::shared_ptr<Trajectory> keep{};  ///< null: the states are not kept
    std::optional<BranchPoint> from{};
    std::vector<EarlierClasses> earlierClasses{};
    bool allUncertainties = false;
};

/// The window's handle on the one engine thread. The engine is made there by the first job, used there,
/// and destroyed there. Nothing here waits for it, except shutDown(). Every signal is emitted on the
/// window thread, and each job gets exactly one of opened, sampled (done), uncertaintyRead, failed,
/// cancelled.
class EngineThread : public QObject
{
    Q_OBJECT

public:
    explicit EngineThread(EngineFactory factory, QObject* parent = nullptr);
    ~EngineThread() override;

    /// Jobs are done one after the other, in the order they came.
    JobPointer open(const ModelSource& source);
    /// One run at a time: the mailbox takes this one's frames from now on.
    JobPointer sample(const SamplingSettings& settings, const RunExtras& extras = {});
    /// Every layer of the early-exit network on a held state; `uncertaintyRead`, failed or cancelled follows.
    JobPointer readUncertainty(const std::shared_ptr<const Trajectory>& trajectory, int batch, int stepsDone);
    Mailbox& mailbox() { return m_mailbox; }

    /// Stops every job and ends the thread; at most one step's time. Jobs not yet ended end as
    /// cancelled. No signal comes after it.
    void shutDown();

Q_SIGNALS:
    void progressed(quint64 job, const QString& what, double fraction);
    void opened(quint64 job, const duodiff::ModelInfo& info);
    void sampled(quint64 job, duodiff::studio::OutcomePointer outcome);
    void uncertaintyRead(quint64 job, const std::shared_ptr<const duodiff::LayerUncertainty>& read);
    void failed(quint64 job, const duodiff::Failure& failure);
    /// `outcome` is null where the job never began or was no sampling.
    void cancelled(quint64 job, duodiff::studio::OutcomePointer outcome);

private:
    class Worker;

    JobPointer newJob();
    void post(std::function<void()> work);
    void postBack(std::function<void()> news);
    /// On the engine thread: runs `work` under the job's state machine; what escapes ends it as failed.
    void perform(const JobPointer& job, const std::function<void(Engine&)>& work);
    void endCancelled(const JobPointer& job, OutcomePointer outcome);

    EngineFactory m_factory;
    Mailbox m_mailbox;
    QThread m_thread;
    Worker* m_worker;  ///< lives on m_thread, which deletes it
    std::vector<std::weak_ptr<Job>> m_jobs;
    quint64 m_lastId = 0;
};

}  // namespace duodiff::studio
