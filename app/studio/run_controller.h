// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/dropped.h"
#include "studio/engine_thread.h"

#include "stream/time_estimate.h"
#include "ui/picture_header.h"

#include <QElapsedTimer>
#include <QObject>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

namespace duodiff::ui
{
class MainWindow;
struct Status;
}  // namespace duodiff::ui

namespace duodiff::studio
{

/// Seconds of processor time that the calling thread has used.
double threadSeconds();

/// "Sneaker · seed 11" for every image of a run; `classes`: of the model, 0 for an unconditional one.
QStringList captionsOf(const ModelSummary& model, int classes, const SamplingSettings& settings);

/// One run at a time, from Generate to its end: drains the mailbox on a timer and gives the window's
/// widgets what came.
class RunController : public QObject
{
    Q_OBJECT

public:
    RunController(EngineThread& engine, ui::MainWindow& window, QObject* parent = nullptr);

    /// Refused (false) while a run goes on. Its states are kept (see trajectory()) where `extras` does not
    /// bring a place for them.
    bool start(const ModelInfo& model, const SamplingSettings& settings, RunExtras extras = {});
    /// Point 1. Stop and keep: finished images, and those of the batch in progress as far as they are.
    void stop();
    /// Stop, and nothing of the run is kept.
    void abort();
    /// The same, for another run that follows at once: the window does not show the stop.
    void giveUp();
    void finishBatch();
    /// Before the next step.
    void setPaused(bool paused);
    bool isPaused() const { return m_job != nullptr && m_job->pauseRequested(); }
    /// Whether the run that ended last was aborted.
    bool wasAborted() const { return m_aborted; }
    /// theta, t_s and the static layer as the controls show them; act from the next step on.
    void moveLive(const SamplingSettings& settings);
    void setPicturesWanted(bool wanted) { m_picturesWanted = wanted; }
    /// The grid and its label show something else than the run's newest pictures.
    void setPicturesHeld(bool held);
    /// Point 7: x_t, the predicted x_0, or both.
    void setPictureChoice(ui::PictureChoice choice);

    bool isRunning() const { return m_job != nullptr; }
    JobPointer job() const { return m_job; }
    /// The run in progress as far as it has come.
    const RunRecord& live() const { return m_record; }
    /// The step of the newest frame; nothing before the first.
    std::optional<int> newestStep() const { return m_last ? std::optional(m_last->step) : std::nullopt; }
    /// The states of the run in progress, or of the one that ended last.
    const std::shared_ptr<Trajectory>& trajectory() const { return m_trajectory; }
    /// Where the run in progress, or the one that ended last, began, if it is a branch.
    const std::optional<BranchPoint>& beginning() const { return m_beginning; }
    /// The one bound over the states of all runs.
    TrajectoryBudget& budget() { return *m_budget; }
    /// What the run in progress, or the one that ended last, was asked for.
    const SamplingSettings& asked() const { return m_asked; }
    /// A run that later ones of its model, with about its theta, may expect to be like; see ExpectedSteps.
    void learnFrom(const std::shared_ptr<const RunRecord>& run);
    /// Whether there is such a run of this model.
    bool hasLearned(const ModelSummary& model) const;
    /// Finished images of the run in progress.
    const std::vector<FinishedImage>& images() const { return m_images; }
    /// Moves out what has come, and shows it. The timer does this.
    void drain();

    /// Most of the window thread's time that showing a run may take, 0..1: 1 % of the whole machine, and not
    /// more than a fifth of the thread, whatever the machine. (The sampler's threads wait for each other, so
    /// that what one of two of them loses the other loses too.)
    static double drawingShare();

Q_SIGNALS:
    /// Share of the run's image steps, and the time left where it can be told.
    void progressed(double share, std::optional<double> secondsLeft);
    void started();
    /// Frames came; live() is what it was in the steps before `firstStep`.
    void advanced(int firstStep);
    /// Pause or Resume was asked for.
    void pausedChanged(bool paused);
    /// A frame with a picture was shown.
    void pictured(const duodiff::Frame& frame);
    /// After the last frame was shown. `outcome` is null where the job never began or failed.
    void ended(duodiff::studio::JobState state, duodiff::studio::OutcomePointer outcome);
    void failed(const duodiff::Failure& failure);

private:
    void end(quint64 job, JobState state, const OutcomePointer& outcome);
    void tick();
    void showFrames(std::vector<Frame>& frames);
    void showPictures(const Frame& frame);
    void showPictureText();
    /// What a branch takes over from its parent.
    void showBeginning(const BranchPoint& from);
    void showStatus();
    double shareDone() const;
    void expectSteps();
    void askForPicture();

    EngineThread& m_engine;
    ui::MainWindow& m_window;
    JobPointer m_job;
    ModelInfo m_model;
    RunRecord m_record;
    SamplingSettings m_asked;
    std::shared_ptr<TrajectoryBudget> m_budget = std::make_shared<TrajectoryBudget>();
    std::shared_ptr<Trajectory> m_trajectory;
    ui::PictureChoice m_pictureChoice = ui::PictureChoice::noisy;
    bool m_aborted = false;
    std::vector<FinishedImage> m_images;
    TimeEstimate m_estimate;
    struct Learned {
        ModelSummary model;
        double threshold = 0.0;
        std::shared_ptr<const ExpectedSteps> steps;
    };
    std::vector<Learned> m_learned;  ///< the newest first, one a model and theta
    double m_threshold = 0.0;        ///< that the controls show
    std::optional<Frame> m_last;
    std::optional<BranchPoint> m_beginning;
    bool m_picturesWanted = true;
    bool m_picturesHeld = false;

    QTimer m_tick;
    QElapsedTimer m_clock;
    double m_threadSeconds = 0.0;
    qint64 m_lastTick = 0;
    qint64 m_lastPicture = -1000;
    qint64 m_lastNumbers = -1000;
    qint64 m_rateSince = 0;
    int m_picturesShown = 0;
    std::optional<double> m_picturesPerSecond;
};

}  // namespace duodiff::studio
