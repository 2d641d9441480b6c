// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/settings.h"
#include "ui/queue_panel.h"

#include <QByteArray>
#include <QString>

#include <vector>

namespace duodiff::studio
{

/// A run that waits for its turn, or had it.
struct QueueItem {
    QString id;
    SamplingSettings settings;
    QString model;      ///< path to open
    QString modelName;  ///< for people
    ui::QueueState state = ui::QueueState::waiting;
    QString error;
};

struct StoredQueue {
    bool paused = false;
    std::vector<QueueItem> items;
    bool damaged = false;  ///< what could be read is in `items`
};

QByteArray queueToJson(const std::vector<QueueItem>& items, bool paused);
StoredQueue queueFromJson(const QByteArray& json);

}  // namespace duodiff::studio
