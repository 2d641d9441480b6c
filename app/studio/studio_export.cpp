// SPDX-License-Identifier: GPL-3.0-or-later
// Point 17: from the dialog to the files.
#include "studio/studio.h"
#include "ui/message_bar.h"

#include <QAction>
#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>
#include <QUrl>

#include <utility>

namespace duodiff::studio
{

using ui::Act;

namespace
{

/// Longer waits say what is going on, and can be ended.
constexpr int patienceMs = 300;

}  // namespace

void Studio::connectExport()
{
    m_cancelExport =
        m_window.addAction(ui::MenuKind::file, tr("&Cancel the export"), QStringLiteral("Ctrl+Shift+K"),
                           tr("End the export in progress; nothing of it is written"));
    connect(m_cancelExport, &QAction::triggered, &m_exporter, &Exporter::cancel);
    connect(&m_exporter, &Exporter::progressed, &m_window, &ui::MainWindow::setProgress);
    connect(&m_exporter, &Exporter::finished, this, &Studio::onExported);
    m_exportWait.setSingleShot(true);
    m_exportWait.setInterval(patienceMs);
    connect(&m_exportWait, &QTimer::timeout, this, [this] {
        ui::Message message;
        message.what = tr("Exporting into %1…").arg(QDir::toNativeSeparators(m_exporting.folder));
        message.actions = {{tr("Cancel"), [this] { m_exporter.cancel(); }}};
        m_window.messages()->post(std::move(message));
    });
    const auto on = [this](Act act, auto&& what) {
        connect(m_window.action(act), &QAction::triggered, this, what);
    };
    on(Act::exportAll, [this] { askForExport(m_exportChoice, true); });
    on(Act::exportImages,
       [this] { askForExport({.htmlReport = false, .pdfReport = false, .plotPng = false}, false); });
    on(Act::exportReport,
       [this] { askForExport({.images = false, .grid = false, .plotPng = false}, false); });
}

QString Studio::proposedFolder() const
{
    QString parent = m_exportChoice.folder.isEmpty()
                         ? QStandardPaths::writableLocation(QStandardPaths::PicturesLocation) +
                               QStringLiteral("/DuoDiff Studio")
                         : QFileInfo(m_exportChoice.folder).path();
    const QString name =
        QStringLiteral("%1-%2-seed-%3")
            .arg(QString::fromStdString(m_kept->record.model.name))
            .arg(QString::fromStdString(std::string(to_string(m_kept->record.settings.policy))))
            .arg(m_kept->record.settings.seed);
    QString folder = QDir(parent).filePath(QString(name).replace(QLatin1Char('/'), QLatin1Char('-')));
    const QString base = folder;
    for (int number = 2; QFileInfo::exists(folder); ++number) {
        folder = QStringLiteral("%1-%2").arg(base).arg(number);
    }
    return folder;
}

void Studio::askForExport(const ui::ExportChoice& preset, bool remembersKinds)
{
    if (!m_kept || m_run.isRunning() || m_exporter.isBusy()) {
        return;
    }
    ui::ExportChoice choice = preset;
    choice.folder = proposedFolder();
    auto* dialog = new ui::ExportDialog(choice, exportFacts(*m_kept), &m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    // The run that was asked about, whatever is shown by then.
    connect(dialog, &QDialog::accepted, this, [this, dialog, remembersKinds, run = m_kept] {
        if (remembersKinds) {
            m_exportChoice = dialog->preference();
        } else {
            m_exportChoice.folder = dialog->choice().folder;
        }
        m_rememberSoon.start();
        beginExport(run, dialog->choice());
    });
    dialog->show();
}

bool Studio::exportRun(const ui::ExportChoice& choice)
{
    return m_kept && beginExport(m_kept, choice);
}

bool Studio::beginExport(const std::shared_ptr<const KeptRun>& run, const ui::ExportChoice& choice)
{
    if (!m_exporter.start(run, choice)) {
        return false;
    }
    m_exporting = choice;
    m_exported = run;
    m_window.setProgress(0.0);
    m_exportWait.start();
    updateActions();
    return true;
}

void Studio::onExported(const QStringList& files, const std::optional<Failure>& failure)
{
    m_exportWait.stop();
    m_window.messages()->clearNotices();
    updateActions();
    const auto run = std::exchange(m_exported, nullptr);
    ui::Message message;
    if (failure && failure->code != ErrorCode::cancelled) {
        m_window.messages()->postFailure(
            *failure, {{tr("Retry"), [this, run, choice = m_exporting] { beginExport(run, choice); }}});
    } else if (failure) {
        message.what = QString::fromStdString(failure->what);
        m_window.messages()->post(std::move(message));
    } else if (!files.isEmpty()) {
        const QString folder = QFileInfo(files.first()).path();
        const QString native = QDir::toNativeSeparators(folder);
        message.what = files.size() == 1 ? tr("%1 is in %2").arg(QFileInfo(files.first()).fileName(), native)
                                         : tr("%1 files are in %2").arg(files.size()).arg(native);
        message.actions = {
            {tr("Show the folder"), [folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); }}};
        m_window.messages()->post(std::move(message));
    }
    Q_EMIT exported(files);
}

}  // namespace duodiff::studio
