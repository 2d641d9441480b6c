// SPDX-License-Identifier: MIT
#pragma once

#include "train/log_window.h"

#include <string>
#include <vector>

namespace duodiff
{

/// The loss over the steps as an SVG picture; with exits, that of the first, the middle and the last probe's
/// layer. The steep beginning (a twentieth of the steps) is left out once there is enough behind it.
std::string loss_picture(const std::vector<LogLine>& log, const std::string& title);

}  // namespace duodiff
