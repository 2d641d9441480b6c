// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/state_folder.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QLockFile>
#include <QStandardPaths>

#include <utility>

namespace duodiff::studio
{

namespace
{

/// There while a studio runs; one that is found at the start was left by one that was killed.
const QString markerName = QStringLiteral("running");

}  // namespace

StateFolder::StateFolder(QString path) : m_path(std::move(path))
{
    m_disk.setMaxThreadCount(1);
    m_disk.setExpiryTimeout(-1);
    if (m_path.isEmpty()) {
        return;
    }
    if (!QDir().mkpath(m_path)) {
        qWarning("duodiff-studio: the folder %s cannot be made; nothing is kept", qUtf8Printable(m_path));
        m_path.clear();
        return;
    }
    m_lock = std::make_unique<QLockFile>(filePath(QStringLiteral("lock")));
    m_lock->setStaleLockTime(0);  // a long session is none the less alive
    m_owner = m_lock->tryLock(0);
    if (m_owner) {
        QFile marker(filePath(markerName));
        m_crashed = marker.exists();
        if (!marker.open(QIODevice::WriteOnly)) {
            qWarning("duodiff-studio: %s cannot be written", qUtf8Printable(marker.fileName()));
        }
    }
}

StateFolder::~StateFolder()
{
    wait();
    if (m_owner) {
        QFile::remove(filePath(markerName));
    }
}

void StateFolder::post(std::function<void()> work)
{
    m_disk.start(std::move(work));
}

void StateFolder::wait()
{
    m_disk.waitForDone();
}

QString setAside(const QString& path)
{
    QString aside = path + QStringLiteral(".damaged");
    for (int number = 2; QFileInfo::exists(aside); ++number) {
        aside = QStringLiteral("%1.damaged-%2").arg(path).arg(number);
    }
    return QFile::rename(path, aside) ? aside : QString();
}

QString standardStateFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
}

}  // namespace duodiff::studio
