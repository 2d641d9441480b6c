// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/history_index.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr qsizetype longestLine = 65536;
constexpr double largestNumber = 1e15;

QJsonObject toObject(const ui::HistoryEntry& entry)
{
    QJsonObject object{
        {QStringLiteral("id"), entry.id},
        {QStringLiteral("title"), entry.title},
        {QStringLiteral("model"), entry.model},
        {QStringLiteral("solver"), entry.solver},
        {QStringLiteral("steps"), entry.steps},
        {QStringLiteral("seed"), QString::number(entry.seed)},  // a JSON number holds 53 bits
        {QStringLiteral("time"), entry.time.toUTC().toString(Qt::ISODateWithMs)},
        {QStringLiteral("images"), entry.images},
        {QStringLiteral("asked"), entry.asked},
        {QStringLiteral("state"), QString::fromUtf8(to_string(entry.state).data())},
        {QStringLiteral("classes"), QJsonArray::fromStringList(entry.classes)},
        {QStringLiteral("thumbnails"), entry.thumbnails},
        {QStringLiteral("bytes"), entry.bytes},
        {QStringLiteral("favourite"), entry.favourite},
    };
    if (entry.unfinished > 0) {
        object.insert(QStringLiteral("unfinished"), entry.unfinished);
    }
    if (std::isfinite(entry.skipped)) {
        object.insert(QStringLiteral("skipped"), entry.skipped);
    }
    return object;
}

/// Reads members of an object and notes where one is missing or of another type.
class Reader
{
public:
    explicit Reader(QJsonObject object) : m_object(std::move(object)) {}
    bool isGood() const { return m_good; }

    QString text(const char* key)
    {
        const QJsonValue value = m_object.value(QLatin1String(key));
        m_good = m_good && value.isString();
        return value.toString();
    }
    qint64 number(const char* key, double most)
    {
        const QJsonValue value = m_object.value(QLatin1String(key));
        const double number = value.toDouble(-1.0);
        m_good = m_good && number >= 0.0 && number <= most && number == std::floor(number);
        return m_good ? static_cast<qint64>(number) : 0;
    }
    bool has(const char* key) const { return m_object.contains(QLatin1String(key)); }
    int small(const char* key) { return static_cast<int>(number(key, 1e9)); }
    bool flag(const char* key)
    {
        const QJsonValue value = m_object.value(QLatin1String(key));
        m_good = m_good && value.isBool();
        return value.toBool();
    }
    double share(const char* key)
    {
        const QJsonValue value = m_object.value(QLatin1String(key));
        const double number = value.toDouble(std::numeric_limits<double>::quiet_NaN());
        m_good = m_good && (value.isUndefined() || std::abs(number) <= 1.0);
        return number;
    }
    QStringList texts(const char* key)
    {
        QStringList texts;
        const QJsonValue value = m_object.value(QLatin1String(key));
        m_good = m_good && value.isArray();
        for (const QJsonValue& item : value.toArray()) {
            m_good = m_good && item.isString();
            texts << item.toString();
        }
        return texts;
    }
    void require(bool holds) { m_good = m_good && holds; }

private:
    QJsonObject m_object;
    bool m_good = true;
};

std::optional<ui::HistoryEntry> fromObject(const QJsonObject& object)
{
    Reader reader(object);
    ui::HistoryEntry entry;
    entry.id = reader.text("id");
    entry.title = reader.text("title");
    entry.model = reader.text("model");
    entry.solver = reader.text("solver");
    entry.steps = reader.small("steps");
    bool isNumber = false;
    entry.seed = reader.text("seed").toULongLong(&isNumber);
    entry.time = QDateTime::fromString(reader.text("time"), Qt::ISODateWithMs);
    entry.images = reader.small("images");
    entry.asked = reader.small("asked");
    entry.unfinished = reader.has("unfinished") ? reader.small("unfinished") : 0;
    const auto state = from_string<RunState>(reader.text("state").toStdString());
    entry.state = state.value_or(RunState::done);
    entry.classes = reader.texts("classes");
    entry.thumbnails = reader.small("thumbnails");
    entry.bytes = reader.number("bytes", largestNumber);
    entry.favourite = reader.flag("favourite");
    entry.skipped = reader.share("skipped");
    reader.require(isHistoryId(entry.id) && isNumber && entry.time.isValid() && state.has_value());
    return reader.isGood() ? std::optional(entry) : std::nullopt;
}

QByteArray compact(const QJsonObject& object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

/// One line into `entries`; false where it makes no sense.
bool take(const QByteArray& line, std::map<QString, ui::HistoryEntry>& entries)
{
    const QJsonDocument document =
        line.size() <= longestLine ? QJsonDocument::fromJson(line) : QJsonDocument();
    const QJsonObject object = document.object();
    if (const QJsonValue added = object.value(QStringLiteral("add")); added.isObject()) {
        auto entry = fromObject(added.toObject());
        if (entry) {
            entries[entry->id] = std::move(*entry);
        }
        return entry.has_value();
    }
    if (const QJsonValue removed = object.value(QStringLiteral("remove")); removed.isString()) {
        entries.erase(removed.toString());
        return true;
    }
    const QJsonValue starred = object.value(QStringLiteral("favourite"));
    const QJsonValue on = object.value(QStringLiteral("on"));
    if (starred.isString() && on.isBool()) {
        if (const auto known = entries.find(starred.toString()); known != entries.end()) {
            known->second.favourite = on.toBool();
        }
        return true;
    }
    return false;
}

}  // namespace

QByteArray addLine(const ui::HistoryEntry& entry)
{
    return compact({{QStringLiteral("add"), toObject(entry)}});
}

QByteArray removeLine(const QString& id)
{
    return compact({{QStringLiteral("remove"), id}});
}

QByteArray favouriteLine(const QString& id, bool favourite)
{
    return compact({{QStringLiteral("favourite"), id}, {QStringLiteral("on"), favourite}});
}

QByteArray entryToJson(const ui::HistoryEntry& entry)
{
    return compact(toObject(entry));
}

std::optional<ui::HistoryEntry> entryFromJson(const QByteArray& json)
{
    return json.size() <= longestLine ? fromObject(QJsonDocument::fromJson(json).object()) : std::nullopt;
}

ReadIndex readIndex(const QByteArray& bytes)
{
    ReadIndex index;
    std::map<QString, ui::HistoryEntry> entries;
    qsizetype begin = 0;
    while (begin < bytes.size()) {
        const qsizetype end = bytes.indexOf('\n', begin);
        index.cutOff = end < 0;
        const QByteArray line = bytes.mid(begin, (end < 0 ? bytes.size() : end) - begin);
        begin = end < 0 ? bytes.size() : end + 1;
        if (index.cutOff) {
            break;
        }
        ++index.lines;
        index.damagedLines += line.isEmpty() || take(line, entries) ? 0 : 1;
    }
    for (auto& [id, entry] : entries) {
        index.entries.push_back(std::move(entry));
    }
    return index;
}

bool isHistoryId(const QString& id)
{
    return !id.isEmpty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](QChar c) {
        return (c >= QLatin1Char('0') && c <= QLatin1Char('9')) ||
               (c >= QLatin1Char('a') && c <= QLatin1Char('z')) || c == QLatin1Char('-');
    });
}

}  // namespace duodiff::studio
