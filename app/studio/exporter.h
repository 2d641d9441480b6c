// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "studio/kept_run.h"
#include "ui/export_dialog.h"

#include <QImage>
#include <QObject>
#include <QStringList>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

class QThread;

namespace duodiff::studio
{

class ExportFolder;

ui::ExportFacts exportFacts(const KeptRun& run);

/// Point 17: writes a run into a folder, all of it or nothing: the files are made in a folder within it and
/// moved to their places when every one of them is whole. Files without Qt's painting are written on a
/// thread of their own; the plot and the PDF report follow on the window thread, one a turn of its event
/// loop.
class Exporter : public QObject
{
    Q_OBJECT

public:
    explicit Exporter(QObject* parent = nullptr);
    /// What is going on is cancelled.
    ~Exporter() override;

    /// Refused (false) while one is going on.
    bool start(std::shared_ptr<const KeptRun> run, const ui::ExportChoice& choice);
    /// Ends it soon; the folder is as it was.
    void cancel();
    /// Returns when it has ended.
    void wait();
    bool isBusy() const { return m_run != nullptr; }

Q_SIGNALS:
    void progressed(double fraction);
    /// `failure` is set where something could not be written, or it was cancelled; then `files` is empty.
    void finished(const QStringList& files, const std::optional<duodiff::Failure>& failure);

private:
    /// Does `work` on a thread of its own and then, where that threw nothing, `next` on this one.
    void onWriter(std::function<void()> work, std::function<void()> next);
    void report(double fraction);
    void paintNext();
    void end(std::optional<Failure> failure);

    std::shared_ptr<const KeptRun> m_run;
    ui::ExportChoice m_choice;
    std::unique_ptr<ExportFolder> m_folder;
    QImage m_samples;       ///< for the PDF report
    QStringList m_toPaint;  ///< names of plots and the PDF report
    QStringList m_published;
    QThread* m_writer = nullptr;
    std::atomic<bool> m_cancelled{false};
    std::atomic<int> m_percent{-1};
};

}  // namespace duodiff::studio
