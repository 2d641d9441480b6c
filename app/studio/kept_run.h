// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/trajectory.h"

#include <memory>
#include <string>
#include <vector>

namespace duodiff::studio
{

/// A run with its images, as the window shows it.
struct KeptRun {
    RunRecord record;
    std::vector<FinishedImage> images;
    std::vector<UnfinishedImage> unfinished{};  ///< of the batch that was stopped
    /// Its states, as far as they are held; null for a run that was read from a file.
    std::shared_ptr<const Trajectory> trajectory{};

    bool hasPictures() const { return !images.empty() || !unfinished.empty(); }
};

/// What an image's file is called: "0003.png", "0003-unfinished-12-of-50-steps.png".
std::string imageFileName(const ImageRecord& image, int steps);

/// Gives every image whose pixels are there its file's name, and takes those of the others away.
void nameImages(RunRecord& record, const KeptRun& run);

}  // namespace duodiff::studio
