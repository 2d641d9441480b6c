// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/dataset_files.h"
#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

const std::vector<float> two_latents = {0.5F, -1.0F, 2.0F, 3.25F, 4.0F, -5.0F, 6.0F, 7.5F};
const std::vector<std::uint16_t> as_half = {0x3800, 0xBC00, 0x4000, 0x4280, 0x4400, 0xC500, 0x4600, 0x4780};
const std::vector<std::uint16_t> as_bfloat16 = {0x3F00, 0xBF80, 0x4000, 0x4050,
                                                0x4080, 0xC0A0, 0x40C0, 0x40F0};

StoredTensor latents_f32()
{
    return {"latents", "F32", {2, 1, 2, 2}, bytes_of(two_latents)};
}

StoredTensor labels(const std::vector<std::int64_t>& values)
{
    return {"labels", "I64", {static_cast<std::int64_t>(values.size())}, bytes_of(values)};
}

}  // namespace

TEST_CASE("latents of every float type come out as they are stored")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    for (const StoredTensor& tensor :
         {latents_f32(), StoredTensor{"latents", "F16", {2, 1, 2, 2}, bytes_of(as_half)},
          StoredTensor{"latents", "BF16", {2, 1, 2, 2}, bytes_of(as_bfloat16)}}) {
        write_bytes(path, safetensors({labels({3, 0}), tensor}));
        const auto data = open_dataset({.path = path});
        CHECK(data->is_latent());
        CHECK(data->channels() == 1);
        CHECK(data->side() == 2);
        CHECK(values_of(*data, 0) == std::vector<float>(two_latents.begin(), two_latents.begin() + 4));
        CHECK(values_of(*data, 1, true) == std::vector<float>{-5.0F, 4.0F, 7.5F, 6.0F});
        CHECK(data->label(0) == 3);
        CHECK(data->class_names().size() == 4);
    }
}

TEST_CASE("half precision is read exactly, subnormal numbers and zeros too")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    const std::vector<std::uint16_t> halves = {0x0001, 0x83FF, 0x8000, 0x0400, 0x7BFF,
                                               0xFBFF, 0x3555, 0x0000, 0x0200};
    const std::vector<float> expected = {0x1p-24F,  -0x3FFp-24F, -0.0F, 0x1p-14F,  65504.0F,
                                         -65504.0F, 0x1.554p-2F, 0.0F,  0x200p-24F};
    write_bytes(path, safetensors({{"latents", "F16", {1, 1, 3, 3}, bytes_of(halves)}}));
    CHECK(values_of(*open_dataset({.path = path}), 0) == expected);
}

TEST_CASE("labels may be of any whole number type, or not there")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    write_bytes(path, safetensors({latents_f32()}));
    CHECK_FALSE(open_dataset({.path = path})->has_labels());
    const std::vector<StoredTensor> types = {
        {"labels", "I32", {2}, bytes_of(std::vector<std::int32_t>{1, 7})},
        {"labels", "I16", {2}, bytes_of(std::vector<std::int16_t>{1, 7})},
        {"labels", "U8", {2}, {1, 7}},
        {"labels", "U64", {2}, bytes_of(std::vector<std::uint64_t>{1, 7})}};
    for (const StoredTensor& type : types) {
        write_bytes(path, safetensors({latents_f32(), type}));
        CHECK(open_dataset({.path = path})->label(1) == 7);
    }
}

TEST_CASE("labels that are no classes, or not one a latent, are refused")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    const std::vector<StoredTensor> wrong = {
        labels({-1, 0}),
        labels({0, 1'000'000'000}),
        labels({1}),
        labels({1, 2, 3}),
        {"labels", "F32", {2}, bytes_of(std::vector<float>{0, 1})},
        {"labels",
         "U64",
         {2},
         bytes_of(std::vector<std::uint64_t>{0, std::numeric_limits<std::uint64_t>::max()})},
        {"labels", "I64", {2, 1}, bytes_of(std::vector<std::int64_t>{0, 1})}};
    for (const StoredTensor& tensor : wrong) {
        write_bytes(path, safetensors({latents_f32(), tensor}));
        CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
    }
}

TEST_CASE("a latent with a value that is not finite is left out, or refused where that is asked for")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    for (const float bad :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> values = two_latents;
        values[2] = bad;
        write_bytes(path, safetensors({{"latents", "F32", {2, 1, 2, 2}, bytes_of(values)}, labels({1, 0})}));
        const auto data = open_dataset({.path = path});
        CHECK(data->size() == 1);
        CHECK(data->label(0) == 0);
        CHECK(values_of(*data, 0)[0] == 4.0F);
        CHECK(data->bad_files().size() == 1);
        CHECK(refusal({.path = path, .strict = true}).code == ErrorCode::bad_file);
    }
}

TEST_CASE("tensors of a wrong shape or size are refused before memory is taken for them")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    const Bytes bytes = bytes_of(two_latents);
    constexpr std::int64_t huge = std::int64_t{1} << 32U;
    const std::vector<StoredTensor> wrong = {
        {"latents", "F32", {2, 2, 2}, bytes},          {"latents", "F32", {1, 1, 2, 4}, bytes},
        {"latents", "F32", {2, 1, 2, 3}, bytes},       {"latents", "F32", {0, 1, 2, 2}, {}},
        {"latents", "F32", {huge, huge, 2, 2}, bytes}, {"latents", "F32", {huge, huge, 0, 2}, {}},
        {"latents", "I32", {2, 1, 2, 2}, bytes},       {"latents", "F64", {1, 1, 2, 2}, bytes},
        {"other", "F32", {2, 1, 2, 2}, bytes}};
    for (const StoredTensor& tensor : wrong) {
        write_bytes(path, safetensors({tensor}));
        CHECK(refusal({.path = path}).code == ErrorCode::bad_file);
    }
    write_bytes(path, safetensors({latents_f32()}));
    CHECK(refusal({.path = path, .img_size = 4}).code == ErrorCode::usage);
    CHECK(refusal({.path = path, .channels = 3}).code == ErrorCode::usage);
}

TEST_CASE("a file of latents cut at any length is refused")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    const Bytes whole = safetensors({latents_f32(), labels({1, 0})});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        write_bytes(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        CHECK_MESSAGE(
            refusal({.format = DataSettings::Format::latents, .path = path}).code == ErrorCode::bad_file,
            length);
    }
}

TEST_CASE("a damaged header is read or refused, never worse")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    const Bytes whole = safetensors({latents_f32(), labels({1, 0})});
    std::mt19937 random(1);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
        Bytes bytes = whole;
        bytes[random() % (whole.size() - 48)] = static_cast<std::uint8_t>(random());
        write_bytes(path, bytes);
        try {
            (void)open_dataset({.format = DataSettings::Format::latents, .path = path});
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
            ++refused;
        }
    }
    CHECK(refused > 150);
}

TEST_CASE("a limit keeps the first latents of each class")
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "latents.safetensors";
    write_bytes(path, safetensors({{"latents", "F32", {3, 1, 1, 1}, bytes_of(std::vector<float>{1, 2, 3})},
                                   labels({5, 5, 0})}));
    const auto data = open_dataset({.path = path, .limit = 1});
    REQUIRE(data->size() == 2);
    CHECK(values_of(*data, 1)[0] == 3.0F);
    CHECK(data->label(1) == 0);
}
