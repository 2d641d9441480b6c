// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/history.h"

#include "base/error.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"

#include <QAction>
#include <QDir>
#include <QDockWidget>
#include <QLineEdit>
#include <QMetaObject>
#include <QPointer>
#include <QSpinBox>
#include <QUndoStack>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// Enough for the rows of a tall window; what was wanted before has been scrolled past.
constexpr qsizetype mostThumbnailsWanted = 48;

}  // namespace

class History::Deletion : public QUndoCommand
{
public:
    Deletion(History& history, QString id, const QString& text)
        : QUndoCommand(text), m_history(history), m_id(std::move(id))
    {
    }
    void redo() override { m_history.removeNow(m_id); }
    void undo() override { m_history.restoreNow(m_id); }

private:
    History& m_history;
    QString m_id;
};

History::History(StateFolder& folder, ui::MainWindow& window, QUndoStack& undo, QObject* parent)
    : QObject(parent),
      m_folder(folder),
      m_window(window),
      m_undo(undo),
      m_store(folder.filePath(QStringLiteral("history"))),
      m_panel(new ui::HistoryPanel(&m_model))
{
    m_reader.setMaxThreadCount(1);
    m_agreedLimit = limit();
    window.addPanel(tr("History"), QStringLiteral("historyDock"), m_panel, {}, QStringLiteral("Ctrl+4"));
    addActions();
    connect(&window, &ui::MainWindow::themeChanged, m_panel, &ui::HistoryPanel::setTheme);
    connect(&m_model, &ui::HistoryModel::thumbnailsWanted, this, &History::loadThumbnails);
    connect(m_panel, &ui::HistoryPanel::showAsked, this, &History::show);
    connect(m_panel, &ui::HistoryPanel::removeAsked, this, &History::remove);
    connect(m_panel, &ui::HistoryPanel::favouriteAsked, this, &History::toggleFavourite);
    connect(m_panel, &ui::HistoryPanel::limitChanged, this, [this] {
        warnOfLimit();
        Q_EMIT limitChanged();
    });
}

History::~History()
{
    m_reader.clear();
    m_reader.waitForDone();
    m_folder.wait();
}

void History::addActions()
{
    using ui::MenuKind;
    m_search = m_window.addAction(MenuKind::edit, tr("&Search the history"), QStringLiteral("Ctrl+F"),
                                  tr("Look for a run by policy, model, class, seed or date"));
    m_favourite = m_window.addAction(MenuKind::edit, tr("Keep as &favourite"), QStringLiteral("Ctrl+B"),
                                     tr("Give the selected run of the history a star, or take it away"));
    m_delete = m_window.addAction(MenuKind::edit, tr("&Delete from the history"), QStringLiteral("Del"),
                                  tr("Delete the selected run of the history; Undo brings it back"));
    // Del belongs to whatever has the focus.
    m_delete->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    m_panel->list()->addAction(m_delete);
    connect(m_search, &QAction::triggered, this, [this] {
        auto* dock = m_window.findChild<QDockWidget*>(QStringLiteral("historyDock"));
        dock->show();
        dock->raise();
        m_panel->search()->setFocus(Qt::ShortcutFocusReason);
        m_panel->search()->selectAll();
    });
    connect(m_favourite, &QAction::triggered, this, [this] { toggleFavourite(m_panel->currentId()); });
    connect(m_delete, &QAction::triggered, this, [this] { remove(m_panel->currentId()); });
}

void History::postBack(std::function<void()> news)
{
    QMetaObject::invokeMethod(this, std::move(news), Qt::QueuedConnection);
}

void History::write(std::function<void(HistoryStore&)> work)
{
    if (!m_folder.isUsable()) {
        return;
    }
    m_folder.post([this, work = std::move(work)] {
        try {
            work(m_store);
        } catch (...) {
            postBack(
                [this, failure = current_failure("history")] { m_window.messages()->postFailure(failure); });
        }
    });
}

void History::load()
{
    if (!m_folder.isUsable()) {
        return;
    }
    m_panel->setLoading(true);
    m_folder.post([this, tidy = m_folder.isOwner()] {
        HistoryStore::Loaded read;
        std::optional<Failure> failure;
        try {
            read = m_store.load(tidy);
        } catch (...) {
            failure = current_failure("history");
        }
        postBack([this, read = std::move(read), failure]() mutable {
            m_panel->setLoading(false);
            m_model.setEntries(std::move(read.entries));
            for (const QString& notice : read.notices) {
                ui::Message message;
                message.what = notice;
                message.lasting = true;
                m_window.messages()->post(std::move(message));
            }
            if (failure) {
                m_window.messages()->postFailure(*failure);
            }
            Q_EMIT loaded();
        });
    });
}

void History::keep(std::shared_ptr<const KeptRun> run)
{
    write([this, run = std::move(run), id = HistoryStore::newId()](HistoryStore& store) {
        const ui::HistoryEntry entry = store.add(id, *run);
        postBack([this, entry] {
            m_model.insert(entry);
            m_agreedLimit = limit();
            dropOldest();
            Q_EMIT kept(entry.id);
        });
    });
}

void History::dropOldest()
{
    int ordinary = 0;
    QStringList surplus;
    for (const ui::HistoryEntry& entry : m_model.entries()) {
        if (!entry.favourite && ++ordinary > limit()) {
            surplus << entry.id;
        }
    }
    for (const QString& id : surplus) {
        m_model.remove(id);
        write([id](HistoryStore& store) { store.drop(id); });
    }
}

