// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/branches.h"

#include "report/report_numbers.h"
#include "stream/branch.h"
#include "stream/quality.h"
#include "stream/step_plan.h"
#include "studio/kept_states.h"
#include "studio/studio.h"
#include "ui/branch_list.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/twin_view.h"

#include <QAction>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// The value that the policy reads, if it reads one.
std::optional<double> valueOf(const SamplingSettings& settings)
{
    return settings.policy == PolicyKind::full ? std::nullopt : std::optional(own_parameter(settings));
}

QString nameOfValue(PolicyKind policy)
{
    return policy == PolicyKind::duodiff   ? QStringLiteral("t_s")
           : policy == PolicyKind::adadiff ? QStringLiteral("θ")
                                           : Branches::tr("layer");
}

/// The last one that was in force; what the controls show after a run.
std::optional<double> lastValue(const RunRecord& record)
{
    for (auto step = record.steps.rbegin(); step != record.steps.rend(); ++step) {
        for (auto value = step->parameters.rbegin(); value != step->parameters.rend(); ++value) {
            if (std::isfinite(*value)) {
                return *value;
            }
        }
    }
    return valueOf(record.settings);
}

int timeOf(const RunRecord& record, int step)
{
    const auto found = std::find_if(record.steps.begin(), record.steps.end(),
                                    [step](const StepRecord& known) { return known.step == step; });
    return found == record.steps.end() ? -1 : found->t;
}

}  // namespace

QString changesOf(const RunRecord& parent, int step, const SamplingSettings& changed)
{
    QStringList changes;
    const auto before = lastValue(parent);
    const auto now = valueOf(changed);
    if (before && now && *before != *now) {
        changes << QStringLiteral("%1 %2 → %3")
                       .arg(nameOfValue(changed.policy))
                       .arg(parameter_at(parent, 0, step).value_or(*before), 0, 'g', 4)
                       .arg(*now, 0, 'g', 4);
    }
    if (changed.classes != parent.settings.classes) {
        changes << Branches::tr("classes");
    }
    return changes.join(QStringLiteral(", "));
}

Branches::Branches(Studio& studio) : QObject(&studio), m_studio(studio), m_panel(new ui::BranchList)
{
    ui::MainWindow& window = studio.window();
    window.addPanel(tr("Branches"), QStringLiteral("branchesDock"), m_panel,
                    {Qt::RightDockWidgetArea, QStringLiteral("numbersDock")}, QStringLiteral("Ctrl+7"));
    m_action = window.addAction(ui::MenuKind::run, tr("&Branch from here"), QStringLiteral("Ctrl+Shift+B"),
                                tr("Go on from the step under the plot's cursor with what the controls say"));
    connect(m_action, &QAction::triggered, this, &Branches::branchHere);
    connect(m_panel, &ui::BranchList::branchRequested, this, &Branches::branchHere);
    connect(m_panel, &ui::BranchList::chosen, this, &Branches::show);
    connect(&studio, &Studio::runEnded, this, &Branches::onRunEnded);
    connect(&studio, &Studio::modelOpened, this, &Branches::refresh);
    connect(&studio.run(), &RunController::started, this, &Branches::refresh);
    connect(&studio.run(), &RunController::pausedChanged, this, &Branches::refresh);
    refresh();
}

QString Branches::reasonAgainst() const
{
    const auto& kept = m_studio.kept();
    if (m_studio.run().isRunning()) {
        return m_studio.run().isPaused() ? QString()
                                         : tr("A run is in progress; pause it (Space) or stop it first.");
    }
    if (!m_studio.canRun() || !kept) {
        return tr("There is no run yet.");
    }
    if (!kept->trajectory || kept->trajectory->batches() == 0) {
        return keptStepsText(kept->trajectory.get());
    }
    return isSameModel(kept->record.model, m_studio.model()->summary)
               ? QString()
               : tr("The run on display is another model's.");
}

void Branches::refresh()
{
    const QString reason = reasonAgainst();
    m_panel->setReady(reason.isEmpty(), reason);
    m_action->setEnabled(reason.isEmpty());
}

