// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/history_model.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::ui
{

namespace
{

constexpr int cachedStrips = 400;

QString tr(const char* text)
{
    return QCoreApplication::translate("History", text);
}

QString searchTextOf(const HistoryEntry& entry)
{
    const QDateTime time = entry.time.toLocalTime();
    const QStringList parts{entry.title,
                            entry.model,
                            entry.solver,
                            tr("%1 steps").arg(entry.steps),
                            entry.classes.join(QLatin1Char(' ')),
                            tr("seed %1").arg(entry.seed),
                            time.toString(Qt::ISODate),
                            QLocale::c().toString(time, QStringLiteral("d MMMM yyyy dddd"))};
    return parts.join(QLatin1Char('\n')).toLower();
}

bool isOlder(const HistoryEntry& entry, const QString& id)
{
    return entry.id > id;
}

}  // namespace

QString historyDetail(const HistoryEntry& entry)
{
    return QStringLiteral("%1 · %2").arg(entry.model, tr("seed %1").arg(entry.seed));
}

QString historyOutcome(const HistoryEntry& entry)
{
    const QDateTime local = entry.time.toLocalTime();
    const QDate today = QDate::currentDate();
    const QString form = local.date() == today                 ? QStringLiteral("HH:mm")
                         : local.date().year() == today.year() ? QStringLiteral("d MMM, HH:mm")
                                                               : QStringLiteral("d MMM yyyy");
    QStringList parts;
    // What is not whole comes first: the end of the line may not fit.
    if (entry.images < entry.asked) {
        parts << tr("%1 of %2 images").arg(entry.images).arg(entry.asked);
        if (entry.unfinished > 0) {
            parts << tr("%1 unfinished").arg(entry.unfinished);
        }
    }
    if (entry.state == RunState::failed) {
        parts << tr("failed");
    } else if (std::isfinite(entry.skipped)) {
        parts << tr("%1 % skipped").arg(std::lround(100.0 * entry.skipped));
    }
    parts << QLocale::c().toString(local, form);
    if (entry.images >= entry.asked) {
        parts << (entry.images == 1 ? tr("1 image") : tr("%1 images").arg(entry.images));
    }
    return parts.join(QStringLiteral(" · "));
}

QString historyText(const HistoryEntry& entry)
{
    QString text = QStringLiteral("%1\n%2\n%3, %4\n%5")
                       .arg(entry.title, historyDetail(entry), entry.solver, tr("%1 steps").arg(entry.steps),
                            historyOutcome(entry));
    if (entry.favourite) {
        text += QLatin1Char('\n') + tr("Favourite");
    }
    return text;
}

HistoryModel::HistoryModel(QObject* parent) : QAbstractListModel(parent), m_thumbnails(cachedStrips) {}

void HistoryModel::setEntries(std::vector<HistoryEntry> entries)
{
    beginResetModel();
    m_entries = std::move(entries);
    std::sort(m_entries.begin(), m_entries.end(),
              [](const HistoryEntry& a, const HistoryEntry& b) { return a.id > b.id; });
    m_search.clear();
    for (const HistoryEntry& entry : m_entries) {
        m_search.push_back(searchTextOf(entry));
    }
    m_thumbnails.clear();
    endResetModel();
}

int HistoryModel::place(const QString& id) const
{
    const auto at = std::lower_bound(m_entries.begin(), m_entries.end(), id, isOlder);
    return static_cast<int>(at - m_entries.begin());
}

std::optional<int> HistoryModel::rowOf(const QString& id) const
{
    const int row = place(id);
    return row < rowCount() && entry(row).id == id ? std::optional(row) : std::nullopt;
}

const HistoryEntry* HistoryModel::find(const QString& id) const
{
    const auto row = rowOf(id);
    return row ? &entry(*row) : nullptr;
}

void HistoryModel::insert(const HistoryEntry& entry)
{
    const int row = place(entry.id);
    if (const auto known = rowOf(entry.id)) {
        m_entries[static_cast<std::size_t>(row)] = entry;
        m_search[static_cast<std::size_t>(row)] = searchTextOf(entry);
        Q_EMIT dataChanged(index(row), index(row));
        return;
    }
    beginInsertRows({}, row, row);
    m_entries.insert(m_entries.begin() + row, entry);
    m_search.insert(m_search.begin() + row, searchTextOf(entry));
    endInsertRows();
}

void HistoryModel::remove(const QString& id)
{
    if (const auto row = rowOf(id)) {
        beginRemoveRows({}, *row, *row);
        m_entries.erase(m_entries.begin() + *row);
        m_search.erase(m_search.begin() + *row);
        endRemoveRows();
        m_thumbnails.remove(id);
    }
}

void HistoryModel::setFavourite(const QString& id, bool favourite)
{
    if (const auto row = rowOf(id)) {
        m_entries[static_cast<std::size_t>(*row)].favourite = favourite;
        Q_EMIT dataChanged(index(*row), index(*row));
    }
}

QImage HistoryModel::thumbnails(const QString& id) const
{
    if (const QImage* strip = m_thumbnails.object(id)) {
        return *strip;
    }
    Q_EMIT thumbnailsWanted(id);
    return {};
}

void HistoryModel::setThumbnails(const QString& id, const QImage& strip)
{
    if (const auto row = rowOf(id)) {
        m_thumbnails.insert(id, new QImage(strip));
        Q_EMIT dataChanged(index(*row), index(*row), {Qt::DecorationRole});
    }
}

int HistoryModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

QVariant HistoryModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    const HistoryEntry& shown = entry(index.row());
    switch (role) {
        case Qt::DisplayRole:
            return shown.title;
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole:
            return historyText(shown);
        case IdRole:
            return shown.id;
        case FavouriteRole:
            return shown.favourite;
        case SearchRole:
            return m_search[static_cast<std::size_t>(index.row())];
        default:
            return {};
    }
}

void HistoryFilter::setWords(const QString& text)
{
    m_words = text.toLower().simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

void HistoryFilter::setFavouritesOnly(bool only)
{
    m_favouritesOnly = only;
    invalidateFilter();
}

bool HistoryFilter::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    if (m_favouritesOnly && !index.data(HistoryModel::FavouriteRole).toBool()) {
        return false;
    }
    if (m_words.isEmpty()) {
        return true;
    }
    const QString text = index.data(HistoryModel::SearchRole).toString();
    return std::all_of(m_words.begin(), m_words.end(),
                       [&text](const QString& word) { return text.contains(word); });
}

}  // namespace duodiff::ui
