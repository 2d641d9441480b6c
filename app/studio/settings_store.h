// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/settings.h"
#include "ui/export_dialog.h"

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <optional>

namespace duodiff::studio
{

/// What the studio remembers from one start to the next.
struct Remembered {
    QByteArray geometry;
    QByteArray layout;
    QString theme = QStringLiteral("system");  ///< or "light", "dark"
    bool showPreviews = true;
    QString lastModel;
    QStringList recent;  ///< newest first
    std::optional<SamplingSettings> settings;
    ui::ExportChoice exportChoice;
    int historyLimit = 1000;  ///< runs kept
    bool recomputeOnRelease = true;
    bool recomputeLive = false;
    QByteArray trainingGeometry;
    QStringList trainingRecent;     ///< configurations and folders, newest first
    int trajectoryMegabytes = 512;  ///< bound over the kept steps of all runs
};

/// An INI file. A damaged one gives the defaults and is kept aside under another name.
class SettingsStore
{
public:
    /// `file` empty: the person's own, in the configuration folder.
    explicit SettingsStore(const QString& file = {});

    /// Whether there was a file before this start.
    bool existed() const { return m_existed; }
    /// What a person has to know about the file; empty: nothing.
    const QString& notice() const { return m_notice; }
    const QString& file() const { return m_file; }
    Remembered load();
    /// False where the file cannot be written.
    bool save(const Remembered& remembered) const;

private:
    void setAside(const QString& reason);

    QString m_file;
    QString m_notice;
    bool m_existed = false;
};

}  // namespace duodiff::studio
