// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"

#include <QString>

#include <vector>

namespace duodiff::studio
{

/// Finished images in one file, every bit of their pixels, so that a difference worked out from them is that
/// of the run. Written whole or not at all; throws EngineError(failed) with the system's reason.
void writeImages(const QString& path, const std::vector<FinishedImage>& images);
/// Throws EngineError(bad_file) for anything that writeImages() did not write.
std::vector<FinishedImage> readImages(const QString& path);

}  // namespace duodiff::studio
