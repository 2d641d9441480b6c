// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/exporter.h"
#include "studio/picture_maker.h"

#include <QObject>

#include <memory>
#include <optional>

namespace duodiff::ui
{
class MainWindow;
class PreviewGrid;
}  // namespace duodiff::ui

namespace duodiff::studio
{

class RunController;
class TimeCursor;

/// The images of a run in the grid, those that were stopped on their way with a note.
void showImages(ui::PreviewGrid& grid, const KeptRun& run);

/// Point 9, one time cursor: while somebody has taken it, the previews are those of its step, out of the
/// states that the run on display keeps, finished or in progress; no network runs for them. Where they are
/// not kept, the label says so.
class CursorPictures : public QObject
{
    Q_OBJECT

public:
    CursorPictures(RunController& run, TimeCursor& cursor, ui::MainWindow& window, QObject* parent = nullptr);

    /// Another run is on display, its images in the grid and its label above them.
    void show(std::shared_ptr<const KeptRun> run);
    /// x_t as the network reads it at the step, in place of what the step makes of it; also where nobody has
    /// taken the cursor of a run that has ended.
    void setBeforeStep(bool before);
    /// Steps done of the pictures in the grid; nothing where they are not of a step of the past.
    std::optional<int> stepsDone() const { return m_stepsDone; }

Q_SIGNALS:
    /// The pictures that were asked for last are in the grid.
    void shown();

private:
    /// The states that stand for a step, and what is to be said of them.
    struct Plan {
        std::vector<PictureMaker::Place> places;
        int stepsDone = -1;  ///< of those that have come farthest; -1: nothing is held
        bool behind = false;
        bool predicted = true;  ///< kept of all of them
    };

    void begin();
    void refresh();
    void showStep(int step);
    void letGo();
    void ask(const std::shared_ptr<const Trajectory>& trajectory, const Plan& plan);
    void receive(int stepsDone, const std::vector<PictureMaker::Made>& made);
    std::shared_ptr<const Trajectory> trajectory() const;
    /// `before`: the predicted x_0 is the one that comes of x_t.
    static Plan planFor(const Trajectory& trajectory, int stepsDone, bool before = false);
    QString describe(const Plan& plan, int wanted, bool latent) const;
    QString reasonForNone() const;
    /// "t = 512   step 31 / 50"
    QString placeText(int step) const;

    RunController& m_run;
    TimeCursor& m_cursor;
    ui::MainWindow& m_window;
    PictureMaker m_maker;
    std::shared_ptr<const KeptRun> m_kept;
    QString m_restWhat;  ///< the label while nobody has taken the cursor
    QString m_restStep;
    bool m_beforeStep = false;
    bool m_moved = false;   ///< the grid shows, or will, other pictures than the run's newest
    bool m_worded = false;  ///< the label says why there are no others
    std::optional<int> m_stepsDone;
    int m_asked = -1;  ///< steps done of what was asked for last
};

}  // namespace duodiff::studio
