// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/run_record.h"

#include <vector>

namespace duodiff::test
{

/// 13 blocks, a shallow network of 3, early exit, ten classes.
ModelSummary syntheticModel();

SamplingSettings syntheticSettings(PolicyKind policy, int steps = 50, int count = 10, int batch = 4);

/// Every frame of a run with `settings`, batch after batch. Under AdaDiff the images leave early at high
/// t and late at low t, each at a moment of its own around t = 600; the others follow their policy.
std::vector<Frame> syntheticFrames(const ModelSummary& model, const SamplingSettings& settings);

/// The finished run of these frames, with a ledger whose parts make 21.8 s of 22 s.
RunRecord syntheticRecord(const SamplingSettings& settings);

inline constexpr PolicyKind everyPolicy[] = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                             PolicyKind::static_layer};

}  // namespace duodiff::test
