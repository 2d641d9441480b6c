// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "bench_frames.h"

namespace duodiff::bench
{

// All of them with an AdaDiff run of 1000 steps, 13 layers and 256 images.
Times plotReplot();       ///< heat map, mean, band and a predicted curve
Times plotFinishedRun();  ///< a record put on display
Times gridRepaint();
Times whatIfIndex();     ///< a whole run, as when an earlier one is opened
Times whatIfNextStep();  ///< as a run in progress grows
Times whatIfSlider();    ///< theta moved: predicted, worded and drawn
Times cursorMove();      ///< the time cursor to another step: plot and panel

}  // namespace duodiff::bench
