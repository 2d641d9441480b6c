// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/history_model.h"

#include <QByteArray>
#include <QString>

#include <optional>
#include <vector>

namespace duodiff::studio
{

/// The lines of the history's index.
QByteArray addLine(const ui::HistoryEntry& entry);
QByteArray removeLine(const QString& id);
QByteArray favouriteLine(const QString& id, bool favourite);

/// What entry.json says; nothing where it is damaged.
QByteArray entryToJson(const ui::HistoryEntry& entry);
std::optional<ui::HistoryEntry> entryFromJson(const QByteArray& json);

struct ReadIndex {
    std::vector<ui::HistoryEntry> entries;  ///< by id
    int lines = 0;
    int damagedLines = 0;  ///< the last one aside, where it was cut off
    bool cutOff = false;   ///< the last line has no end
};
ReadIndex readIndex(const QByteArray& bytes);

/// An id names a folder: digits, letters and dashes only.
bool isHistoryId(const QString& id);

}  // namespace duodiff::studio
