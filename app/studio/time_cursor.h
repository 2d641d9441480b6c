// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/exporter.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <functional>
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
    /// Shows the pictures of a step of the run on display, or of the nearest step before it that has some,
    /// and says which; nothing where there are none.
    using Pictures = std::function<std::optional<int>(int step)>;

    TimeCursor(RunController& run, ui::MainWindow& window, QObject* parent = nullptr);

    /// Another run is on display; `endedNow`: it is the one that was in progress.
    void show(std::shared_ptr<const KeptRun> run, bool endedNow);
    void setPictures(Pictures pictures) { m_pictures = std::move(pictures); }

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

private:
    const RunRecord* record() const;
    std::optional<int> newest() const;
    void refresh();
    void refreshPanel();
    void refreshLabel();
    void playOn();
    void stopPlaying();

    RunController& m_run;
    ui::MainWindow& m_window;
    ui::CursorPanel* m_panel;
    QDockWidget* m_dock;
    QAction* m_playAction;
    Pictures m_pictures;
    std::shared_ptr<const KeptRun> m_kept;
    bool m_live = false;
    bool m_panelSeen = false;
    std::optional<int> m_taken;
    bool m_held = false;  ///< not only passed over by the pointer
    std::optional<int> m_image;
    QString m_restWhat;  ///< the label of the pictures while nobody has taken the cursor
    QString m_restStep;
    bool m_picturesMoved = false;  ///< the grid shows another step than the last
    QTimer m_play;
    QElapsedTimer m_playClock;
    int m_playedFrom = 0;
    QElapsedTimer m_sinceRefresh;
};

}  // namespace duodiff::studio
