// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QThreadPool>

#include <functional>
#include <memory>

class QLockFile;

namespace duodiff::studio
{

/// Where the history and the queue live, and the one thread that writes there. One studio at a time owns
/// the folder; a second one may add to it, but tidies and remembers nothing there.
class StateFolder
{
public:
    /// Empty: nothing is kept.
    explicit StateFolder(QString path);
    /// Waits for the disk, and notes a clean end.
    ~StateFolder();
    StateFolder(const StateFolder&) = delete;
    StateFolder& operator=(const StateFolder&) = delete;

    bool isUsable() const { return !m_path.isEmpty(); }
    QString filePath(const QString& name) const { return m_path + QLatin1Char('/') + name; }
    bool isOwner() const { return m_owner; }
    /// The studio that owned it last did not come to its end.
    bool crashed() const { return m_crashed; }

    /// Does `work` on the disk thread, after what was posted before.
    void post(std::function<void()> work);
    void wait();

private:
    QString m_path;
    std::unique_ptr<QLockFile> m_lock;
    bool m_owner = false;
    bool m_crashed = false;
    QThreadPool m_disk;
};

/// Renames a damaged file or folder to NAME.damaged, or NAME.damaged-2, ...; the new path, empty where that
/// cannot be done.
QString setAside(const QString& path);

/// The person's own folder for what the studio keeps.
QString standardStateFolder();

}  // namespace duodiff::studio
