// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/image_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

using namespace duodiff;
using namespace duodiff::test;
namespace fs = std::filesystem;

namespace
{

constexpr int side = 6;

void add_image(const fs::path& path, int value, int size = side)
{
    write_bytes(path, png(flat(size, size, {static_cast<std::uint8_t>(value)})));
}

/// The gray value of an example of one colour.
int gray_of(const Dataset& data, std::int64_t index)
{
    return static_cast<int>((values_of(data, index)[0] + 1.0F) * 127.5F + 0.5F);
}

std::vector<int> grays(const Dataset& data)
{
    std::vector<int> all;
    for (std::int64_t i = 0; i < data.size(); ++i) {
        all.push_back(gray_of(data, i));
    }
    return all;
}

std::vector<int> labels(const Dataset& data)
{
    std::vector<int> all;
    for (std::int64_t i = 0; i < data.size(); ++i) {
        all.push_back(data.label(i));
    }
    return all;
}

bool left_out(const Dataset& data, const std::string& file, const std::string& reason)
{
    return std::any_of(data.bad_files().begin(), data.bad_files().end(), [&](const BadFile& bad) {
        return bad.file == file && bad.reason.find(reason) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("a class is a folder, classes and files are sorted by name, folders within count to their class")
{
    const TemporaryFolder folder;
    add_image(folder / "dog/2.png", 4);
    add_image(folder / "dog/10.PNG", 3);
    add_image(folder / "cat/deep/er/x.png", 2);
    add_image(folder / "cat/a.png", 1);
    write_bytes(folder / "Ape/picture", jpeg(flat(side, side, {200})));
    const auto data = open_dataset({.path = folder.path()});
    CHECK(data->class_names() == std::vector<std::string>{"Ape", "cat", "dog"});
    CHECK(grays(*data) == std::vector<int>{200, 1, 2, 3, 4});
    CHECK(labels(*data) == std::vector<int>{0, 1, 1, 2, 2});
    CHECK(data->side() == side);
    CHECK(data->channels() == 1);
    CHECK(data->bad_files().empty());
}

TEST_CASE("images directly in the folder are unlabelled, and left out beside class folders")
{
    const TemporaryFolder folder;
    add_image(folder / "b.png", 2);
    add_image(folder / "a.png", 1);
    const auto plain = open_dataset({.path = folder.path()});
    CHECK(grays(*plain) == std::vector<int>{1, 2});
    CHECK_FALSE(plain->has_labels());

    add_image(folder / "class/c.png", 3);
    const auto mixed = open_dataset({.path = folder.path()});
    CHECK(grays(*mixed) == std::vector<int>{3});
    CHECK(mixed->bad_files().size() == 2);
    CHECK(left_out(*mixed, "a.png", "beside the folders"));
}

TEST_CASE("folders train and test are the parts of a set")
{
    const TemporaryFolder folder;
    add_image(folder / "train/x/1.png", 1);
    add_image(folder / "test/x/2.png", 2);
    CHECK(grays(*open_dataset({.path = folder.path()})) == std::vector<int>{1});
    CHECK(grays(*open_dataset({.path = folder.path(), .split = DataSettings::Split::test})) ==
          std::vector<int>{2});
    fs::remove_all(folder / "test");
    CHECK(refusal({.path = folder.path(), .split = DataSettings::Split::test}).code == ErrorCode::bad_file);
}

TEST_CASE("files that cannot be used are left out with their reason, and refused where that is asked for")
{
    const TemporaryFolder folder;
    add_image(folder / "a/0.png", 1);
    add_image(folder / "a/9.png", 2);
    Bytes cut = png(pattern(side, side, 1));
    cut.resize(cut.size() / 2);
    write_bytes(folder / "a/cut.png", cut);
    write_bytes(folder / "a/empty.jpg", {});
    write_bytes(folder / "a/notes.txt", {'h', 'i'});
    write_bytes(folder / "a/.hidden", {'h', 'i'});
    add_image(folder / "a/large.png", 3, side + 1);
    fs::create_directories(folder / "nothing");
    fs::create_symlink(folder / "missing", folder / "a/broken.png");
    REQUIRE(::mkfifo((folder / "a/pipe.png").c_str(), 0600) == 0);

    const auto data = open_dataset({.path = folder.path()});
    CHECK(grays(*data) == std::vector<int>{1, 2});
    CHECK(data->class_names() == std::vector<std::string>{"a"});
    CHECK(data->bad_files().size() == 7);
    CHECK(left_out(*data, "a/cut.png", "too early"));
    CHECK(left_out(*data, "a/empty.jpg", "an empty file"));
    CHECK(left_out(*data, "a/notes.txt", "unknown kind"));
    CHECK(left_out(*data, "a/large.png", "7 x 7 pixels, others 6 x 6"));
    CHECK(left_out(*data, "nothing", "no image"));
    CHECK(left_out(*data, "a/broken.png", "leads nowhere"));
    CHECK(left_out(*data, "a/pipe.png", "neither a file nor a folder"));

    for (const BadFile& bad : data->bad_files()) {
        for (const BadFile& other : data->bad_files()) {
            if (other.file != bad.file) {
                fs::rename(folder / other.file, folder / ("." + fs::path(other.file).filename().string()));
            }
        }
        const Failure failure = refusal({.path = folder.path(), .strict = true});
        CHECK(failure.code == ErrorCode::bad_file);
        CHECK(failure.where == (folder / bad.file).string());
        for (const BadFile& other : data->bad_files()) {
            if (other.file != bad.file) {
                fs::rename(folder / ("." + fs::path(other.file).filename().string()), folder / other.file);
            }
        }
    }
}

TEST_CASE("circles of links end, and a folder is read once")
{
    const TemporaryFolder folder;
    add_image(folder / "a/0.png", 1);
    fs::create_directory_symlink(folder.path(), folder / "a/up");
    fs::create_directory_symlink(folder / "a", folder / "b");
    fs::create_symlink("circle", folder / "a/circle");
    const auto data = open_dataset({.path = folder.path()});
    CHECK(grays(*data) == std::vector<int>{1});
    CHECK(left_out(*data, "a/up", "read already"));
    CHECK(left_out(*data, "b", "read already"));
    CHECK(data->bad_files().size() == 4);
}

TEST_CASE("a folder without a single image is refused with what it holds")
{
    const TemporaryFolder folder;
    CHECK(refusal({.path = folder.path()}).what.find("0 folders and 0 files") != std::string::npos);
    write_bytes(folder / "x.npz", {'P', 'K', 3, 4});
    write_bytes(folder / "y.npz", {'P', 'K', 3, 4});
    write_bytes(folder / "z", {1, 2});
    const Failure failure = refusal({.path = folder.path()});
    CHECK(failure.code == ErrorCode::bad_file);
    CHECK(failure.what.find("2 .npz") != std::string::npos);
    CHECK(failure.what.find("1 without ending") != std::string::npos);
}

TEST_CASE("a folder of nothing but damaged images is refused with the first reason")
{
    const TemporaryFolder folder;
    write_bytes(folder / "a/1.png", {'h', 'i'});
    write_bytes(folder / "a/2.png", {'h', 'i'});
    CHECK(refusal({.path = folder.path()}).code == ErrorCode::bad_file);
    CHECK(refusal({.path = folder.path(), .img_size = 4, .channels = 1}).what.find("2 left out") !=
          std::string::npos);
}

TEST_CASE("oblong images without a size to cut them to are the user's choice to make, not damage")
{
    const TemporaryFolder folder;
    write_bytes(folder / "1.png", png(pattern(20, 30, 3)));
    const Failure failure = refusal({.path = folder.path()});
    CHECK(failure.code == ErrorCode::usage);
    CHECK(failure.remedy.find("img_size") != std::string::npos);
    write_bytes(folder / "2.png", png(pattern(20, 20, 3)));
    const auto data = open_dataset({.path = folder.path()});
    CHECK(data->size() == 1);
    CHECK(left_out(*data, "1.png", "20 x 30 pixels, others 20 x 20"));
}

TEST_CASE("the same examples come out whatever the number of threads")
{
    const TemporaryFolder folder;
    for (int i = 0; i < 60; ++i) {
        const fs::path path = folder / (std::to_string(i) + ".png");
        write_bytes(path, i % 7 == 3 ? Bytes{1, 2, 3} : png(pattern(10 + i % 5, 12, 3, i)));
    }
    const auto expected = open_dataset({.path = folder.path(), .img_size = 8, .threads = 1});
    CHECK(expected->bad_files().size() == 9);
    for (const int threads : {2, 3, 8}) {
        const auto data = open_dataset({.path = folder.path(), .img_size = 8, .threads = threads});
        CHECK(data->digest() == expected->digest());
        CHECK(data->bad_files() == expected->bad_files());
        CHECK(refusal({.path = folder.path(), .img_size = 8, .strict = true, .threads = threads}).where ==
              refusal({.path = folder.path(), .img_size = 8, .strict = true, .threads = 1}).where);
    }
}

TEST_CASE("a limit keeps the first files of each class")
{
    const TemporaryFolder folder;
    for (int i = 0; i < 5; ++i) {
        add_image(folder / ("a/" + std::to_string(i) + ".png"), i);
        add_image(folder / ("b/" + std::to_string(i) + ".png"), 10 + i);
    }
    CHECK(grays(*open_dataset({.path = folder.path(), .limit = 2})) == std::vector<int>{0, 1, 10, 11});
}

TEST_CASE("images become the size and channels that are asked for")
{
    const TemporaryFolder folder;
    write_bytes(folder / "1.png", png(pattern(20, 30, 3)));
    write_bytes(folder / "2.png", png(pattern(5, 4, 1)));
    const auto data = open_dataset({.path = folder.path(), .img_size = 12, .channels = 3});
    CHECK(data->size() == 2);
    CHECK(data->values_an_example() == 3 * 12 * 12);
    CHECK(refusal({.path = folder.path(), .img_size = 12, .channels = 2}).code == ErrorCode::usage);
    CHECK(refusal({.path = folder.path(), .img_size = -1}).code == ErrorCode::usage);
    CHECK(refusal({.path = folder.path(), .limit = -1}).code == ErrorCode::usage);
    CHECK(refusal({.path = folder.path(), .threads = 0}).code == ErrorCode::usage);
}
