// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/trajectory.h"
#include "ui/export_dialog.h"

#include <QObject>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

class QThread;

namespace duodiff::studio
{

/// A run with its images, as the window shows it.
struct KeptRun {
    RunRecord record;
    std::vector<FinishedImage> images;
    std::vector<UnfinishedImage> unfinished{};  ///< of the batch that was stopped
    /// Its states, as far as they are held; null for a run that was read from a file.
    std::shared_ptr<const Trajectory> trajectory{};
};

/// Writes a run into a folder. Files without Qt's painting are written on a thread of their own; the plot
/// and the PDF report follow on the window thread, one a turn of its event loop. Each file is written
/// whole or not at all; the first that fails ends the export.
class Exporter : public QObject
{
    Q_OBJECT

public:
    explicit Exporter(QObject* parent = nullptr);
    ~Exporter() override;

    /// Refused (false) while one is going on.
    bool start(std::shared_ptr<const KeptRun> run, const ui::ExportChoice& choice);
    bool isBusy() const { return m_run != nullptr; }

Q_SIGNALS:
    void progressed(double fraction);
    /// `failure` is set where something could not be written; `files` are those that were.
    void finished(const QStringList& files, const std::optional<duodiff::Failure>& failure);

private:
    void paintNext();
    void end(const std::optional<Failure>& failure);

    std::shared_ptr<const KeptRun> m_run;
    ui::ExportChoice m_choice;
    QStringList m_files;
    QStringList m_toPaint;  ///< plots and the PDF report
    QThread* m_writer = nullptr;
};

}  // namespace duodiff::studio
