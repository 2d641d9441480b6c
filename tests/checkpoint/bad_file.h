// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace duodiff::test
{

/// Opens a file in a process of its own (so that a crash is seen, and memory measured) and checks that it
/// is refused as it should be: EngineError(bad_file), one or two short lines without C++ frames that
/// contain `expected`, and memory that stays below twice the file's size plus a fixed allowance.
void expect_refused(const std::filesystem::path& path, std::string_view expected);

/// Writes `bytes` to a file, and expects that it is refused. `name` is what is wrong with it.
void expect_bytes_refused(std::string_view name, std::string_view bytes, std::string_view expected);

}  // namespace duodiff::test
