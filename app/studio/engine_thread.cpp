// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/engine_thread.h"

#include <QMetaObject>

#include <utility>

namespace duodiff::studio
{

namespace
{

class MailboxSink : public FrameSink
{
public:
    MailboxSink(Mailbox& mailbox, Job& job) : m_mailbox(mailbox), m_job(job) {}

    void on_frame(Frame&& frame) override { m_mailbox.put(std::move(frame)); }
    PicturesWanted wanted_pictures() override
    {
        return {.noisy = m_job.pictureWanted.exchange(false),
                .predicted = m_job.predictedWanted.exchange(false)};
    }
    void on_batch_finished(int batch, const std::vector<FinishedImage>& images) override
    {
        m_mailbox.put(m_job.id(), FinishedBatch{batch, images});
    }

private:
    Mailbox& m_mailbox;
    Job& m_job;
};

}  // namespace

/// Holds the engine on its thread.
class EngineThread::Worker : public QObject
{
public:
    std::unique_ptr<Engine> engine;
};

EngineThread::EngineThread(EngineFactory factory, QObject* parent)
    : QObject(parent), m_factory(std::move(factory)), m_worker(new Worker)
{
    m_thread.setObjectName(QStringLiteral("engine"));
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.start();
}

EngineThread::~EngineThread()
{
    shutDown();
}

void EngineThread::shutDown()
{
    if (!m_thread.isRunning()) {
        return;
    }
    for (const auto& weak : m_jobs) {
        if (const auto job = weak.lock()) {
            job->requestStop(false);
        }
    }
    m_mailbox.beginRun(0);
    m_thread.quit();
    m_thread.wait();
    for (const auto& weak : m_jobs) {
        if (const auto job = weak.lock()) {
            job->end(JobState::cancelled);
        }
    }
    m_jobs.clear();
}

JobPointer EngineThread::newJob()
{
    std::erase_if(m_jobs, [](const auto& weak) { return weak.expired(); });
    auto job = std::make_shared<Job>(++m_lastId);
    m_jobs.push_back(job);
    return job;
}

void EngineThread::post(std::function<void()> work)
{
    QMetaObject::invokeMethod(m_worker, std::move(work), Qt::QueuedConnection);
}

void EngineThread::postBack(std::function<void()> news)
{
    QMetaObject::invokeMethod(this, std::move(news), Qt::QueuedConnection);
}

void EngineThread::endCancelled(const JobPointer& job, OutcomePointer outcome)
{
    // begin() has ended a job that was stopped early; telling the window is still to be done.
    if (job->end(JobState::cancelled) || job->state() == JobState::cancelled) {
        postBack([this, id = job->id(), kept = std::move(outcome)] { Q_EMIT cancelled(id, kept); });
    }
}

void EngineThread::perform(const JobPointer& job, const std::function<void(Engine&)>& work)
{
    if (!job->begin()) {
        endCancelled(job, nullptr);
        return;
    }
    try {
        if (!m_worker->engine) {
            m_worker->engine = m_factory();
        }
        work(*m_worker->engine);
    } catch (...) {
        const Failure failure = current_failure();
        if (failure.code == ErrorCode::cancelled) {
            endCancelled(job, nullptr);
        } else if (job->end(JobState::failed)) {
            postBack([this, id = job->id(), failure] { Q_EMIT failed(id, failure); });
        }
    }
}

JobPointer EngineThread::open(const ModelSource& source)
{
    auto job = newJob();
    post([this, job, source] {
        perform(job, [this, &job, &source](Engine& engine) {
            const auto progress = [this, &job](const std::string& what, double fraction) {
                postBack([this, id = job->id(), text = QString::fromStdString(what), fraction] {
                    Q_EMIT progressed(id, text, fraction);
                });
            };
            const ModelInfo info = engine.open(source, progress, job->stopToken());
            if (job->end(JobState::done)) {
                postBack([this, id = job->id(), info] { Q_EMIT opened(id, info); });
            }
        });
    });
    return job;
}

JobPointer EngineThread::sample(const SamplingSettings& settings, const RunExtras& extras)
{
    auto job = newJob();
    job->live.threshold = settings.threshold;
    job->live.switch_step = settings.switch_step;
    job->live.exit_layer = settings.exit_layer;
    m_mailbox.beginRun(job->id());
    post([this, job, settings, extras] {
        perform(job, [this, &job, &settings, &extras](Engine& engine) {
            MailboxSink sink(m_mailbox, *job);
            SampleOptions options;
            if (!extras.moved.empty()) {
                options.parameter_of = [&job, &extras](int batch, int step) {
                    return job->replay ? moved_value(extras.moved, batch, step) : std::nullopt;
                };
            }
            options.keep = extras.keep.get();
            if (extras.from) {
                options.resume = {extras.from->trajectory.get(), extras.from->record.get(),
                                  extras.from->step};
            }
            options.earlier_classes = extras.earlierClasses;
            options.all_uncertainties = extras.allUncertainties;
            const auto outcome = std::make_shared<const RunOutcome>(
                engine.sample(settings, job->id(), sink, job->controls(), &job->live, options));
            if (outcome->record.state == RunState::cancelled) {
                endCancelled(job, outcome);
            } else if (job->end(JobState::done)) {
                postBack([this, id = job->id(), outcome] { Q_EMIT sampled(id, outcome); });
            }
        });
    });
    return job;
}

JobPointer EngineThread::readUncertainty(const std::shared_ptr<const Trajectory>& trajectory, int batch,
                                         int stepsDone)
{
    auto job = newJob();
    post([this, job, trajectory, batch, stepsDone] {
        perform(job, [&](Engine& engine) {
            const auto read = std::make_shared<const LayerUncertainty>(
                engine.uncertainty_of(*trajectory, batch, stepsDone));
            if (job->end(JobState::done)) {
                postBack([this, id = job->id(), read] { Q_EMIT uncertaintyRead(id, read); });
            }
        });
    });
    return job;
}

}  // namespace duodiff::studio
