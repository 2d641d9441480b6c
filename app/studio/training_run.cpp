// SPDX-License-Identifier: GPL-3.0-or-later
// The run in progress, and what the folder of one says.
#include "studio/training.h"
#include "ui/curves_plot.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"
#include "ui/sample_viewer.h"
#include "ui/status_strip.h"

#include <QDir>
#include <QFileInfo>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace duodiff::studio
{

using ui::durationText;
using ui::TrainingState;

namespace
{

/// A log that is not written to for so many of its usual intervals is one that nobody writes.
constexpr double quietIntervals = 4.0;
constexpr double leastQuiet = 60.0;  // s; a run may draw pictures between two lines

QString grouped(std::int64_t value)
{
    return ui::plainNumber(static_cast<double>(value));
}

QString lastComponent(const QString& path)
{
    return QFileInfo(path).fileName();
}

}  // namespace

void Training::start(bool resume)
{
    auto* setup = m_page->setup();
    m_checkSoon.stop();
    checkFields();
    if (!setup->canStart() || setup->resumes() != resume) {
        return;  // the fields have changed what the button does; it says so now
    }
    clearMessages();
    if (!m_trainer.start(
            {.config = m_config.toStdU16String(), .overrides = setup->overrides(), .resume = resume})) {
        return;
    }
    m_savedStep.reset();
    m_numbers = {.step = m_numbers.step,
                 .steps = m_plan->steps,
                 .loss = m_numbers.loss,
                 .imagesPerSecond = {},
                 .secondsLeft = {},
                 .seconds = m_numbers.seconds,
                 .text = tr("Reading the training data"),
                 .fraction = -1.0};
    setup->setState(TrainingState::preparing);
    showProgress();
}

void Training::setPaused(bool paused)
{
    m_trainer.setPaused(paused);
    showProgress();
}

void Training::onNews(const TrainNews& news)
{
    if (news.preparing && !news.step) {
        const double fraction = news.preparing->fraction;
        const QString what = QString::fromStdString(news.preparing->text);
        m_numbers.fraction = fraction;
        m_numbers.text = fraction < 0.0 ? what : tr("%1, %2 %").arg(what).arg(std::lround(100.0 * fraction));
    }
    if (!news.folder.empty()) {
        const QString folder = QDir::cleanPath(
            QDir::current().absoluteFilePath(QString::fromStdU16String(news.folder.u16string())));
        m_page->setup()->setState(TrainingState::training);
        forgetRun();
        m_files.open(folder);
    } else if (news.logged || news.sampled) {
        m_files.refresh();
    }
    if (news.step) {
        const TrainProgress& step = *news.step;
        m_numbers.step = step.step;
        m_numbers.steps = step.steps;
        if (m_contents.log.empty() && step.kind == TrainProgress::Kind::step) {
            m_numbers.loss = step.loss;  // of one step; the mean of a line of the log is steadier
        }
        if (step.images_per_second > 0.0) {
            m_numbers.imagesPerSecond = step.images_per_second;
            m_numbers.secondsLeft =
                step.seconds_left >= 0.0 ? std::optional(step.seconds_left) : std::nullopt;
        }
        m_numbers.fraction =
            static_cast<double>(step.step) / static_cast<double>(std::max<std::int64_t>(1, step.steps));
    }
    m_savedStep = news.saved ? news.saved : m_savedStep;
    if (news.saved) {
        showWeights();
    }
    if (!news.notes.empty()) {
        QStringList notes;
        for (const std::string& note : news.notes) {
            notes << QString::fromStdString(note);
        }
        tell(notes.first(), notes.mid(1).join(QLatin1Char('\n')), true);
    }
    showProgress();
}

void Training::showProgress()
{
    auto* setup = m_page->setup();
    if (!isRunning()) {
        m_indicator->hide();
        setup->setNumbers(m_numbers);
        return;
    }
    if (m_trainer.isStopping()) {
        setup->setState(TrainingState::stopping);
        m_numbers.text = tr("Ending after the step in progress, and saving");
    } else if (setup->state() != TrainingState::preparing) {
        const bool paused = m_trainer.isPaused();
        setup->setState(paused ? TrainingState::paused : TrainingState::training);
        m_numbers.text = paused ? tr("Paused") : tr("Training");
        if (m_savedStep) {
            m_numbers.text += tr(", saved at step %1").arg(grouped(*m_savedStep));
        }
    }
    setup->setNumbers(m_numbers);
    QString text = m_trainer.isStopping() ? tr("Saving the training")
                   : m_trainer.isPaused() ? tr("Training paused")
                                          : tr("Training");
    if (m_numbers.fraction >= 0.0) {
        text += tr(" %1 %").arg(std::floor(100.0 * m_numbers.fraction));
    }
    if (m_numbers.secondsLeft && !m_trainer.isPaused() && !m_trainer.isStopping()) {
        text += QStringLiteral(", ") + ui::timeLeftText(*m_numbers.secondsLeft);
    }
    m_indicator->setText(text);
    m_indicator->show();
}

void Training::onFolder(const TrainingFolder::Contents& contents)
{
    m_contents = contents;
    m_page->setLog(contents.log);
    std::vector<std::int64_t> steps;
    for (const TrainSample& sample : contents.samples) {
        steps.push_back(sample.step);
    }
    m_page->samples()->setSteps(std::move(steps));
    if (isRunning() && !contents.log.empty()) {
        m_numbers.loss = contents.log.back().loss;
        m_numbers.seconds = contents.log.back().seconds;
        showProgress();
    } else {
        showPast();
    }
}

void Training::showPicture(std::int64_t step)
{
    m_page->lossPlot()->setMark(static_cast<double>(step));
    for (const TrainSample& sample : m_contents.samples) {
        if (sample.step == step) {
            m_files.readPicture(sample);
        }
    }
}

void Training::showPast()
{
    if (isRunning()) {
        return;
    }
    const bool watching = m_page->setup()->state() == TrainingState::watching;
    m_numbers = {};
    m_numbers.steps = m_plan ? m_plan->steps : 0;
    const std::vector<TrainCurves>& log = m_contents.log;
    if (log.empty()) {
        m_numbers.text = watching ? tr("The run has not written a line of its log yet") : tr("Not begun");
        showProgress();
        return;
    }
    if (!watching && !m_plan->resumes_from) {
        m_numbers.text = tr("Begun before, but nothing was saved: it starts from the first step");
        showProgress();
        return;
    }
    const TrainCurves& last = log.back();
    const std::int64_t step = watching ? last.step : m_plan->resumes_from.value_or(last.step);
    m_numbers.step = step;
    m_numbers.loss = last.loss;
    m_numbers.seconds = last.seconds;
    const bool finished = m_numbers.steps > 0 && step >= m_numbers.steps;
    m_numbers.fraction = m_numbers.steps > 0
                             ? std::min(1.0, static_cast<double>(step) / static_cast<double>(m_numbers.steps))
                             : 0.0;
    if (finished) {
        m_numbers.text = tr("Finished");
    } else if (!watching) {
        m_numbers.text = tr("Stopped and saved");
    } else {
        const double age =
            static_cast<double>(m_contents.logged.msecsTo(QDateTime::currentDateTime())) / 1000.0;
        const double interval = log.size() > 1 ? last.seconds - log[log.size() - 2].seconds : 0.0;
        const bool quiet = age > std::max(leastQuiet, quietIntervals * interval);
        m_numbers.text = quiet ? tr("Not running: nothing was logged for %1").arg(durationText(age))
                               : tr("Running; last logged %1 ago").arg(durationText(age));
        if (!quiet && last.images_per_second > 0.0) {
            m_numbers.imagesPerSecond = last.images_per_second;
            if (m_plan) {
                m_numbers.secondsLeft =
                    static_cast<double>((m_plan->steps - step) * m_plan->batch_size) / last.images_per_second;
            }
        }
    }
    showProgress();
}

void Training::onEnded(const Trainer::End& end)
{
    auto* setup = m_page->setup();
    setup->setState(TrainingState::idle);
    m_indicator->hide();
    m_files.refresh();
    checkFields();
    showPast();
    const QString name = lastComponent(m_files.folder());
    if (end.failure && end.failure->code != ErrorCode::cancelled) {
        tellFailure(*end.failure);
        if (!m_page->isVisible()) {
            m_window.messages()->postFailure(*end.failure, {{tr("Show"), [this] { show(); }}});
        }
    } else if (end.result && end.result->finished) {
        const QString what = tr("The training of %1 is finished: %2 steps in %3.")
                                 .arg(name, grouped(end.result->step), durationText(end.result->seconds));
        tell(what, {}, true, {{tr("Make a pack of it…"), [this] { makePack(); }}});
        if (!m_page->isVisible()) {
            ui::Message message;
            message.what = what;
            message.lasting = true;
            message.actions = {{tr("Show"), [this] { show(); }}};
            m_window.messages()->post(std::move(message));
        }
    } else if (end.result) {
        tell(tr("Stopped and saved after step %1 of %2.")
                 .arg(grouped(end.result->step), grouped(end.result->steps)),
             tr("It goes on from there, here or with duodiff train --resume."), false);
    } else {
        tell(tr("Stopped before the first step; nothing was changed."), {}, false);
    }
    Q_EMIT ended();
    if (m_closing) {
        Q_EMIT mayClose();
    }
}

void Training::tell(const QString& what, const QString& remedy, bool lasting,
                    std::vector<std::pair<QString, std::function<void()>>> actions)
{
    ui::Message message;
    message.what = what;
    message.remedy = remedy;
    message.lasting = lasting;
    for (auto& [text, run] : actions) {
        message.actions.push_back({text, std::move(run)});
    }
    m_page->messages()->post(std::move(message));
}

void Training::tellFailure(const Failure& failure)
{
    m_page->messages()->postFailure(failure);
}

void Training::clearMessages()
{
    while (!m_page->messages()->isEmpty()) {
        m_page->messages()->dismiss();
    }
}

bool Training::prepareToClose()
{
    if (!isRunning() || m_closing) {
        return true;
    }
    m_closing = true;
    m_trainer.stop();
    showProgress();
    ui::Message message;
    message.what = tr("The training run is being saved; the window closes when that is done.");
    message.lasting = true;
    m_window.messages()->post(std::move(message));
    return false;
}

void Training::shutDown()
{
    m_look.stop();
    m_checkSoon.stop();
    m_trainer.shutDown();
    m_page->hide();
}

}  // namespace duodiff::studio
