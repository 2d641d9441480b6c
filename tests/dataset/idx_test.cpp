// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/dataset_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <fstream>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

const Bytes four_pictures = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
                             18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35};

void write_set(const std::filesystem::path& folder, bool gzip)
{
    const Bytes images = idx_images(4, 3, 3, four_pictures);
    const Bytes labels = idx_labels({1, 0, 1, 2});
    const std::string ending = gzip ? ".gz" : "";
    write_bytes(folder / ("train-images-idx3-ubyte" + ending), gzip ? packed(images) : images);
    write_bytes(folder / ("train-labels-idx1-ubyte" + ending), gzip ? packed(labels) : labels);
    const Bytes test_images = idx_images(1, 3, 3, Bytes(9, 200));
    const Bytes test_labels = idx_labels({2});
    write_bytes(folder / ("t10k-images-idx3-ubyte" + ending), gzip ? packed(test_images) : test_images);
    write_bytes(folder / ("t10k-labels-idx1-ubyte" + ending), gzip ? packed(test_labels) : test_labels);
}

float pixel(int value)
{
    return static_cast<float>(2.0 * value / 255.0 - 1.0);
}

}  // namespace

TEST_CASE("IDX files give their images and labels, packed or not, of the part asked for")
{
    for (const bool gzip : {false, true}) {
        const TemporaryFolder folder;
        write_set(folder.path(), gzip);
        const auto train = open_dataset({.path = folder.path()});
        CHECK(train->size() == 4);
        CHECK(train->channels() == 1);
        CHECK(train->side() == 3);
        CHECK(train->class_names() == std::vector<std::string>{"0", "1", "2"});
        CHECK(train->label(0) == 1);
        CHECK(train->label(3) == 2);
        CHECK(values_of(*train, 1)[0] == pixel(9));
        CHECK(values_of(*train, 3)[8] == pixel(35));

        const auto test = open_dataset({.path = folder.path(), .split = DataSettings::Split::test});
        CHECK(test->size() == 1);
        CHECK(values_of(*test, 0)[0] == pixel(200));
    }
}

TEST_CASE("the images file of an IDX set is enough")
{
    const TemporaryFolder folder;
    write_set(folder.path(), true);
    CHECK(open_dataset({.path = folder / "train-images-idx3-ubyte.gz"})->label(3) == 2);
    std::filesystem::remove(folder / "train-labels-idx1-ubyte.gz");
    const auto unlabelled = open_dataset({.path = folder / "train-images-idx3-ubyte.gz"});
    CHECK_FALSE(unlabelled->has_labels());
    CHECK(unlabelled->label(0) == -1);
    CHECK(unlabelled->class_names().empty());
}

TEST_CASE("a limit keeps the first examples of each class")
{
    const TemporaryFolder folder;
    write_set(folder.path(), false);
    const auto data = open_dataset({.path = folder.path(), .limit = 1});
    REQUIRE(data->size() == 3);
    CHECK(values_of(*data, 0)[0] == pixel(0));
    CHECK(values_of(*data, 1)[0] == pixel(9));
    CHECK(values_of(*data, 2)[0] == pixel(27));
    CHECK(data->label(2) == 2);
}

TEST_CASE("IDX images are resized and get three channels where asked")
{
    const TemporaryFolder folder;
    write_set(folder.path(), false);
    const auto data = open_dataset({.path = folder.path(), .img_size = 1, .channels = 3});
    CHECK(data->values_an_example() == 3);
    CHECK(values_of(*data, 0) == std::vector<float>(3, pixel(4)));  // the mean of 0 .. 8
}

