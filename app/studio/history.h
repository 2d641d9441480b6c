// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/history_store.h"
#include "studio/state_folder.h"
#include "ui/history_panel.h"

#include <QObject>
#include <QStringList>
#include <QThreadPool>

#include <memory>

class QAction;
class QUndoStack;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// Point 15: keeps every run on disk, and brings it back. Reading and writing go on beside the window's
/// thread.
class History : public QObject
{
    Q_OBJECT

public:
    History(StateFolder& folder, ui::MainWindow& window, QUndoStack& undo, QObject* parent = nullptr);
    ~History() override;

    /// Reads the index; `loaded` comes later.
    void load();
    void keep(std::shared_ptr<const KeptRun> run);
    /// `shown` comes later.
    void show(const QString& id);
    /// Reads the newest finished AdaDiff run of a model with this name, quietly; `recalled` comes later.
    void recall(const QString& model);
    /// One step of undo.
    void remove(const QString& id);
    void toggleFavourite(const QString& id);
    int limit() const;
    void setLimit(int runs);

    ui::HistoryModel& model() { return m_model; }
    ui::HistoryPanel& panel() { return *m_panel; }
    const HistoryStore& store() const { return m_store; }
    QAction* searchAction() const { return m_search; }
    QAction* favouriteAction() const { return m_favourite; }
    QAction* deleteAction() const { return m_delete; }

Q_SIGNALS:
    void loaded();
    void kept(const QString& id);
    void shown(const std::shared_ptr<duodiff::studio::HistoryStore::ShownRun>& run);
    void limitChanged();
    void recalled(const std::shared_ptr<const duodiff::RunRecord>& run);

private:
    class Deletion;

    void addActions();
    void loadThumbnails(const QString& id);
    void loadNextThumbnails();
    void removeNow(const QString& id);
    void restoreNow(const QString& id);
    void dropOldest();
    void warnOfLimit();
    /// On the disk thread, with what went wrong in the message bar.
    void write(std::function<void(HistoryStore&)> work);
    /// On the window's thread, unless the history has gone.
    void postBack(std::function<void()> news);

    StateFolder& m_folder;
    ui::MainWindow& m_window;
    QUndoStack& m_undo;
    HistoryStore m_store;
    ui::HistoryModel m_model;
    ui::HistoryPanel* m_panel;
    QAction* m_search = nullptr;
    QAction* m_favourite = nullptr;
    QAction* m_delete = nullptr;
    QThreadPool m_reader;
    QStringList m_thumbnailsWanted;  ///< last wanted first served
    bool m_readingThumbnails = false;
    int m_agreedLimit = 0;
};

}  // namespace duodiff::studio