void Branches::say(const QString& what, const QString& remedy)
{
    ui::Message message;
    message.what = what;
    message.remedy = remedy;
    m_studio.window().messages()->post(std::move(message));
}

bool Branches::branchHere()
{
    const auto cursor = m_studio.window().plot()->cursor();
    if (!cursor) {
        say(tr("A branch needs a step to go on from."),
            tr("Click into the exit-layer plot, or move its cursor with the arrow keys, and press "
               "Ctrl+Shift+B "
               "again."));
        return false;
    }
    return branchFrom(*cursor);
}

bool Branches::branchFrom(int step)
{
    const QString reason = reasonAgainst();
    if (!reason.isEmpty()) {
        say(reason, {});
        return false;
    }
    const SamplingSettings settings = m_studio.window().controls()->settings();
    if (m_studio.run().isRunning()) {
        // It goes on from its own states, once it has let the engine go.
        m_afterStop = Pending{nullptr, step, settings};
        m_studio.run().stop();
    } else {
        begin(m_studio.kept(), step, settings);
    }
    return true;
}

void Branches::begin(const KeptPointer& parent, int step, const SamplingSettings& controls)
{
    SamplingSettings settings = parent->record.settings;
    settings.switch_step = controls.switch_step;
    settings.threshold = controls.threshold;
    settings.exit_layer = controls.exit_layer;
    settings.classes = controls.classes;

    RunExtras extras;
    extras.from = BranchPoint{parent->trajectory, {parent, &parent->record}, step};
    const auto before = lastValue(parent->record);
    if (before == valueOf(settings)) {
        // Sliders that were moved while the parent ran move again.
        extras.moved = moved_parameters_of(parent->record);
    }
    m_running = Pending{parent, step, settings};
    m_studio.twin().setShown(false);
    if (!m_studio.startRun(settings, std::move(extras))) {
        m_running.reset();
    }
    refresh();
}

void Branches::onRunEnded(JobState state)
{
    if (auto pending = std::exchange(m_afterStop, std::nullopt)) {
        // What waits for the end of the run, such as opening a model, goes first.
        QMetaObject::invokeMethod(
            this,
            [this, next = *pending] {
                if (reasonAgainst().isEmpty() && !m_studio.run().isRunning()) {
                    begin(m_studio.kept(), next.step, next.settings);
                }
            },
            Qt::QueuedConnection);
    }
    const auto ended = std::exchange(m_running, std::nullopt);
    if (ended && !m_studio.run().wasAborted() && state != JobState::failed &&
        m_studio.kept() != ended->parent) {
        Branch branch{ended->parent, m_studio.kept(), ended->step, {}};
        branch.changed = changesOf(ended->parent->record, ended->step, ended->settings);
        const QString changed = branch.changed.isEmpty() ? tr("nothing changed") : branch.changed;
        const int t = timeOf(branch.run->record, ended->step);
        QStringList result{QString::fromStdString(duration_text(branch.run->record.sampling_ms))};
        const QString difference = ui::differenceText(compare(branch.parent->images, branch.run->images).all);
        if (!difference.isEmpty()) {
            result << difference;
        }
        m_branches.push_back(std::move(branch));
        m_panel->add(t >= 0 ? tr("From t = %1 (step %2): %3").arg(t).arg(ended->step).arg(changed)
                            : tr("From the end: %1").arg(changed),
                     result.join(QStringLiteral(" · ")));
        if (m_branches.size() > most) {
            m_branches.erase(m_branches.begin());
            m_panel->remove(0);
        }
        Q_EMIT branched();
    }
    refresh();
}

void Branches::show(int index)
{
    if (index < 0 || static_cast<std::size_t>(index) >= m_branches.size() || m_studio.run().isRunning()) {
        return;
    }
    const Branch& branch = m_branches[static_cast<std::size_t>(index)];
    m_studio.twin().compare(
        branch.parent, branch.run, tr("Parent"),
        branch.changed.isEmpty() ? tr("Branch, unchanged") : tr("Branch: %1").arg(branch.changed));
}

}  // namespace duodiff::studio
