// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

/// Data and configurations for whole runs that take a moment.
namespace duodiff::test
{

/// A folder with 40 labelled images of 8 x 8 in the IDX format: bright and dark squares, two classes.
void write_small_images(const std::filesystem::path& folder);

/// A file with a configuration for them: depth 3, width 16, 12 steps of 4 images, fp32. `more` is added.
std::filesystem::path write_small_config(const std::filesystem::path& folder, const std::string& more = {});

std::string file_content(const std::filesystem::path& path);

}  // namespace duodiff::test
