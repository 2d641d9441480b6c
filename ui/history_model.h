// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/run_record.h"

#include <QAbstractListModel>
#include <QCache>
#include <QDateTime>
#include <QImage>
#include <QSortFilterProxyModel>
#include <QStringList>

#include <optional>
#include <vector>

namespace duodiff::ui
{

/// What the history says of one run without reading the run itself.
struct HistoryEntry {
    QString id;     ///< grows with time
    QString title;  ///< policy and its value: "AdaDiff, θ = 0.08"
    QString model;
    QString solver;
    int steps = 0;
    std::uint64_t seed = 0;
    QDateTime time;        ///< UTC, of the start
    double skipped = 0.0;  ///< share of the full network's blocks that did not run, 0..1
    int images = 0;        ///< finished
    int unfinished = 0;    ///< kept of a batch that was stopped
    int asked = 0;
    RunState state = RunState::done;
    QStringList classes;  ///< names of those in the run
    int thumbnails = 0;   ///< in its strip
    qint64 bytes = 0;     ///< on disk
    bool favourite = false;

    bool operator==(const HistoryEntry&) const = default;
};

/// Second and third line of a row, and all of it in words.
QString historyDetail(const HistoryEntry& entry);
QString historyOutcome(const HistoryEntry& entry);
QString historyText(const HistoryEntry& entry);

/// The kept runs, newest first. Holds what the index says; thumbnails are asked for when a view wants them.
class HistoryModel : public QAbstractListModel
{
    Q_OBJECT

public:
    enum Role { IdRole = Qt::UserRole, FavouriteRole, SearchRole };

    explicit HistoryModel(QObject* parent = nullptr);

    void setEntries(std::vector<HistoryEntry> entries);
    /// Takes its place by its id; replaces one of the same id.
    void insert(const HistoryEntry& entry);
    void remove(const QString& id);
    void setFavourite(const QString& id, bool favourite);
    const std::vector<HistoryEntry>& entries() const { return m_entries; }
    const HistoryEntry* find(const QString& id) const;
    const HistoryEntry& entry(int row) const { return m_entries[static_cast<std::size_t>(row)]; }

    /// The strip of a run; null, and `thumbnailsWanted`, where it is not there yet.
    QImage thumbnails(const QString& id) const;
    /// A null image: there are none to be had.
    void setThumbnails(const QString& id, const QImage& strip);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

Q_SIGNALS:
    void thumbnailsWanted(const QString& id) const;

private:
    std::optional<int> rowOf(const QString& id) const;
    int place(const QString& id) const;

    std::vector<HistoryEntry> m_entries;
    std::vector<QString> m_search;  ///< lower case, one an entry
    QCache<QString, QImage> m_thumbnails;
};

/// What the search field and the favourites button leave of it.
class HistoryFilter : public QSortFilterProxyModel
{
    Q_OBJECT

public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

    /// Every word has to occur, in any order, in the policy, its value, the model, the solver, the class
    /// names, the seed or the date.
    void setWords(const QString& text);
    void setFavouritesOnly(bool only);
    bool isFiltering() const { return m_favouritesOnly || !m_words.isEmpty(); }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList m_words;
    bool m_favouritesOnly = false;
};

}  // namespace duodiff::ui
