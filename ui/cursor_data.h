// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/run_record.h"

#include <limits>
#include <optional>
#include <vector>

namespace duodiff::ui
{

/// What is known of one layer at one step of a run.
struct LayerAtCursor {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    int layer = 0;
    int leaving = 0;             ///< images that left after this layer
    int asked = 0;               ///< images whose uncertainty was read here
    double mean = unknown;       ///< of u, over those
    double deviation = unknown;  ///< population standard deviation; unknown where only the mean is kept
    double own = unknown;        ///< of the highlighted image
};

/// One step of a run as the time cursor shows it.
struct AtCursor {
    int step = 0;
    int steps = 0;
    int t = 0;
    int images = 0;  ///< that reached the step
    int depth = 0;
    NetworkRole network = NetworkRole::full;
    bool mixed = false;  ///< batches used different networks
    PolicyKind policy = PolicyKind::full;
    double mean = 0.0;  ///< exit layer
    double deviation = 0.0;
    /// Lowest and highest theta in force, or t_s, or the static layer; NaN where the policy reads none.
    double lowestParameter = LayerAtCursor::unknown;
    double highestParameter = LayerAtCursor::unknown;
    std::vector<LayerAtCursor> layers;  ///< 0..depth
    std::optional<int> image;           ///< highlighted
    int imageExit = -1;                 ///< its exit layer; -1: it has not reached the step

    /// Whether any layer's uncertainty is known.
    bool hasUncertainty() const;
};

/// Nothing where the step has not run.
std::optional<AtCursor> atCursor(const RunRecord& record, int step, std::optional<int> image);

}  // namespace duodiff::ui
