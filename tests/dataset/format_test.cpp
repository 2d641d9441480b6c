// SPDX-License-Identifier: GPL-3.0-or-later
#include "data/data_parts.h"
#include "dataset/image_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

using namespace duodiff;
using namespace duodiff::test;

TEST_CASE("a path that is not there, or no data, is refused with what was found and what to do")
{
    const TemporaryFolder folder;
    CHECK(refusal({.path = folder / "none"}).what.find("no such file") != std::string::npos);

    const std::filesystem::path path = folder / "file";
    const std::vector<std::pair<Bytes, std::string>> files = {
        {png(pattern(4, 4, 1)), "a PNG image"},   {{'P', 'K', 3, 4, 0, 0}, "a zip archive"},
        {{0x80, 2, 'c', 'x'}, "a Python pickle"}, {{}, "an empty file"},
        {Bytes(5000, 'x'), "unknown kind"},       {packed(Bytes(5000, 'x')), "a gzip file"}};
    for (const auto& [bytes, text] : files) {
        write_bytes(path, bytes);
        const Failure failure = refusal({.path = path});
        CHECK(failure.code == ErrorCode::bad_file);
        CHECK(failure.what.find(text) != std::string::npos);
        CHECK_FALSE(failure.remedy.empty());
    }
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(refusal({.path = folder / "pipe"}).code == ErrorCode::bad_file);
}

TEST_CASE("other versions of CIFAR are named")
{
    const TemporaryFolder folder;
    write_bytes(folder / "python/data_batch_1", {0x80, 2, 'c', 'x'});
    CHECK(refusal({.path = folder / "python"}).remedy.find("Python version") != std::string::npos);
    write_bytes(folder / "hundred/train.bin", Bytes(3074, 0));
    write_bytes(folder / "hundred/fine_label_names.txt", {'a'});
    CHECK(refusal({.path = folder / "hundred"}).remedy.find("CIFAR-100") != std::string::npos);
}

TEST_CASE("a format that is asked for and not there is refused")
{
    const TemporaryFolder folder;
    write_bytes(folder / "a/1.png", png(pattern(4, 4, 1)));
    for (const auto format :
         {DataSettings::Format::cifar10, DataSettings::Format::idx, DataSettings::Format::latents}) {
        CHECK(refusal({.format = format, .path = folder.path()}).code == ErrorCode::bad_file);
    }
    CHECK(open_dataset({.format = DataSettings::Format::image_folder, .path = folder.path()})->size() == 1);
}

TEST_CASE("whether a set has a part is told by its files")
{
    using Split = DataSettings::Split;
    const TemporaryFolder folder;
    const auto parts = [&](const std::string& name) {
        return std::pair(has_part({.path = folder / name, .split = Split::train}),
                         has_part({.path = folder / name, .split = Split::test}));
    };
    write_bytes(folder / "idx/train-images-idx3-ubyte", idx_images(1, 1, 1, {1}));
    CHECK(parts("idx") == std::pair(true, false));
    write_bytes(folder / "cifar/cifar-10-batches-bin/test_batch.bin", Bytes(3073, 0));
    CHECK(parts("cifar") == std::pair(false, true));
    write_bytes(folder / "split/train/a/1.png", png(pattern(4, 4, 1)));
    CHECK(parts("split") == std::pair(true, false));
    write_bytes(folder / "split/val/a/1.png", png(pattern(4, 4, 1)));
    CHECK(parts("split") == std::pair(true, true));
    write_bytes(folder / "whole/a/1.png", png(pattern(4, 4, 1)));
    CHECK(parts("whole") == std::pair(false, false));
    write_bytes(folder / "whole/test/1.png", png(pattern(4, 4, 1)));
    CHECK(parts("whole") == std::pair(false, false));
    CHECK(parts("nothing") == std::pair(false, false));
}
