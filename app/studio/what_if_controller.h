// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/kept_run.h"

#include "stream/what_if.h"

#include <QElapsedTimer>
#include <QObject>

#include <cstddef>
#include <memory>
#include <optional>

namespace duodiff::ui
{
class MainWindow;
class PredictionCard;
}  // namespace duodiff::ui

namespace duodiff::studio
{

class RunController;

/// Point 4, what-if: while theta, t_s or the policy is moved, the curve and the numbers that this value
/// would have given on the run on display, finished or in progress.
class WhatIfController : public QObject
{
    Q_OBJECT

public:
    WhatIfController(RunController& run, ui::MainWindow& window, QObject* parent = nullptr);

    /// Another run is on display; `endedNow`: it is the one that was in progress.
    void show(std::shared_ptr<const KeptRun> run, bool endedNow);

    /// The run on display; null where there is none.
    const RunRecord* record() const;
    /// Of the run on display, up to date.
    const WhatIfIndex& index();
    /// What is drawn; nothing where nothing is.
    const WhatIf* prediction() const { return m_shown ? &m_whatIf : nullptr; }

    /// The values in the controls have changed.
    void ask();
    /// The next run takes over from the run on display: what is asked while it goes on is asked of that one.
    void holdDuringNextRun(bool hold) { m_holdNext = hold; }
    ui::PredictionCard* card() const { return m_card; }

Q_SIGNALS:
    /// Another run is on display and its index is ready.
    void indexed();
    /// The prediction, or that there is none, has changed.
    void predicted();
    /// Another run has begun: what was read from the former one no longer holds.
    void cleared();

private:
    void refresh();
    void hide();
    void onStarted();
    void onAdvanced(int firstStep);
    void updateIndex();
    bool isRecorded(const PolicyChoice& choice) const;

    RunController& m_run;
    ui::MainWindow& m_window;
    ui::PredictionCard* m_card;
    std::shared_ptr<const KeptRun> m_kept;
    bool m_holdNext = false;
    bool m_held = false;
    bool m_live = false;  ///< the run on display is the one in progress
    WhatIfIndex m_index;
    int m_changedFrom = 0;  ///< step from which the index is behind the record
    bool m_behind = false;
    WhatIf m_whatIf;
    std::optional<PolicyChoice> m_asked;
    bool m_shown = false;
    QElapsedTimer m_sinceRefresh;
};

}  // namespace duodiff::studio
