// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/dropped.h"
#include "studio/kept_run.h"
#include "ui/history_model.h"

#include <QImage>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

namespace duodiff::studio
{

/// The history on disk. FOLDER/runs/ID/ holds a run whole: run.json, its images as PNGs with their metadata,
/// thumbnails.png, entry.json and, for one with a star, favourite. FOLDER/index.jsonl says of every run what
/// a list needs, one JSON object a line; lines are only ever appended, so that a process that is killed
/// loses its last line at most, and what it loses is read from the runs again. A run is written under
/// another name and renamed when it is complete. Deleted runs wait in FOLDER/trash.
///
/// Not thread-safe; everything may be called on any one thread at a time. Throws EngineError.
class HistoryStore
{
public:
    explicit HistoryStore(QString folder);

    struct Loaded {
        std::vector<ui::HistoryEntry> entries;
        QStringList notices;  ///< what a person has to know of damage
    };
    /// `tidy`: empties the trash, removes unfinished runs, writes the index anew where that helps.
    Loaded load(bool tidy);

    ui::HistoryEntry add(const QString& id, const KeptRun& run);
    void setFavourite(const QString& id, bool favourite);
    /// Into the trash.
    void remove(const QString& id);
    ui::HistoryEntry restore(const QString& id);
    /// For good.
    void drop(const QString& id);

    struct ShownRun {
        EarlierRun run;
        std::shared_ptr<KeptRun> kept;  ///< with its images, as far as they can be read
    };
    ShownRun read(const QString& id) const;
    /// Null where there is none.
    QImage thumbnails(const QString& id) const;
    /// A run that cannot be read goes to FOLDER/damaged; where it is now.
    QString setRunAside(const QString& id);

    /// Grows with time, and no two are alike.
    static QString newId();

    QString runFolder(const QString& id) const;
    QString indexFile() const;

private:
    void append(const QByteArray& line) const;
    void writeIndex(const std::vector<ui::HistoryEntry>& entries) const;
    std::optional<ui::HistoryEntry> readEntry(const QString& id) const;
    ui::HistoryEntry describe(const QString& id, const RunRecord& record) const;

    QString m_folder;
};

}  // namespace duodiff::studio
