// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/sweep.h"
#include "studio/job.h"
#include "studio/kept_run.h"

#include <QObject>
#include <QString>

#include <map>
#include <memory>
#include <optional>
#include <vector>

class QAction;
class QDockWidget;

namespace duodiff::ui
{
class ParetoSheet;
}

namespace duodiff::studio
{

class Studio;

/// Point 13: runs a sweep of t_s, theta and steps, one run after the other, and keeps what is finished: the
/// rows in sweep.json and the images of every row, both written after each run, so that a sweep which was
/// stopped or killed goes on where it was.
class Pareto : public QObject
{
    Q_OBJECT

public:
    /// `folder` is made when there is something to keep; empty: nothing is kept on disk.
    Pareto(Studio& studio, QString folder);

    /// With the values of the sheet and the rest of the controls. False where it cannot begin.
    bool start();
    /// The missing rows of the sweep that is there.
    bool goOn();
    void stop();
    bool isRunning() const { return m_row.has_value(); }
    const Sweep& sweep() const { return m_sweep; }
    ui::ParetoSheet& sheet() { return *m_sheet; }
    /// Images of a finished row beside the full network's.
    void show(int row);
    bool writeCsv(const QString& path);

Q_SIGNALS:
    /// A row is finished and kept, or failed.
    void rowEnded(int row);
    /// Nothing runs any more: done, stopped, or failed.
    void ended();

private:
    using Images = std::vector<FinishedImage>;

    void load();
    bool save();
    void runNext();
    void onRunEnded(JobState state);
    void onRunFailed(const Failure& failure);
    void refresh();
    const Images* imagesOf(std::size_t row);
    QString rowFile(std::size_t row) const;
    void askForCsv();
    void say(const Failure& failure);

    Studio& m_studio;
    QString m_folder;
    ui::ParetoSheet* m_sheet;
    QDockWidget* m_dock;
    Sweep m_sweep;
    std::optional<std::size_t> m_row;  ///< in progress, or next
    bool m_started = false;            ///< its run is going
    bool m_stopping = false;
    std::map<std::size_t, Images> m_images;
};

}  // namespace duodiff::studio
