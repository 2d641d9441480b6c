// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "report/image8.h"
#include "stream/run_record.h"

#include <string>

namespace duodiff::test
{

/// A record with settings, model and machine filled in, and no steps.
RunRecord new_run(PolicyKind policy, int images, int steps);

/// The same with every step run: AdaDiff curves that rise from 2 to 13 blocks at differing times, DuoDiff
/// with its switch after three tenths, ...; two batches where there is more than one image.
RunRecord finished_run(PolicyKind policy, int images, int steps);

/// Two records say the same, NaN equal to NaN; the place of the first difference, or nothing.
std::string difference(const RunRecord& a, const RunRecord& b);

/// A picture with every value in it.
Image8 gradient(int width, int height, int channels);

}  // namespace duodiff::test
