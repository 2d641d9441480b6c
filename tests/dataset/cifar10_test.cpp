// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/dataset_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

/// A record whose planes have the values first, first + 1 and first + 2.
void add_record(Bytes& bytes, int label, int first)
{
    bytes.push_back(static_cast<std::uint8_t>(label));
    for (int plane = 0; plane < 3; ++plane) {
        bytes.insert(bytes.end(), 32 * 32, static_cast<std::uint8_t>(first + plane));
    }
}

Bytes batch(std::initializer_list<int> labels, int first)
{
    Bytes bytes;
    for (const int label : labels) {
        add_record(bytes, label, first);
        first += 10;
    }
    return bytes;
}

void write_set(const std::filesystem::path& folder)
{
    for (int i = 1; i <= 5; ++i) {
        write_bytes(folder / ("data_batch_" + std::to_string(i) + ".bin"), batch({i, 0}, 20 * i));
    }
    write_bytes(folder / "test_batch.bin", batch({9}, 200));
}

float pixel(int value)
{
    return static_cast<float>(2.0 * value / 255.0 - 1.0);
}

}  // namespace

TEST_CASE("CIFAR-10's binary files give their images and classes")
{
    const TemporaryFolder folder;
    write_set(folder.path());
    const auto train = open_dataset({.path = folder.path()});
    CHECK(train->size() == 10);
    CHECK(train->channels() == 3);
    CHECK(train->side() == 32);
    CHECK(train->class_names()[0] == "airplane");
    CHECK(train->label(2) == 2);
    const std::vector<float> values = values_of(*train, 2);
    CHECK(values[0] == pixel(40));
    CHECK(values[32 * 32] == pixel(41));
    CHECK(values[3 * 32 * 32 - 1] == pixel(42));
    CHECK(train->bad_files().empty());
    const auto test = open_dataset({.path = folder.path(), .split = DataSettings::Split::test});
    CHECK(test->size() == 1);
    CHECK(test->label(0) == 9);
}

TEST_CASE("the folder that CIFAR-10's archive unpacks to is found within the one named")
{
    const TemporaryFolder folder;
    write_set(folder / "cifar-10-batches-bin");
    CHECK(open_dataset({.path = folder.path()})->size() == 10);
}

TEST_CASE("class names are the file's where there are ten, else CIFAR-10's")
{
    const TemporaryFolder folder;
    write_set(folder.path());
    const std::string ten = "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
    write_bytes(folder / "batches.meta.txt", Bytes(ten.begin(), ten.end()));
    CHECK(open_dataset({.path = folder.path()})->class_names()[1] == "b");
    for (const std::string& text :
         {std::string("a\nb\n"), ten + "k\n", std::string(5000, 'x'), std::string()}) {
        write_bytes(folder / "batches.meta.txt", Bytes(text.begin(), text.end()));
        CHECK(open_dataset({.path = folder.path()})->class_names()[1] == "automobile");
    }
}

TEST_CASE("what is wrong with a batch is left out, or refused where that is asked for")
{
    const TemporaryFolder folder;
    write_set(folder.path());
    std::filesystem::remove(folder / "data_batch_1.bin");
    Bytes cut = batch({1, 2}, 1);
    cut.resize(cut.size() - 100);
    write_bytes(folder / "data_batch_2.bin", cut);
    write_bytes(folder / "data_batch_3.bin", batch({200, 3, 10}, 1));
    write_bytes(folder / "data_batch_4.bin", {});
    const auto data = open_dataset({.path = folder.path()});
    CHECK(data->size() == 1 + 1 + 2);
    CHECK(data->bad_files().size() == 5);
    CHECK(data->bad_files()[0] == BadFile{"data_batch_1.bin", "the file is missing"});
    CHECK(data->bad_files()[3].file == "data_batch_3.bin, record 0");
    CHECK(refusal({.path = folder.path(), .strict = true}).code == ErrorCode::bad_file);
}

TEST_CASE("a set without a usable record is refused")
{
    const TemporaryFolder folder;
    write_bytes(folder / "data_batch_1.bin", Bytes(100, 1));
    CHECK(refusal({.path = folder.path()}).code == ErrorCode::bad_file);
    CHECK(refusal({.path = folder.path(), .split = DataSettings::Split::test}).code == ErrorCode::bad_file);
}

TEST_CASE("a limit keeps the first records of each class over all batches")
{
    const TemporaryFolder folder;
    write_set(folder.path());
    const auto data = open_dataset({.path = folder.path(), .limit = 1});
    CHECK(data->size() == 6);
    CHECK(data->label(1) == 0);
    CHECK(values_of(*data, 1)[0] == pixel(30));
}

TEST_CASE("what would not fit into memory is refused before it is read")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "data_batch_1.bin";
    write_bytes(path, batch({0}, 1));
    std::filesystem::resize_file(path, 3073'000'000);  // a hole: takes no room on the disk
    const Failure failure = refusal({.path = folder.path(), .img_size = 4096});
    CHECK(failure.code == ErrorCode::out_of_memory);
    CHECK(failure.what.find("1000000 examples") != std::string::npos);
}
