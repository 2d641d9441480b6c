// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/run_queue.h"

#include "report/atomic_file.h"
#include "report/report_numbers.h"
#include "studio/history_store.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"

#include <QAction>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

using ui::QueueState;

namespace
{

constexpr qint64 largestFile = 32 * 1024 * 1024;

ui::QueueRow rowOf(const QueueItem& item)
{
    const SamplingSettings& s = item.settings;
    ui::QueueRow row;
    row.id = item.id;
    row.title = QString::fromStdString(policy_label(s));
    row.detail = RunQueue::tr("%1 · seed %2 · %3 images · %4, %5 steps")
                     .arg(item.modelName)
                     .arg(s.seed)
                     .arg(s.count)
                     .arg(QString::fromUtf8(display_name(s.solver).data()))
                     .arg(s.steps);
    row.state = item.state;
    row.error = item.error;
    return row;
}

}  // namespace

RunQueue::RunQueue(StateFolder& folder, ui::MainWindow& window, QueueHost host, QObject* parent)
    : QObject(parent),
      m_folder(folder),
      m_window(window),
      m_host(std::move(host)),
      m_panel(new ui::QueuePanel(&m_model))
{
    window.addPanel(tr("Queue"), QStringLiteral("queueDock"), m_panel,
                    {Qt::RightDockWidgetArea, QStringLiteral("historyDock")}, QStringLiteral("Ctrl+6"));
    addActions();
    connect(&window, &ui::MainWindow::themeChanged, m_panel, &ui::QueuePanel::setTheme);
    connect(&m_model, &ui::QueueModel::orderChanged, this, &RunQueue::takeOrder);
    connect(m_panel, &ui::QueuePanel::startOrPauseAsked, this, [this] { setPaused(!m_paused); });
    connect(m_panel, &ui::QueuePanel::cancelAllAsked, this, &RunQueue::cancelAll);
    connect(m_panel, &ui::QueuePanel::removeAsked, this, &RunQueue::remove);
    connect(m_panel, &ui::QueuePanel::retryAsked, this, &RunQueue::retry);
}

RunQueue::~RunQueue()
{
    m_folder.wait();
}

void RunQueue::addActions()
{
    const auto action = [this](const QString& text, const QString& keys, const QString& toolTip, auto what) {
        QAction* made = m_window.addAction(ui::MenuKind::run, text, keys, toolTip);
        connect(made, &QAction::triggered, this, what);
        return made;
    };
    m_window.addSeparator(ui::MenuKind::run);
    m_add = m_window.addAction(ui::MenuKind::run, tr("Add to &queue"), QStringLiteral("Ctrl+Shift+Return"),
                               tr("Put a run with the settings of the controls into the queue"));
    action(tr("Start or &pause the queue"), QStringLiteral("Ctrl+Shift+Space"),
           tr("Make the queued runs one after the other, or let the one in progress be the last"),
           [this] { setPaused(!m_paused); });
    action(tr("&Cancel the whole queue"), QStringLiteral("Ctrl+Shift+X"),
           tr("Stop the queued run in progress and cancel those that wait"), [this] { cancelAll(); });
    action(tr("Run the queued one &again"), QStringLiteral("Ctrl+Shift+Y"),
           tr("Let the selected run of the queue, which failed or was cancelled, wait again"),
           [this] { retry(m_panel->currentId()); });
    for (QAction* ofTheList :
         {action(tr("Move &up in the queue"), QStringLiteral("Alt+Up"),
                 tr("Make the selected run of the queue before the one above it"), [this] { move(-1); }),
          action(tr("Move do&wn in the queue"), QStringLiteral("Alt+Down"),
                 tr("Make the selected run of the queue after the one below it"), [this] { move(1); }),
          action(tr("Re&move from the queue"), QStringLiteral("Shift+Del"),
                 tr("Take the selected run out of the queue; one in progress is stopped"),
                 [this] { remove(m_panel->currentId()); })}) {
        ofTheList->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        m_panel->list()->addAction(ofTheList);
    }
}

void RunQueue::load()
{
    if (!m_folder.isOwner() || !QFileInfo::exists(file())) {
        return;
    }
    StoredQueue stored;
    {
        QFile source(file());
        stored = source.size() <= largestFile && source.open(QIODevice::ReadOnly)
                     ? queueFromJson(source.readAll())
                     : StoredQueue{.paused = true, .items = {}, .damaged = true};
    }
    ui::Message message;
    message.lasting = true;
    if (stored.damaged) {
        message.what = tr("The queue could not be read whole; it is paused.");
        message.where = tr("The former file is kept as %1.").arg(QDir::toNativeSeparators(setAside(file())));
    }
    std::erase_if(stored.items, [](const QueueItem& item) { return item.state == QueueState::done; });
    std::vector<ui::QueueRow> rows;
    bool anyWaits = false;
    for (QueueItem& item : stored.items) {
        item.state = item.state == QueueState::running ? QueueState::waiting : item.state;
        anyWaits = anyWaits || item.state == QueueState::waiting;
        rows.push_back(rowOf(item));
    }
    m_items = std::move(stored.items);
    m_model.setRows(std::move(rows));
    m_paused = stored.paused || stored.damaged || (m_folder.crashed() && anyWaits);
    m_panel->setPaused(m_paused);
    if (m_folder.crashed() && anyWaits && message.what.isEmpty()) {
        message.what = tr("The studio did not come to its end the last time; the queue is paused.");
    }
    if (!message.what.isEmpty()) {
        if (anyWaits) {
            message.actions = {{tr("Start the queue"), [this] { setPaused(false); }}};
        }
        m_window.messages()->post(std::move(message));
    }
    save();
}

