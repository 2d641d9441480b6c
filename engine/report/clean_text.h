// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace duodiff
{

/// `text` as one line of valid UTF-8 that XML may hold, whatever bytes it had: control characters, line
/// ends and what separates lines become spaces, bytes that are no UTF-8 and the two code points that are
/// no characters become U+FFFD. Spaces at the ends are cut off.
std::string one_line(std::string_view text);

}  // namespace duodiff
