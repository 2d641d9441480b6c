// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

class QCustomPlot;

namespace duodiff::ui
{

/// A frame of four axes without ticks, as the small plots have it.
void setUpAxes(QCustomPlot& plot);

void colourAxes(QCustomPlot& plot, const Theme& theme);

}  // namespace duodiff::ui
