// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/options.h"
#include "studio/studio.h"

namespace duodiff::studio
{

/// Writes exit-layers.png and report.pdf into each run folder. Returns the exit status; what cannot be read
/// or written is said on stderr, and the others are done all the same.
int writeReports(const std::vector<std::string>& runs);

/// Draws the real window of a real run into a PNG. Returns the exit status.
int takeScreenshot(const CommandLine& line, StudioServices services, const QString& bundled);

}  // namespace duodiff::studio
