// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/run_controller.h"

#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"
#include "ui/status_strip.h"

#include "base/process_memory.h"
#include "stream/branch.h"

#include <QThread>

#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr int fastestTickMs = 16;
constexpr int slowestTickMs = 400;
constexpr int pictureMs = 34;  // at most 30 a second
constexpr int numbersMs = 200;
constexpr std::size_t mostLearned = 6;
constexpr double nearTheta = 0.1;  // of the model's useful range

}  // namespace

QStringList captionsOf(const ModelSummary& model, int classes, const SamplingSettings& settings)
{
    QStringList captions;
    for (int image = 0; image < settings.count; ++image) {
        QString label;
        if (classes > 0) {
            const auto k = static_cast<std::size_t>(image);
            const std::int64_t number =
                settings.classes.empty() ? image % classes : settings.classes[k % settings.classes.size()];
            const auto index = static_cast<std::size_t>(number);
            label = index < model.class_names.size() ? QString::fromStdString(model.class_names[index])
                                                     : RunController::tr("class %1").arg(number);
            label += QStringLiteral(" · ");
        }
        captions << label +
                        RunController::tr("seed %1").arg(settings.seed + static_cast<std::uint64_t>(image));
    }
    return captions;
}

double threadSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

RunController::RunController(EngineThread& engine, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_engine(engine), m_window(window)
{
    m_tick.setTimerType(Qt::PreciseTimer);
    m_tick.setSingleShot(true);
    connect(&m_tick, &QTimer::timeout, this, &RunController::tick);
    connect(&engine, &EngineThread::sampled, this,
            [this](quint64 job, const OutcomePointer& outcome) { end(job, JobState::done, outcome); });
    connect(&engine, &EngineThread::cancelled, this,
            [this](quint64 job, const OutcomePointer& outcome) { end(job, JobState::cancelled, outcome); });
    connect(&engine, &EngineThread::failed, this, [this](quint64 job, const Failure& failure) {
        if (m_job && m_job->id() == job) {
            end(job, JobState::failed, nullptr);
            Q_EMIT failed(failure);
        }
    });
}

bool RunController::start(const ModelInfo& model, const SamplingSettings& settings, RunExtras extras)
{
    if (isRunning()) {
        return false;
    }
    m_model = model;
    m_asked = settings;
    m_aborted = false;
    m_record = RunRecord();
    m_record.settings = settings;
    m_record.model = model.summary;
    if (!extras.keep) {
        extras.keep = std::make_shared<Trajectory>(TrajectoryOptions{}, m_budget);
    }
    m_trajectory = extras.keep;
    m_beginning = extras.from;
    m_picturesHeld = false;
    m_images.clear();
    m_last.reset();
    m_estimate.begin(model.summary, settings);
    m_threshold = settings.threshold;
    expectSteps();
    m_picturesPerSecond.reset();
    m_picturesShown = 0;
    m_lastPicture = m_lastNumbers = -1000;

    ui::PreviewGrid& previews = *m_window.previews();
    const QStringList captions = captionsOf(model.summary, model.num_classes, settings);
    if (extras.from && previews.count() == settings.count) {
        // The grid is not emptied for the moment until the branch's first pictures come.
        previews.setCaptions(captions);
    } else {
        previews.beginRun(settings.count, model.summary.image_size, model.summary.image_size, captions);
    }
    m_window.plot()->beginRun(model.summary, settings);
    if (extras.from) {
        showBeginning(*extras.from);
    } else {
        m_window.numbers()->clear();
    }
    m_window.controls()->setPhase(ui::ControlPanel::Phase::running);

    m_job = m_engine.sample(settings, extras);
    m_clock.start();
    m_lastTick = m_rateSince = 0;
    m_threadSeconds = threadSeconds();
    askForPicture();
    m_tick.start(fastestTickMs);
    showStatus();
    Q_EMIT started();
    return true;
}

void RunController::showBeginning(const BranchPoint& from)
{
    m_record = begin_branch(*from.record, m_record.settings, *from.trajectory, from.step);
    m_record.model = m_model.summary;
    std::vector<Frame> frames;
    for (int batch = 0; batch < from.trajectory->batches(); ++batch) {
        for (int step = 0; step < steps_held(*from.trajectory, batch, from.step); ++step) {
            if (auto frame = recorded_frame(*from.record, batch, step)) {
                frames.push_back(std::move(*frame));
            }
        }
    }
    m_window.plot()->addFrames(frames);
    if (!frames.empty()) {
        m_window.numbers()->showLive(m_record);
    }
}

void RunController::learnFrom(const std::shared_ptr<const RunRecord>& run)
{
    if (!run || !ExpectedSteps::can_learn_from(*run)) {
        return;
    }
    const double threshold = run->settings.threshold;
    std::erase_if(m_learned, [&](const Learned& known) {
        return known.threshold == threshold && isSameModel(known.model, run->model);
    });
    m_learned.insert(m_learned.begin(), {run->model, threshold, std::make_shared<const ExpectedSteps>(*run)});
    m_learned.resize(std::min(m_learned.size(), mostLearned));
    if (isRunning()) {
        expectSteps();
    }
}

bool RunController::hasLearned(const ModelSummary& model) const
{
    return std::any_of(m_learned.begin(), m_learned.end(),
                       [&](const Learned& known) { return isSameModel(known.model, model); });
}

void RunController::expectSteps()
{
    if (m_asked.policy != PolicyKind::adadiff) {
        return;
    }
    // Another theta leads to other x_t, and with it to another transition: only near ones say something.
    double nearest = nearTheta * (m_model.threshold_maximum - m_model.threshold_minimum);
    for (const Learned& known : m_learned) {
        const double distance = std::abs(known.threshold - m_asked.threshold);
        if (isSameModel(known.model, m_model.summary) && distance <= nearest) {
            nearest = std::nextafter(distance, -1.0);
            m_estimate.expect(known.steps);
        }
    }
}

void RunController::stop()
{
    if (m_job) {
        m_job->requestStop(true);
        m_window.controls()->setPhase(ui::ControlPanel::Phase::stopping);
        showStatus();
    }
}

void RunController::giveUp()
{
    if (m_job) {
        m_aborted = true;
        m_job->requestStop(false);
    }
}

void RunController::abort()
{
    if (m_job) {
        giveUp();
        m_window.controls()->setPhase(ui::ControlPanel::Phase::stopping);
        showStatus();
    }
}

void RunController::setPaused(bool paused)
{
    if (!m_job || m_job->stopRequested() || m_job->pauseRequested() == paused) {
        return;
    }
    m_job->setPaused(paused);
    m_window.controls()->setPhase(paused ? ui::ControlPanel::Phase::paused
                                         : ui::ControlPanel::Phase::running);
    showStatus();
    Q_EMIT pausedChanged(paused);
}

void RunController::setPictureChoice(ui::PictureChoice choice)
{
    m_pictureChoice = choice;
    m_lastPicture = -1000;
}

void RunController::setPicturesHeld(bool held)
{
    if (std::exchange(m_picturesHeld, held) && !held) {
        showPictureText();
    }
}

void RunController::finishBatch()
{
    if (m_job) {
        m_job->requestFinishBatch();
        showStatus();
    }
}

void RunController::moveLive(const SamplingSettings& settings)
{
    if (m_job) {
        m_job->replay = false;
        m_job->live.threshold = settings.threshold;
        m_job->live.switch_step = settings.switch_step;
        m_job->live.exit_layer = settings.exit_layer;
        m_estimate.set_switch_step(settings.switch_step);
        m_threshold = settings.threshold;
    }
}

void RunController::askForPicture()
{
    const qint64 now = m_clock.elapsed();
    // A view in the place of the grid shows what comes, whatever the grid shows.
    const bool seen = !m_picturesHeld || m_window.centreView() != nullptr;
    if (m_picturesWanted && seen && m_window.previewsVisible() && now - m_lastPicture >= pictureMs) {
        m_job->pictureWanted = m_pictureChoice != ui::PictureChoice::predicted;
        m_job->predictedWanted = m_pictureChoice != ui::PictureChoice::noisy;
    }
}

void RunController::tick()
{
    if (!m_job) {
        return;
    }
    drain();
    askForPicture();
    // Showing must not cost the sampler much: the thread's own processor time since the last tick, all of
    // its painting included, says when the next one may come.
    const double seconds = threadSeconds();
    const qint64 now = m_clock.elapsed();
    const double spentMs = (seconds - m_threadSeconds) * 1000.0;
    const int wait = static_cast<int>(spentMs / drawingShare()) - static_cast<int>(now - m_lastTick);
    m_threadSeconds = seconds;
    m_lastTick = now;
    m_tick.start(std::clamp(wait, fastestTickMs, slowestTickMs));
}

double RunController::drawingShare()
{
    return std::min(0.01 * std::max(1, QThread::idealThreadCount()), 0.2);
}

void RunController::drain()
{
    auto contents = m_engine.mailbox().take();
    if (!contents.frames.empty()) {
        showFrames(contents.frames);
    }
    for (FinishedBatch& batch : contents.batches) {
        if (!m_picturesHeld) {
            m_window.previews()->setImages(batch.images);
        }
        std::move(batch.images.begin(), batch.images.end(), std::back_inserter(m_images));
    }
    const qint64 now = m_clock.elapsed();
    if (now - m_lastNumbers >= numbersMs) {
        m_lastNumbers = now;
        if (m_last) {
            m_window.numbers()->showLive(m_record);
        }
        showStatus();
    }
}

void RunController::showFrames(std::vector<Frame>& frames)
{
    std::erase_if(frames, [this](const Frame& frame) { return !m_job || frame.run_id != m_job->id(); });
    if (frames.empty()) {
        return;
    }
    int firstStep = frames.front().step;
    for (const Frame& frame : frames) {
        firstStep = std::min(firstStep, frame.step);
        m_record.add(frame);
        m_estimate.add(frame);
        if (frame.picture || frame.predicted) {
            showPictures(frame);
        }
    }
    m_window.plot()->addFrames(frames);
    m_last = std::move(frames.back());
    showPictureText();
    Q_EMIT advanced(firstStep);
}

void RunController::showPictureText()
{
    if (m_picturesHeld || !m_last) {
        return;
    }
    const QString what = m_model.latent ? tr("approximation of the latent") : QString();
    m_window.setPictureText(what, tr("t = <b>%1</b> &nbsp; step <b>%2</b> / %3")
                                      .arg(m_last->t)
                                      .arg(m_last->step + 1)
                                      .arg(m_record.settings.steps));
}

void RunController::showPictures(const Frame& frame)
{
    auto* previews = m_window.previews();
    if (m_picturesHeld) {
        // The grid keeps what it has.
    } else if (frame.picture && frame.predicted) {
        previews->setPicturePairs(frame.first_image, *frame.picture, *frame.predicted);
    } else {
        previews->setPicture(frame.first_image, frame.picture ? *frame.picture : *frame.predicted);
    }
    m_lastPicture = m_clock.elapsed();
    ++m_picturesShown;
    Q_EMIT pictured(frame);
}

void RunController::showStatus()
{
    const qint64 now = m_clock.elapsed();
    if (now - m_rateSince >= 1000) {
        m_picturesPerSecond = 1000.0 * m_picturesShown / static_cast<double>(now - m_rateSince);
        m_rateSince = now;
        m_picturesShown = 0;
    }
    ui::Status status = m_window.status()->status();
    status.kind = ui::Status::Kind::working;
    status.state = m_job->stopRequested()          ? tr("Stopping")
                   : m_job->isWaitingPaused()      ? tr("Paused")
                   : m_job->pauseRequested()       ? tr("Pausing")
                   : m_job->finishBatchRequested() ? tr("Finishing the batch")
                   : m_last                        ? tr("Sampling")
                                                   : tr("Starting");
    m_estimate.set_threshold(m_threshold);
    status.step = m_estimate.steps_run();
    status.steps = m_record.settings.steps;
    status.batch = m_estimate.batch();
    status.batches = m_estimate.batches();
    status.msPerStep = m_estimate.ms_per_step();
    status.imagesPerSecond = m_estimate.images_per_second();
    status.secondsLeft = m_estimate.seconds_left();
    status.leftIsBound = m_estimate.is_bound();
    status.memoryBytes = resident_bytes();
    status.previewsPerSecond = m_picturesPerSecond;
    const Ledger& ledger = m_record.ledger;
    status.previewShare = ledger.wall > 0.0 ? std::optional(ledger.previews / ledger.wall) : std::nullopt;
    m_window.status()->setStatus(status);
    Q_EMIT progressed(shareDone(), status.leftIsBound ? std::nullopt : status.secondsLeft);
}

double RunController::shareDone() const
{
    const SamplingSettings& settings = m_record.settings;
    const int before = std::min(m_estimate.batch() * settings.batch, settings.count);
    const int now = std::min(settings.batch, settings.count - before);
    const double imageSteps =
        static_cast<double>(before) * settings.steps + static_cast<double>(now) * m_estimate.steps_run();
    return imageSteps / std::max(1.0, static_cast<double>(settings.count) * settings.steps);
}

void RunController::end(quint64 job, JobState state, const OutcomePointer& outcome)
{
    if (!m_job || m_job->id() != job) {
        return;
    }
    // The last frames were put before the news of the end was.
    drain();
    m_tick.stop();
    m_engine.mailbox().beginRun(0);
    m_job.reset();
    m_window.plot()->finishRun();
    m_window.controls()->setPhase(ui::ControlPanel::Phase::ready);
    Q_EMIT ended(state, outcome);
}

}  // namespace duodiff::studio
