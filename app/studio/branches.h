// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/job.h"
#include "studio/kept_run.h"

#include <QObject>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

class QAction;

namespace duodiff::ui
{
class BranchList;
}

namespace duodiff::studio
{

class Studio;
using KeptPointer = std::shared_ptr<const KeptRun>;

/// A run that goes on from another one's step.
struct Branch {
    KeptPointer parent;
    KeptPointer run;
    int step = 0;     ///< the first that may differ
    QString changed;  ///< "θ 0.08 → 0.1, classes"; "nothing" where it repeats its parent
};

/// Point 12: takes the cursor back to a step of the run on display, finished, stopped or paused, and goes on
/// from there with the theta, t_s, layer and classes of the controls. The steps before are not run again.
class Branches : public QObject
{
    Q_OBJECT

public:
    explicit Branches(Studio& studio);

    /// From the step under the plot's cursor. False, with a message, where it cannot begin.
    bool branchHere();
    bool branchFrom(int step);
    const std::vector<Branch>& list() const { return m_branches; }
    ui::BranchList& panel() { return *m_panel; }

    /// Branches whose states and images are held; the oldest goes first.
    static constexpr std::size_t most = 12;

Q_SIGNALS:
    void branched();

private:
    struct Pending {
        KeptPointer parent;
        int step = 0;
        SamplingSettings settings;
    };

    void begin(const KeptPointer& parent, int step, const SamplingSettings& controls);
    void onRunEnded(JobState state);
    void show(int index);
    void refresh();
    void say(const QString& what, const QString& remedy);
    QString reasonAgainst() const;

    Studio& m_studio;
    ui::BranchList* m_panel;
    QAction* m_action;
    std::optional<Pending> m_afterStop;  ///< the run in progress is the parent
    std::optional<Pending> m_running;
    std::vector<Branch> m_branches;
};

/// What of `changed` a branch does otherwise than its parent did from `step` on, in words; empty: nothing.
QString changesOf(const RunRecord& parent, int step, const SamplingSettings& changed);

}  // namespace duodiff::studio
