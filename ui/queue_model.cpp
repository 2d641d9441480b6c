// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/queue_panel.h"

#include "ui/status_strip.h"

#include <QCoreApplication>

#include <algorithm>
#include <utility>

namespace duodiff::ui
{

QString queueStateText(QueueState state)
{
    switch (state) {
        case QueueState::waiting:
            return QCoreApplication::translate("Queue", "waiting");
        case QueueState::running:
            return QCoreApplication::translate("Queue", "running");
        case QueueState::done:
            return QCoreApplication::translate("Queue", "done");
        case QueueState::failed:
            return QCoreApplication::translate("Queue", "failed");
        case QueueState::cancelled:
            break;
    }
    return QCoreApplication::translate("Queue", "cancelled");
}

QString queueRowState(const QueueRow& row)
{
    QString text = queueStateText(row.state);
    if (row.state == QueueState::running && row.progress) {
        text += QStringLiteral(", %1 %").arg(static_cast<int>(100.0 * *row.progress));
        text += row.secondsLeft ? QStringLiteral(", ") + timeLeftText(*row.secondsLeft) : QString();
    }
    return row.error.isEmpty() ? text : QStringLiteral("%1: %2").arg(text, row.error);
}

void QueueModel::setRows(std::vector<QueueRow> rows)
{
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

void QueueModel::append(const QueueRow& row)
{
    beginInsertRows({}, rowCount(), rowCount());
    m_rows.push_back(row);
    endInsertRows();
}

void QueueModel::update(const QueueRow& row)
{
    if (const auto at = rowOf(row.id)) {
        m_rows[static_cast<std::size_t>(*at)] = row;
        Q_EMIT dataChanged(index(*at), index(*at));
    }
}

void QueueModel::setProgress(const QString& id, double share, std::optional<double> secondsLeft)
{
    if (const auto at = rowOf(id)) {
        QueueRow& row = m_rows[static_cast<std::size_t>(*at)];
        const QString former = queueRowState(row);
        row.progress = std::clamp(share, 0.0, 1.0);
        row.secondsLeft = secondsLeft;
        if (queueRowState(row) != former) {
            Q_EMIT dataChanged(index(*at), index(*at), {Qt::ToolTipRole, Qt::AccessibleTextRole});
        }
    }
}

void QueueModel::remove(const QString& id)
{
    if (const auto at = rowOf(id)) {
        beginRemoveRows({}, *at, *at);
        m_rows.erase(m_rows.begin() + *at);
        endRemoveRows();
    }
}

std::optional<int> QueueModel::rowOf(const QString& id) const
{
    const auto at =
        std::find_if(m_rows.begin(), m_rows.end(), [&](const QueueRow& row) { return row.id == id; });
    return at == m_rows.end() ? std::nullopt : std::optional(static_cast<int>(at - m_rows.begin()));
}

int QueueModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant QueueModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    const QueueRow& row = m_rows[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
            return row.title;
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole:
            return QStringLiteral("%1\n%2\n%3").arg(row.title, row.detail, queueRowState(row));
        case IdRole:
            return row.id;
        default:
            return {};
    }
}

Qt::ItemFlags QueueModel::flags(const QModelIndex& index) const
{
    // Between the rows, not on one of them.
    return index.isValid()
               ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled | Qt::ItemNeverHasChildren
               : Qt::ItemIsDropEnabled;
}

bool QueueModel::moveRows(const QModelIndex& from, int row, int count, const QModelIndex& to, int before)
{
    const bool isInside = !from.isValid() && !to.isValid() && row >= 0 && count > 0 &&
                          row + count <= rowCount() && before >= 0 && before <= rowCount();
    if (!isInside || !beginMoveRows(from, row, row + count - 1, to, before)) {
        return false;
    }
    const auto first = m_rows.begin() + row;
    if (before < row) {
        std::rotate(m_rows.begin() + before, first, first + count);
    } else {
        std::rotate(first, first + count, m_rows.begin() + before);
    }
    endMoveRows();
    Q_EMIT orderChanged();
    return true;
}

}  // namespace duodiff::ui
