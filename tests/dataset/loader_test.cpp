// SPDX-License-Identifier: GPL-3.0-or-later
#include "data/batch_loader.h"
#include "data/order.h"
#include "dataset/dataset_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

bool same(const Batch& a, const Batch& b)
{
    return a.count == b.count && a.images == b.images && a.labels == b.labels && a.indices == b.indices;
}

std::vector<Batch> batches(const std::shared_ptr<const Dataset>& data, const LoaderSettings& settings,
                           int count, std::int64_t start = 0)
{
    BatchLoader loader(data, settings, start);
    std::vector<Batch> all;
    for (int i = 0; i < count; ++i) {
        all.push_back(loader.next());
    }
    return all;
}

}  // namespace

TEST_CASE("batches are the same whatever the number of threads and of batches ahead")
{
    const auto data = made_dataset(37);
    const auto expected = batches(data, {.seed = 5, .batch = 8, .flip = true, .threads = 0}, 30);
    for (const int threads : {1, 2, 5}) {
        for (const int prefetch : {1, 3, 16}) {
            const auto got = batches(
                data, {.seed = 5, .batch = 8, .flip = true, .threads = threads, .prefetch = prefetch}, 30);
            CHECK(std::equal(expected.begin(), expected.end(), got.begin(), same));
        }
    }
}

TEST_CASE("a loader that starts at batch k continues as if it had never stopped")
{
    const auto data = made_dataset(37);
    const LoaderSettings settings{.seed = 9, .batch = 6, .flip = true};
    const auto whole = batches(data, settings, 40);
    for (const int start : {0, 1, 6, 7, 25, 39}) {
        const auto rest = batches(data, settings, 40 - start, start);
        CHECK_MESSAGE(std::equal(rest.begin(), rest.end(), whole.begin() + start, same), start);
    }
}

TEST_CASE("every epoch holds every example once, also where batches span epochs")
{
    constexpr std::int64_t size = 10;
    const auto data = made_dataset(size);
    for (const std::int64_t batch : {1, 3, 10, 25}) {
        BatchLoader loader(data, {.seed = 1, .batch = batch});
        std::vector<std::int64_t> row;
        while (row.size() < 15 * size) {
            const Batch got = loader.next();
            CHECK(got.count == batch);
            row.insert(row.end(), got.indices.begin(), got.indices.end());
        }
        for (std::size_t epoch = 0; epoch < 15; ++epoch) {
            const auto order = epoch_order(size, 1, epoch);
            CHECK(std::equal(order.begin(), order.end(),
                             row.begin() + static_cast<std::ptrdiff_t>(epoch * size)));
        }
    }
}

TEST_CASE("a batch holds the images and labels of its indices, mirrored only where asked")
{
    const auto data = made_dataset(20, 5);
    const auto width = static_cast<std::size_t>(data->values_an_example());
    for (const bool flip : {false, true}) {
        int mirrored = 0;
        for (const Batch& batch : batches(data, {.seed = 2, .batch = 20, .flip = flip}, 4)) {
            for (std::size_t i = 0; i < batch.indices.size(); ++i) {
                const auto begin = batch.images.begin() + static_cast<std::ptrdiff_t>(i * width);
                const std::vector<float> image(begin, begin + static_cast<std::ptrdiff_t>(width));
                const bool as_is = image == values_of(*data, batch.indices[i]);
                mirrored += as_is ? 0 : 1;
                CHECK((as_is || image == values_of(*data, batch.indices[i], true)));
                CHECK(batch.labels[i] == data->label(batch.indices[i]));
            }
        }
        CHECK((mirrored > 0) == flip);
    }
}

TEST_CASE("a loader that is dropped with batches in work ends")
{
    const auto data = made_dataset(50);
    for (int i = 0; i < 20; ++i) {
        BatchLoader loader(data, {.seed = 1, .batch = 64, .threads = 4, .prefetch = 8});
        CHECK(loader.next().count == 64);
        CHECK(loader.position() == 1);
    }
}

TEST_CASE("settings that make no sense are refused")
{
    const auto data = made_dataset(5);
    CHECK_THROWS_AS(BatchLoader(data, {.batch = 0}), EngineError);
    CHECK_THROWS_AS(BatchLoader(data, {.threads = -1}), EngineError);
    CHECK_THROWS_AS(BatchLoader(data, {.prefetch = 0}), EngineError);
    CHECK_THROWS_AS(BatchLoader(data, {}, -1), EngineError);
    CHECK_THROWS_AS(BatchLoader(data, {.batch = 1000}, std::int64_t{1} << 60), EngineError);
}

TEST_CASE("pixels become [-1, 1], and mirroring turns rows around")
{
    Examples examples;
    examples.count = 1;
    examples.channels = 1;
    examples.side = 2;
    examples.values = {std::byte{0}, std::byte{255}, std::byte{51}, std::byte{204}};
    const Dataset data(std::move(examples));
    CHECK(values_of(data, 0) == std::vector<float>{-1.0F, 1.0F, -0.6F, 0.6F});
    CHECK(values_of(data, 0, true) == std::vector<float>{1.0F, -1.0F, 0.6F, -0.6F});
    CHECK(data.label(0) == -1);
}

TEST_CASE("the digest tells other values, labels, names and shapes")
{
    const std::string digest = Dataset(made_examples(6, 4, 2)).digest();
    CHECK(digest == Dataset(made_examples(6, 4, 2)).digest());
    CHECK(digest.size() == 64);
    Examples pixels = made_examples(6, 4, 2);
    pixels.values.back() ^= std::byte{1};
    Examples labels = made_examples(6, 4, 2);
    labels.labels.back() ^= 1;
    Examples names = made_examples(6, 4, 2);
    names.class_names.back() = "other";
    Examples shape = made_examples(6, 4, 2);
    shape.side = 2;
    shape.channels = 4;
    for (Examples* other : {&pixels, &labels, &names, &shape}) {
        CHECK(Dataset(std::move(*other)).digest() != digest);
    }
}
