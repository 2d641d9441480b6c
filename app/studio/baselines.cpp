// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/baselines.h"

#include "base/error.h"
#include "report/atomic_file.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSysInfo>

#include <algorithm>
#include <cmath>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr int formatVersion = 1;
constexpr qint64 largestFile = 4 * 1024 * 1024;
constexpr std::size_t mostMeasured = 500;
const QString formatName = QStringLiteral("duodiff-baselines");

QString text(std::string_view words)
{
    return QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
}

QByteArray keyOf(const QJsonObject& conditions)
{
    return QJsonDocument(conditions).toJson(QJsonDocument::Compact);  // keys are sorted
}

/// A run of a part of the steps, or with probes that its policy does not ask for, has no time of a whole one.
bool hasWholeTime(const RunRecord& record)
{
    return record.state == RunState::done && !record.images.empty() && !record.branch &&
           !record.all_uncertainties && std::isfinite(record.sampling_ms) && record.sampling_ms > 0.0;
}

/// Weights without a digest may be others under the same name tomorrow.
bool outlivesTheSession(const QJsonObject& conditions)
{
    return !conditions.contains(QStringLiteral("path"));
}

}  // namespace

QJsonObject timingConditions(const RunRecord& record)
{
    const SamplingSettings& settings = record.settings;
    const MachineInfo& machine = record.machine;
    const int batch = std::max(1, std::min(settings.batch, settings.count));
    QJsonObject conditions{
        {QStringLiteral("host"), QString::fromLatin1(QSysInfo::machineUniqueId())},
        {QStringLiteral("cpu"), text(machine.cpu)},
        {QStringLiteral("threads"), machine.threads},
        {QStringLiteral("device"), text(machine.device)},
        {QStringLiteral("precision"), text(machine.precision)},
        {QStringLiteral("attention"), text(machine.attention)},
        {QStringLiteral("libtorch"), text(machine.libtorch)},
        {QStringLiteral("program"), text(machine.program)},
        {QStringLiteral("sampler"), text(to_string(settings.solver))},
        {QStringLiteral("eta"), settings.solver == SolverKind::ddim ? settings.eta : 0.0},
        {QStringLiteral("compat"), text(to_string(settings.compat))},
        {QStringLiteral("steps"), settings.steps},
        {QStringLiteral("batch"), batch},
        {QStringLiteral("last_batch"), settings.count % batch},
    };
    const auto digest = record.model.sha256.find("full");
    if (digest != record.model.sha256.end()) {
        conditions.insert(QStringLiteral("sha256"), text(digest->second));
    } else {
        conditions.insert(QStringLiteral("path"), text(record.model.path));
    }
    return conditions;
}

Baselines::Baselines(StateFolder& folder, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_folder(folder), m_window(window)
{
}

std::map<QByteArray, Baselines::Measured> Baselines::read(const QByteArray& json, bool& damaged)
{
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    const QJsonValue items = object.value(QStringLiteral("measured"));
    std::map<QByteArray, Measured> all;
    damaged = object.value(QStringLiteral("format")).toString() != formatName ||
              object.value(QStringLiteral("version")).toInt() != formatVersion || !items.isArray();
    if (damaged) {
        return all;
    }
    for (const QJsonValue& item : items.toArray()) {
        Measured one;
        one.conditions = item[QStringLiteral("conditions")].toObject();
        one.msPerImage = item[QStringLiteral("ms_per_image")].toDouble();
        one.what = item[QStringLiteral("what")].toString().left(200);
        one.date = item[QStringLiteral("date")].toString();
        one.earlier = true;
        if (one.conditions.isEmpty() || !(one.msPerImage > 0.0) || one.what.isEmpty() ||
            !QDate::fromString(one.date, Qt::ISODate).isValid()) {
            damaged = true;
        } else {
            all[keyOf(one.conditions)] = one;
        }
    }
    return all;
}

void Baselines::load()
{
    QFile stored(file());
    if (!m_folder.isUsable() || !stored.exists()) {
        return;
    }
    bool damaged = true;
    if (stored.size() <= largestFile && stored.open(QIODevice::ReadOnly)) {
        for (auto& [key, measured] : read(stored.readAll(), damaged)) {
            m_measured.emplace(key, measured);
        }
    }
    if (damaged && m_folder.isOwner()) {
        const QString aside = setAside(file());
        ui::Message message;
        message.lasting = true;
        message.what = tr("The measured times of the full network could not all be read; what could is used. "
                          "The former file is kept as %1.")
                           .arg(QDir::toNativeSeparators(aside));
        m_window.messages()->post(std::move(message));
        save();
    }
}

void Baselines::apply(RunRecord& record)
{
    if (!hasWholeTime(record)) {
        return;
    }
    const QJsonObject conditions = timingConditions(record);
    const QByteArray key = keyOf(conditions);
    if (record.settings.policy == PolicyKind::full) {
        const auto images = record.images.size();
        const auto started = QDateTime::fromString(text(record.started_at), Qt::ISODate);
        const QDate day = started.isValid() ? started.toLocalTime().date() : QDate::currentDate();
        m_measured[key] = {conditions, record.sampling_ms / static_cast<double>(images),
                           images == 1 ? tr("full, seed %1, 1 image").arg(record.settings.seed)
                                       : tr("full, seed %1, %2 images").arg(record.settings.seed).arg(images),
                           day.toString(Qt::ISODate)};
        save();
    } else if (const auto known = m_measured.find(key); known != m_measured.end()) {
        const Measured& found = known->second;
        const QString what = found.earlier ? tr("%1, on %2").arg(found.what, found.date) : found.what;
        record.baseline = BaselineRecord{found.msPerImage, what.toStdString()};
    }
}

void Baselines::save()
{
    if (!m_folder.isUsable() || !m_folder.isOwner()) {
        return;
    }
    std::vector<Measured> kept;
    for (const auto& [key, measured] : m_measured) {
        if (outlivesTheSession(measured.conditions)) {
            kept.push_back(measured);
        }
    }
    std::sort(kept.begin(), kept.end(), [](const Measured& a, const Measured& b) { return a.date > b.date; });
    kept.resize(std::min(kept.size(), mostMeasured));
    QJsonArray items;
    for (const Measured& measured : kept) {
        items.append(QJsonObject{{QStringLiteral("conditions"), measured.conditions},
                                 {QStringLiteral("ms_per_image"), measured.msPerImage},
                                 {QStringLiteral("what"), measured.what},
                                 {QStringLiteral("date"), measured.date}});
    }
    const QByteArray json = QJsonDocument(QJsonObject{{QStringLiteral("format"), formatName},
                                                      {QStringLiteral("version"), formatVersion},
                                                      {QStringLiteral("measured"), items}})
                                .toJson();
    m_folder.post([path = file().toStdU16String(), json] {
        try {
            write_file_atomically(path,
                                  std::string_view(json.constData(), static_cast<std::size_t>(json.size())));
        } catch (const EngineError& error) {
            qWarning("duodiff-studio: %s", error.what());
        }
    });
}

}  // namespace duodiff::studio