QueueItem* RunQueue::find(const QString& id)
{
    const auto at =
        std::find_if(m_items.begin(), m_items.end(), [&](const QueueItem& item) { return item.id == id; });
    return at == m_items.end() ? nullptr : &*at;
}

void RunQueue::setState(QueueItem& item, QueueState state, const QString& error)
{
    item.state = state;
    item.error = error;
    m_model.update(rowOf(item));
}

void RunQueue::add(const SamplingSettings& settings, const QString& model, const QString& modelName)
{
    m_items.push_back({HistoryStore::newId(), settings, model, modelName, QueueState::waiting, {}});
    m_model.append(rowOf(m_items.back()));
    save();
    advance();
}

void RunQueue::remove(const QString& id)
{
    if (find(id) == nullptr) {
        return;
    }
    const int row = m_model.rowOf(id).value_or(0);
    std::erase_if(m_items, [&](const QueueItem& item) { return item.id == id; });
    m_model.remove(id);
    m_panel->list()->setCurrentIndex(m_model.index(std::min(row, m_model.rowCount() - 1)));
    save();
    if (id == m_running) {
        m_cancelling = true;
        m_host.stop();
    }
}

void RunQueue::retry(const QString& id)
{
    QueueItem* item = find(id);
    if (item != nullptr && (item->state == QueueState::failed || item->state == QueueState::cancelled)) {
        setState(*item, QueueState::waiting);
        save();
        advance();
    }
}

void RunQueue::cancelAll()
{
    for (QueueItem& item : m_items) {
        if (item.state == QueueState::waiting) {
            setState(item, QueueState::cancelled);
        }
    }
    save();
    if (isRunning()) {
        m_cancelling = true;
        m_host.stop();
    }
}

void RunQueue::setPaused(bool paused)
{
    m_paused = paused;
    m_panel->setPaused(paused);
    save();
    advance();
}

void RunQueue::move(int by)
{
    const QString id = m_panel->currentId();
    const auto row = m_model.rowOf(id);
    if (row && *row + by >= 0 && *row + by < m_model.rowCount()) {
        m_model.moveRow({}, *row, {}, by < 0 ? *row - 1 : *row + 2);
        m_panel->select(id);
    }
}

void RunQueue::takeOrder()
{
    std::stable_sort(m_items.begin(), m_items.end(), [this](const QueueItem& a, const QueueItem& b) {
        return m_model.rowOf(a.id) < m_model.rowOf(b.id);
    });
    save();
}

void RunQueue::advance()
{
    if (m_paused || isRunning() || !m_host.isIdle()) {
        return;
    }
    const auto next = std::find_if(m_items.begin(), m_items.end(),
                                   [](const QueueItem& item) { return item.state == QueueState::waiting; });
    if (next == m_items.end()) {
        return;
    }
    m_running = next->id;
    m_cancelling = false;
    setState(*next, QueueState::running);
    save();
    m_host.start(QueueItem(*next));
}

void RunQueue::setProgress(double share, std::optional<double> secondsLeft)
{
    if (isRunning()) {
        m_model.setProgress(m_running, share, secondsLeft);
    }
}

void RunQueue::runEnded(JobState state)
{
    if (!isRunning()) {
        // A run of the person's own; the queue waited for it.
        QTimer::singleShot(0, this, &RunQueue::advance);
        return;
    }
    const QString id = std::exchange(m_running, {});
    m_failed = state == JobState::failed ? id : QString();
    if (QueueItem* item = find(id)) {
        setState(*item, state == JobState::done     ? QueueState::done
                        : state == JobState::failed ? QueueState::failed
                                                    : QueueState::cancelled);
    }
    const bool stoppedByHand = state == JobState::cancelled && !std::exchange(m_cancelling, false);
    const bool anyWaits = std::any_of(m_items.begin(), m_items.end(), [](const QueueItem& item) {
        return item.state == QueueState::waiting;
    });
    if (stoppedByHand && anyWaits) {
        setPaused(true);
        ui::Message message;
        message.what = tr("The queued run was stopped, and the queue is paused.");
        message.actions = {{tr("Start the queue"), [this] { setPaused(false); }}};
        m_window.messages()->post(std::move(message));
        return;
    }
    save();
    QTimer::singleShot(0, this, &RunQueue::advance);
}

bool RunQueue::runFailed(const Failure& failure)
{
    const QString id = isRunning() ? m_running : m_failed;
    QueueItem* item = find(id);
    if (item == nullptr) {
        return false;
    }
    if (isRunning()) {
        runEnded(JobState::failed);
        item = find(id);
    }
    m_failed.clear();
    setState(*item, QueueState::failed, QString::fromStdString(failure.what));
    save();
    m_window.messages()->postFailure(failure, {{tr("Retry"), [this, id] { retry(id); }}});
    return true;
}

void RunQueue::save()
{
    if (m_folder.isOwner()) {
        m_folder.post([this, path = file().toStdU16String(), json = queueToJson(m_items, m_paused)] {
            try {
                write_file_atomically(
                    path, std::string_view(json.constData(), static_cast<std::size_t>(json.size())));
            } catch (...) {
                const Failure failure = current_failure("queue");
                QMetaObject::invokeMethod(
                    this, [this, failure] { m_window.messages()->postFailure(failure); },
                    Qt::QueuedConnection);
            }
        });
    }
}

}  // namespace duodiff::studio