void History::warnOfLimit()
{
    const auto ordinary = std::count_if(m_model.entries().begin(), m_model.entries().end(),
                                        [](const ui::HistoryEntry& entry) { return !entry.favourite; });
    if (ordinary <= limit()) {
        m_agreedLimit = limit();
        return;
    }
    ui::Message message;
    message.what = tr("The %1 oldest runs go when the next one is kept.").arg(ordinary - limit());
    message.remedy = tr("Favourites stay.");
    message.actions = {
        {tr("Keep %1 runs").arg(m_agreedLimit), [this, former = m_agreedLimit] { setLimit(former); }}};
    m_window.messages()->post(std::move(message));
}

int History::limit() const
{
    return m_panel->limitBox()->value();
}

void History::setLimit(int runs)
{
    m_panel->limitBox()->setValue(runs);
    m_agreedLimit = limit();
}

void History::loadThumbnails(const QString& id)
{
    m_thumbnailsWanted.removeOne(id);
    m_thumbnailsWanted.prepend(id);
    m_thumbnailsWanted = m_thumbnailsWanted.mid(0, mostThumbnailsWanted);
    loadNextThumbnails();
}

void History::loadNextThumbnails()
{
    if (m_readingThumbnails || m_thumbnailsWanted.isEmpty()) {
        return;
    }
    m_readingThumbnails = true;
    m_reader.start([this, id = m_thumbnailsWanted.takeFirst()] {
        const QImage strip = m_store.thumbnails(id);
        postBack([this, id, strip] {
            m_readingThumbnails = false;
            m_model.setThumbnails(id, strip);
            loadNextThumbnails();
        });
    });
}

void History::recall(const QString& model)
{
    const auto& entries = m_model.entries();
    const auto found = std::find_if(entries.begin(), entries.end(), [&model](const ui::HistoryEntry& entry) {
        return entry.model == model && entry.state == RunState::done &&
               entry.title.startsWith(QStringLiteral("AdaDiff"));
    });
    if (found == entries.end()) {
        return;
    }
    m_reader.start([this, path = m_store.runFolder(found->id)] {
        try {
            const EarlierRun earlier =
                readEarlierRun({DroppedKind::runFile, (path + QStringLiteral("/run.json")).toStdU16String()});
            postBack(
                [this, run = std::make_shared<const RunRecord>(earlier.record)] { Q_EMIT recalled(run); });
        } catch (const std::exception&) {
            // Who opens that run is told; an estimate can do without it.
        }
    });
}

void History::show(const QString& id)
{
    if (m_model.find(id) == nullptr) {
        return;
    }
    m_window.setProgress(-1.0);
    m_reader.start([this, id] {
        auto read = std::make_shared<HistoryStore::ShownRun>();
        std::optional<Failure> failure;
        try {
            *read = m_store.read(id);
        } catch (...) {
            failure = current_failure(m_store.runFolder(id).toStdString());
        }
        postBack([this, id, read, failure] {
            m_window.setProgress(1.0);
            if (!failure) {
                Q_EMIT shown(read);
                return;
            }
            m_model.remove(id);
            write([this, id, failure](HistoryStore& store) {
                Failure told = *failure;
                told.remedy = tr("It was taken out of the history, and is kept in %1.")
                                  .arg(QDir::toNativeSeparators(store.setRunAside(id)))
                                  .toStdString();
                postBack([this, told] { m_window.messages()->postFailure(told); });
            });
        });
    });
}

void History::remove(const QString& id)
{
    const ui::HistoryEntry* entry = m_model.find(id);
    if (entry == nullptr) {
        return;
    }
    const QString name = QStringLiteral("%1, %2").arg(entry->title, ui::historyDetail(*entry));
    const int row = m_panel->list()->currentIndex().row();
    m_undo.push(new Deletion(*this, id, tr("deletion of %1").arg(entry->title)));
    auto* view = m_panel->list();
    view->setCurrentIndex(view->model()->index(std::min(row, view->model()->rowCount() - 1), 0));
    ui::Message message;
    message.what = tr("Deleted from the history: %1.").arg(name);
    message.remedy = tr("Until the studio is started again, Undo brings it back. (Ctrl+Z)");
    message.actions = {{tr("Undo"), [this, id] { restoreNow(id); }}};
    m_window.messages()->post(std::move(message));
}

void History::removeNow(const QString& id)
{
    if (m_model.find(id) == nullptr) {
        return;
    }
    m_model.remove(id);
    write([id](HistoryStore& store) { store.remove(id); });
}

void History::restoreNow(const QString& id)
{
    if (m_model.find(id) != nullptr) {
        return;
    }
    write([this, id](HistoryStore& store) {
        const ui::HistoryEntry entry = store.restore(id);
        postBack([this, entry] {
            m_model.insert(entry);
            m_panel->select(entry.id);
        });
    });
}

void History::toggleFavourite(const QString& id)
{
    if (const ui::HistoryEntry* entry = m_model.find(id)) {
        const bool favourite = !entry->favourite;
        m_model.setFavourite(id, favourite);
        write([id, favourite](HistoryStore& store) { store.setFavourite(id, favourite); });
    }
}

}  // namespace duodiff::studio
