// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// The candidate that a mistyped `word` most likely stands for, in any case; nothing where none is near.
std::optional<std::string> closest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace duodiff
