// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/queue_store.h"

#include "base/error.h"
#include "report/run_file.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <array>
#include <optional>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr int formatVersion = 1;
constexpr qsizetype mostItems = 10'000;

using ui::QueueState;

/// As they are in the file, whatever language the window speaks.
constexpr std::array<std::pair<QueueState, const char*>, 5> stateNames = {
    {{QueueState::waiting, "waiting"},
     {QueueState::running, "running"},
     {QueueState::done, "done"},
     {QueueState::failed, "failed"},
     {QueueState::cancelled, "cancelled"}}};

std::optional<QueueItem> readItem(const QJsonObject& object)
{
    QueueItem item;
    item.id = object.value(QStringLiteral("id")).toString();
    item.model = object.value(QStringLiteral("model")).toString();
    item.modelName = object.value(QStringLiteral("name")).toString();
    item.error = object.value(QStringLiteral("error")).toString();
    const QString state = object.value(QStringLiteral("state")).toString();
    bool isKnown = false;
    for (const auto& [value, name] : stateNames) {
        if (state == QLatin1String(name)) {
            item.state = value;
            isKnown = true;
        }
    }
    try {
        item.settings = settings_from_json(object.value(QStringLiteral("settings")).toString().toStdString(),
                                           "queue.json");
    } catch (const EngineError&) {
        return std::nullopt;
    }
    return isKnown && !item.id.isEmpty() && !item.model.isEmpty() ? std::optional(item) : std::nullopt;
}

}  // namespace

QByteArray queueToJson(const std::vector<QueueItem>& items, bool paused)
{
    QJsonArray array;
    for (const QueueItem& item : items) {
        QString state;
        for (const auto& [value, name] : stateNames) {
            state = value == item.state ? QString::fromLatin1(name) : state;
        }
        // The settings as text: a JSON number would not hold every seed.
        array.append(QJsonObject{
            {QStringLiteral("id"), item.id},
            {QStringLiteral("model"), item.model},
            {QStringLiteral("name"), item.modelName},
            {QStringLiteral("state"), state},
            {QStringLiteral("error"), item.error},
            {QStringLiteral("settings"), QString::fromStdString(settings_to_json(item.settings))}});
    }
    return QJsonDocument(QJsonObject{{QStringLiteral("format"), QStringLiteral("duodiff-queue")},
                                     {QStringLiteral("version"), formatVersion},
                                     {QStringLiteral("paused"), paused},
                                     {QStringLiteral("items"), array}})
        .toJson();
}

StoredQueue queueFromJson(const QByteArray& json)
{
    StoredQueue queue;
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    const QJsonValue paused = object.value(QStringLiteral("paused"));
    const QJsonValue items = object.value(QStringLiteral("items"));
    queue.paused = paused.toBool(true);
    queue.damaged = object.value(QStringLiteral("format")).toString() != QLatin1String("duodiff-queue") ||
                    object.value(QStringLiteral("version")).toInt() != formatVersion || !paused.isBool() ||
                    !items.isArray() || items.toArray().size() > mostItems;
    if (queue.damaged) {
        return queue;
    }
    for (const QJsonValue& value : items.toArray()) {
        auto item = readItem(value.toObject());
        if (item) {
            queue.items.push_back(std::move(*item));
        } else {
            queue.damaged = true;
        }
    }
    return queue;
}

}  // namespace duodiff::studio
