// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>

#include "checkpoint/bad_file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace duodiff::test;
using namespace std::string_literals;

TEST_CASE("files of other kinds are recognised and refused with advice")
{
    const std::vector<std::pair<std::string, const char*>> files = {
        {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.", "before version 1.6"},
        {"\x80\x04}.", "plain Python pickle"},
        {"\x1f\x8b\x08\x00\x00\x00", "gzip"},
        {"\x28\xb5\x2f\xfd\x00\x00", "zstd"},
        {"<!DOCTYPE html><html><body>404</body></html>", "web page"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "Git LFS"},
        {"\x93NUMPY\x01\x00", "NumPy"},
        {"\x89HDF\r\n\x1a\n", "HDF5"},
        {"GGUF\x03\x00\x00\x00", "GGUF"},
        {"\x89PNG\r\n\x1a\n\x00\x00", "picture"},
        {"{\"depth\": 13}", "JSON"},
        {std::string(257, 'a') + "ustar", "tar"},
        {std::string(4096, '\0'), "zeros"},
        {"depth: 13\n", "neither"},
        {"x", "neither"},
        {"\x7f"
         "ELF\x02\x01\x01",
         "neither"},
        {"PK", "neither"},
        {"PK\x03\x04", "directory"},
    };
    for (const auto& [bytes, expected] : files) {
        expect_bytes_refused(expected, bytes, expected);
    }
}

TEST_CASE("what is not a readable regular file is refused, each in its own words")
{
    const TemporaryFolder folder;
    expect_refused(folder / "missing.pth", "no such file");
    expect_refused(folder / "missing" / "a.pth", "no such file");
    expect_refused(folder.path(), "folder");
    expect_refused("", "name is empty");
    expect_refused("/dev/null", "device");
    expect_refused(folder / std::string(300, 'x'), "too long");

    write_file(folder / "empty.pth", "");
    expect_refused(folder / "empty.pth", "empty");

    REQUIRE(::mkfifo((folder / "pipe.pth").c_str(), 0600) == 0);
    expect_refused(folder / "pipe.pth", "named pipe");

    std::filesystem::create_symlink("loop.pth", folder / "loop.pth");
    expect_refused(folder / "loop.pth", "circle");
    std::filesystem::create_symlink("nothing.pth", folder / "dangling.pth");
    expect_refused(folder / "dangling.pth", "no such file");

    write_file(folder / "secret.pth", "PK\x03\x04");
    std::filesystem::permissions(folder / "secret.pth", std::filesystem::perms::none);
    // Root may read everything, so be nobody for a moment.
    constexpr uid_t nobody = 65534;
    const uid_t myself = ::geteuid();
    REQUIRE((myself != 0 || ::seteuid(nobody) == 0));
    expect_refused(folder / "secret.pth", "permission");
    REQUIRE((myself != 0 || ::seteuid(myself) == 0));
}

TEST_CASE("a file that is replaced after it was opened keeps its contents")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "a.pth";
    write_file(path, pytorch_file(one_tensor_pickle(2, 0, {2}, {1}), {float_bytes({1, 2})}));
    const duodiff::Checkpoint checkpoint = duodiff::read_checkpoint(path);
    write_file(folder / "b.pth", pytorch_file(one_tensor_pickle(2, 0, {2}, {1}), {float_bytes({3, 4})}));
    std::filesystem::rename(folder / "b.pth", path);
    CHECK(checkpoint.tensors.at("weight").const_data_ptr<float>()[0] == 1.0F);
    CHECK(duodiff::read_checkpoint(path).tensors.at("weight").const_data_ptr<float>()[0] == 3.0F);
}
