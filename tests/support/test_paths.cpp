// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/test_paths.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace duodiff::test
{

std::filesystem::path data_dir()
{
    return DUODIFF_TEST_DATA;
}

std::filesystem::path source_dir()
{
    return DUODIFF_SOURCE_DIR;
}

std::filesystem::path shared_dir()
{
    const char* chosen = std::getenv("DUODIFF_SHARED_DIR");
    const std::filesystem::path folder = chosen ? chosen : DUODIFF_SHARED_DIR;
    if (std::filesystem::is_directory(folder)) {
        return folder;
    }
    std::printf("SKIPPED: the reference data folder %s is absent\n", folder.c_str());
    return {};
}

TemporaryFolder::TemporaryFolder()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "duodiff-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) {
        throw std::runtime_error("cannot make a temporary folder");
    }
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace duodiff::test
