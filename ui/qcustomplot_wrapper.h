// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The one way to include QCustomPlot. Its header uses Qt's keyword macros, which this project leaves
// undefined (QT_NO_KEYWORDS) because LibTorch uses `slots` as a name. It is not written for
// -Wconversion and -Wshadow either.
#pragma push_macro("signals")
#pragma push_macro("slots")
#pragma push_macro("foreach")
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#include <QtCore/QtGlobal>
#undef signals
#undef slots
#undef foreach
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach
#pragma GCC diagnostic pop
#pragma pop_macro("foreach")
#pragma pop_macro("slots")
#pragma pop_macro("signals")
