// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/settings_store.h"

#include "base/error.h"
#include "report/run_file.h"
#include "studio/state_folder.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>

namespace duodiff::studio
{

namespace
{

constexpr int formatVersion = 1;
constexpr qsizetype mostRecent = 8;
constexpr qint64 largestFile = 4 * 1024 * 1024;

QString tr(const char* text)
{
    return QCoreApplication::translate("SettingsStore", text);
}

/// The bits of an export choice by name, so that reading and writing cannot differ.
std::vector<std::pair<QString, bool*>> flagsOf(ui::ExportChoice& choice)
{
    return {{QStringLiteral("images"), &choice.images},
            {QStringLiteral("grid"), &choice.grid},
            {QStringLiteral("settings_inside"), &choice.settingsInside},
            {QStringLiteral("run_file"), &choice.runFile},
            {QStringLiteral("table"), &choice.table},
            {QStringLiteral("html_report"), &choice.htmlReport},
            {QStringLiteral("pdf_report"), &choice.pdfReport},
            {QStringLiteral("plot_png"), &choice.plotPng},
            {QStringLiteral("plot_svg"), &choice.plotSvg},
            {QStringLiteral("plot_pdf"), &choice.plotPdf},
            {QStringLiteral("gif"), &choice.gif},
            {QStringLiteral("strip"), &choice.strip}};
}

struct Number {
    QString name;
    int* value;
    int least;
    int most;
};

std::vector<Number> numbersOf(ui::ExportChoice& choice)
{
    return {{QStringLiteral("frames_per_second"), &choice.framesPerSecond, 1, 50},
            {QStringLiteral("strip_pictures"), &choice.stripPictures, 2, 50}};
}

}  // namespace

SettingsStore::SettingsStore(const QString& file) : m_file(file)
{
    if (m_file.isEmpty()) {
        m_file = QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
                 QStringLiteral("/duodiff-studio/studio.ini");
    }
    m_existed = QFileInfo::exists(m_file);
}

void SettingsStore::setAside(const QString& reason)
{
    const QString aside = studio::setAside(m_file);
    m_notice =
        tr("The remembered settings could not be read (%1); the defaults are used. %2")
            .arg(reason, !aside.isEmpty()
                             ? tr("The former file is kept as %1.").arg(QDir::toNativeSeparators(aside))
                             : tr("The file is %1.").arg(QDir::toNativeSeparators(m_file)));
}

Remembered SettingsStore::load()
{
    Remembered remembered;
    if (!m_existed) {
        return remembered;
    }
    QString damage;
    if (QFileInfo(m_file).size() > largestFile) {
        damage = tr("it is too large");
    } else {
        const QSettings settings(m_file, QSettings::IniFormat);
        if (settings.status() == QSettings::AccessError) {
            damage = tr("no permission");
        } else if (settings.status() != QSettings::NoError) {
            damage = tr("it is no INI file");
        } else if (settings.value(QStringLiteral("studio/format")).toInt() != formatVersion) {
            damage = tr("it is incomplete, or of another version");
        } else {
            remembered.geometry = settings.value(QStringLiteral("window/geometry")).toByteArray();
            remembered.layout = settings.value(QStringLiteral("window/layout")).toByteArray();
            remembered.theme = settings.value(QStringLiteral("window/theme"), remembered.theme).toString();
            remembered.showPreviews = settings.value(QStringLiteral("window/previews"), true).toBool();
            remembered.lastModel = settings.value(QStringLiteral("model/last")).toString();
            remembered.recent =
                settings.value(QStringLiteral("model/recent")).toStringList().mid(0, mostRecent);
            remembered.trainingGeometry = settings.value(QStringLiteral("training/geometry")).toByteArray();
            remembered.trainingRecent =
                settings.value(QStringLiteral("training/recent")).toStringList().mid(0, mostRecent);
            remembered.exportChoice.folder = settings.value(QStringLiteral("export/folder")).toString();
            for (const auto& [name, flag] : flagsOf(remembered.exportChoice)) {
                *flag = settings.value(QStringLiteral("export/") + name, *flag).toBool();
            }
            for (const Number& number : numbersOf(remembered.exportChoice)) {
                const int value =
                    settings.value(QStringLiteral("export/") + number.name, *number.value).toInt();
                *number.value = value >= number.least && value <= number.most ? value : *number.value;
            }
            if (settings.value(QStringLiteral("export/predicted")).toBool()) {
                remembered.exportChoice.filmShows = PictureKind::predicted;
            }
            remembered.recomputeOnRelease =
                settings.value(QStringLiteral("recompute/on_release"), true).toBool();
            remembered.recomputeLive = settings.value(QStringLiteral("recompute/live"), false).toBool();
            bool isNumber = false;
            remembered.historyLimit =
                settings.value(QStringLiteral("history/limit"), remembered.historyLimit).toInt(&isNumber);
            if (!isNumber || remembered.historyLimit < 1) {
                damage = tr("the number of runs to keep is none");  // a wrong one would drop runs
            }
            remembered.trajectoryMegabytes =
                settings.value(QStringLiteral("run/kept_megabytes"), remembered.trajectoryMegabytes)
                    .toInt(&isNumber);
            if (!isNumber || remembered.trajectoryMegabytes < 0) {
                damage = tr("the memory for kept steps is no number");
            }
            const QString run = settings.value(QStringLiteral("run/settings")).toString();
            try {
                if (!run.isEmpty()) {
                    remembered.settings = settings_from_json(run.toStdString(), "run/settings");
                }
            } catch (const EngineError& error) {
                damage = QString::fromStdString(error.failure().what);
            }
        }
    }
    if (!damage.isEmpty()) {
        setAside(damage);
        return {};
    }
    return remembered;
}

bool SettingsStore::save(const Remembered& remembered) const
{
    QDir().mkpath(QFileInfo(m_file).path());
    QSettings settings(m_file, QSettings::IniFormat);
    settings.setValue(QStringLiteral("studio/format"), formatVersion);
    settings.setValue(QStringLiteral("window/geometry"), remembered.geometry);
    settings.setValue(QStringLiteral("window/layout"), remembered.layout);
    settings.setValue(QStringLiteral("window/theme"), remembered.theme);
    settings.setValue(QStringLiteral("window/previews"), remembered.showPreviews);
    settings.setValue(QStringLiteral("model/last"), remembered.lastModel);
    settings.setValue(QStringLiteral("model/recent"), remembered.recent.mid(0, mostRecent));
    settings.setValue(QStringLiteral("training/geometry"), remembered.trainingGeometry);
    settings.setValue(QStringLiteral("training/recent"), remembered.trainingRecent.mid(0, mostRecent));
    settings.setValue(QStringLiteral("export/folder"), remembered.exportChoice.folder);
    settings.setValue(QStringLiteral("history/limit"), remembered.historyLimit);
    settings.setValue(QStringLiteral("recompute/on_release"), remembered.recomputeOnRelease);
    settings.setValue(QStringLiteral("recompute/live"), remembered.recomputeLive);
    settings.setValue(QStringLiteral("run/kept_megabytes"), remembered.trajectoryMegabytes);
    auto choice = remembered.exportChoice;
    for (const auto& [name, flag] : flagsOf(choice)) {
        settings.setValue(QStringLiteral("export/") + name, *flag);
    }
    for (const Number& number : numbersOf(choice)) {
        settings.setValue(QStringLiteral("export/") + number.name, *number.value);
    }
    settings.setValue(QStringLiteral("export/predicted"), choice.filmShows == PictureKind::predicted);
    if (remembered.settings) {
        settings.setValue(QStringLiteral("run/settings"),
                          QString::fromStdString(settings_to_json(*remembered.settings)));
    }
    settings.sync();
    return settings.status() == QSettings::NoError;
}

}  // namespace duodiff::studio
