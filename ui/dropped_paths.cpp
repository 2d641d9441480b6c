// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dropped_paths.h"

#include <QMimeData>
#include <QUrl>

namespace duodiff::ui
{

QStringList droppedPaths(const QMimeData* data)
{
    QStringList paths;
    for (const QUrl& url : data->urls()) {
        if (url.isLocalFile()) {
            paths << url.toLocalFile();
        }
    }
    return paths;
}

}  // namespace duodiff::ui
