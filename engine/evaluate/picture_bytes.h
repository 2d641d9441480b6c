// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// Numbers and pictures, gray or RGB and of one size, as a part keeps them.
struct NumbersAndPictures {
    nlohmann::json numbers;
    std::vector<Image8> pictures;
};

std::string to_bytes(const NumbersAndPictures& kept);
/// Nothing for anything that to_bytes has not made.
std::optional<NumbersAndPictures> from_bytes(const std::string& bytes);

}  // namespace duodiff
