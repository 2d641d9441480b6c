// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/kept_run.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>

class QAction;
class QDockWidget;

namespace duodiff::ui
{
class CursorPanel;
class MainWindow;
}  // namespace duodiff::ui

namespace duodiff::studio
{

class RunController;

/// Point 8, the one time cursor: the step that the plot, the previews' label and the panel "At the cursor"
/// show. It follows the newest step until the person takes it, and again when they let it go.
class TimeCursor : public QObject
{
    Q_OBJECT

public:
    TimeCursor(RunController& run, ui::MainWindow& window, QObject* parent = nullptr);

    /// Another run is on display; `endedNow`: it is the one that was in progress.
    void show(std::shared_ptr<const KeptRun> run, bool endedNow);

    /// The step that everything shows; nothing where no step has run.
    std::optional<int> step() const;
    bool isTaken() const { return m_taken.has_value(); }
    void moveTo(int step);
    void moveBy(int steps);
    /// Back to the newest step.
    void letGo();
    void setImage(std::optional<int> image);
    void togglePlaying();
    bool isPlaying() const { return m_play.isActive(); }
    ui::CursorPanel* panel() const { return m_panel; }

Q_SIGNALS:
    void moved(int step);
    /// It was taken, moved or let go, or another run is on display.
    void changed();

private:
    const RunRecord* record() const;
    std::optional<int> newest() const;
    void refresh();
    void refreshPanel();
    void playOn();
    void stopPlaying();

    RunController& m_run;
    ui::MainWindow& m_window;
    ui::CursorPanel* m_panel;
    QDockWidget* m_dock;
    QAction* m_playAction;
    std::shared_ptr<const KeptRun> m_kept;
    bool m_live = false;
    bool m_panelSeen = false;
    std::optional<int> m_taken;
    bool m_held = false;  ///< not only passed over by the pointer
    std::optional<int> m_image;
    QTimer m_play;
    QElapsedTimer m_playClock;
    int m_playedFrom = 0;
    QElapsedTimer m_sinceRefresh;
};

}  // namespace duodiff::studio
