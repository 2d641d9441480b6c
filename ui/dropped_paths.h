// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

class QMimeData;

namespace duodiff::ui
{

/// Files and folders of this machine that are being dropped.
QStringList droppedPaths(const QMimeData* data);

}  // namespace duodiff::ui
