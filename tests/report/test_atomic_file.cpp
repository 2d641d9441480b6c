// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/atomic_file.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <string>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

std::ptrdiff_t entries(const std::filesystem::path& folder)
{
    return std::distance(std::filesystem::directory_iterator(folder), {});
}

ErrorCode code_of(const std::filesystem::path& path, bool reading)
{
    try {
        if (reading) {
            read_whole_file(path, 1000);
        } else {
            write_file_atomically(path, std::string_view("x"));
        }
    } catch (const EngineError& error) {
        CHECK(error.failure().where.find(path.filename().string()) != std::string::npos);
        return error.code();
    }
    FAIL("no error");
    return ErrorCode::cancelled;
}

}  // namespace

TEST_CASE("a written file holds exactly what was written, and nothing else is left in its folder")
{
    const TemporaryFolder folder;
    const std::string bytes("a\0b\nc", 5);
    for (const std::string& content : {bytes, std::string(), std::string(300'000, 'x')}) {
        write_file_atomically(folder / "file", content);
        CHECK(read_whole_file(folder / "file", 1'000'000) == content);
        CHECK(entries(folder.path()) == 1);
    }
}

TEST_CASE("a file that cannot be written leaves no trace and says where")
{
    const TemporaryFolder folder;
    CHECK(code_of(folder / "absent" / "file", false) == ErrorCode::failed);
    std::filesystem::create_directory(folder / "taken");
    CHECK(code_of(folder / "taken", false) == ErrorCode::failed);
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("replacing a file keeps its permissions and goes through symbolic links")
{
    const TemporaryFolder folder;
    write_file_atomically(folder / "file", std::string_view("old"));
    std::filesystem::permissions(folder / "file",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::create_symlink(folder / "file", folder / "link");
    write_file_atomically(folder / "link", std::string_view("new"));
    CHECK(std::filesystem::is_symlink(folder / "link"));
    CHECK(read_whole_file(folder / "file", 10) == "new");
    CHECK(std::filesystem::status(folder / "file").permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("reading refuses what is no file of a sensible size")
{
    const TemporaryFolder folder;
    write_file_atomically(folder / "large", std::string(1001, 'x'));
    CHECK(code_of(folder / "large", true) == ErrorCode::bad_file);
    CHECK(code_of(folder / "absent", true) == ErrorCode::bad_file);
    std::filesystem::create_directory(folder / "folder");
    CHECK(code_of(folder / "folder", true) == ErrorCode::bad_file);
    CHECK(code_of("/dev/null", true) == ErrorCode::bad_file);
}
