// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"
#include "stream/trajectory.h"

#include <memory>
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
};

}  // namespace duodiff::studio