TEST_CASE("an IDX file cut at any length, or with bytes added, is refused")
{
    const TemporaryFolder folder;
    for (const bool gzip : {false, true}) {
        const std::string ending = gzip ? ".gz" : "";
        const std::filesystem::path path = folder / ("train-images-idx3-ubyte" + ending);
        const Bytes plain = idx_images(4, 3, 3, four_pictures);
        const Bytes whole = gzip ? packed(plain) : plain;
        for (std::size_t length = 0; length < whole.size(); ++length) {
            write_bytes(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
            CHECK_MESSAGE(
                refusal({.format = DataSettings::Format::idx, .path = path}).code == ErrorCode::bad_file,
                length);
        }
        Bytes longer = plain;
        longer.push_back(0);
        write_bytes(path, gzip ? packed(longer) : longer);
        CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
        std::filesystem::remove(path);
    }
}

TEST_CASE("a damaged gzip file is refused by its checksum")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "train-images-idx3-ubyte.gz";
    Bytes bytes = packed(idx_images(4, 3, 3, four_pictures));
    bytes[bytes.size() - 6] ^= 1;  // of the CRC
    write_bytes(path, bytes);
    CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
}

TEST_CASE("sizes that no file could hold are refused before memory is taken for them")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "train-images-idx3-ubyte";
    for (const std::uint32_t count : {5U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
        for (const std::uint32_t side : {3U, 16384U, 16385U, 0xFFFFFFFFU}) {
            for (const bool gzip : {false, true}) {
                const Bytes bytes = idx_images(count, side, side, four_pictures);
                write_bytes(path, gzip ? packed(bytes) : bytes);
                CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
            }
        }
    }
    write_bytes(path, idx_images(0, 3, 3, {}));
    CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
}

TEST_CASE("labels that do not fit the images are refused")
{
    const TemporaryFolder folder;
    write_set(folder.path(), false);
    for (const Bytes& labels : {idx_labels({1, 2, 3}), idx_labels({1, 2, 3, 4, 5}), Bytes{},
                                Bytes{0, 0, 8, 1}, idx_images(4, 1, 1, {1, 2, 3, 4})}) {
        write_bytes(folder / "train-labels-idx1-ubyte", labels);
        const Failure failure = refusal({.path = folder.path()});
        CHECK(failure.code == ErrorCode::bad_file);
        CHECK(failure.where.find("train-labels") != std::string::npos);
    }
}

TEST_CASE("oblong images need a size to be cut to")
{
    const TemporaryFolder folder;
    write_bytes(folder / "train-images-idx3-ubyte", idx_images(1, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}));
    CHECK(refusal({.path = folder.path()}).code == ErrorCode::usage);
    const auto data = open_dataset({.path = folder.path(), .img_size = 2});
    CHECK(values_of(*data, 0) == std::vector<float>{pixel(2), pixel(3), pixel(6), pixel(7)});
}

TEST_CASE("reading stops when asked to")
{
    const TemporaryFolder folder;
    write_set(folder.path(), false);
    std::stop_source stop;
    stop.request_stop();
    try {
        (void)open_dataset({.path = folder.path()}, {}, stop.get_token());
        FAIL("not stopped");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::cancelled);
    }
}

TEST_CASE("progress ends with everything done")
{
    const TemporaryFolder folder;
    write_set(folder.path(), false);
    std::int64_t last = -1;
    (void)open_dataset({.path = folder.path()}, [&](std::int64_t done, std::int64_t total) {
        CHECK(total == 4);
        CHECK(done >= last);
        last = done;
    });
    CHECK(last == 4);
}

TEST_CASE("Fashion-MNIST is recognised by its labels")
{
    const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
    if (!std::filesystem::exists(folder)) {
        MESSAGE("skipped: Debian's dataset-fashion-mnist is not installed");
        return;
    }
    for (const auto split : {DataSettings::Split::train, DataSettings::Split::test}) {
        const auto data = open_dataset({.path = folder, .split = split});
        CHECK(data->size() == (split == DataSettings::Split::train ? 60000 : 10000));
        REQUIRE(data->class_names().size() == 10);
        CHECK(data->class_names()[9] == "Ankle boot");
        CHECK(data->label(0) == 9);
    }
}
