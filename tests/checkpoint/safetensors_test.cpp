// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <iterator>
#include <limits>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

std::size_t files_in(const std::filesystem::path& folder)
{
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

ErrorCode code_of_writing(const std::filesystem::path& path)
{
    try {
        write_safetensors(path, {{"a", at::zeros({4})}});
    } catch (const EngineError& error) {
        CHECK(error.failure().where == path.string());
        return error.code();
    }
    FAIL("it was written");
    return ErrorCode::failed;
}

bool is_aligned(const at::Tensor& tensor)
{
    return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % tensor.element_size() == 0;
}

}  // namespace

TEST_CASE("tensors of every type and rank come back as they were written")
{
    const TemporaryFolder folder;
    std::map<std::string, at::Tensor> tensors;
    for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                                       at::kShort, at::kChar, at::kByte, at::kBool}) {
        const std::string name = c10::toString(dtype);
        for (const std::vector<std::int64_t>& shape :
             std::vector<std::vector<std::int64_t>>{{}, {0}, {1}, {3, 5}, {2, 1, 3, 1}}) {
            const std::int64_t count = c10::multiply_integers(shape);
            tensors[name + std::to_string(shape.size()) + std::to_string(count)] =
                at::arange(count).reshape(shape).to(dtype);
        }
    }
    tensors["a name, with \"quotes\" and ü"] = at::arange(6).reshape({2, 3}).t();
    write_safetensors(folder / "all.safetensors", tensors, {{"title", "all types"}});
    const Checkpoint checkpoint = read_checkpoint(folder / "all.safetensors");
    REQUIRE(checkpoint.tensors.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
        CAPTURE(name);
        const at::Tensor& back = checkpoint.tensors.at(name);
        CHECK((back.scalar_type() == tensor.scalar_type()));
        CHECK(back.sizes() == tensor.sizes());
        CHECK(at::equal(back, tensor));
        CHECK(is_aligned(back));
    }
    CHECK(checkpoint.metadata ==
          std::map<std::string, std::string>{{"title", "all types"}, {"format", "pt"}});
    CHECK(checkpoint.format == CheckpointFormat::safetensors);
    CHECK(checkpoint.sha256.size() == 64);
}

TEST_CASE("the data of a written file start at a multiple of 64 bytes")
{
    const TemporaryFolder folder;
    for (std::size_t length = 1; length < 70; ++length) {
        write_safetensors(folder / "a.safetensors", {{std::string(length, 'n'), at::zeros({1})}});
        const std::string bytes = read_file(folder / "a.safetensors");
        CHECK(bytes.size() % 64 == sizeof(float));
    }
}

TEST_CASE("data that are not aligned for their type are read all the same")
{
    const TemporaryFolder folder;
    const std::string data = "x" + float_bytes({1.5F, -2.0F});
    write_file(folder / "a", safetensors_file(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                              R"("b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})",
                                              data));
    const at::Tensor tensor = read_checkpoint(folder / "a").tensors.at("b");
    CHECK(is_aligned(tensor));
    CHECK(tensor[0].item<float>() == 1.5F);
    CHECK(tensor[1].item<float>() == -2.0F);
}

TEST_CASE("the format is told by the contents, not by the name")
{
    const TemporaryFolder folder;
    write_safetensors(folder / "a.pth", {{"a", at::zeros({2})}});
    CHECK(read_checkpoint(folder / "a.pth").format == CheckpointFormat::safetensors);
}

TEST_CASE("inputs may hold NaN, checkpoints may not")
{
    const TemporaryFolder folder;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    write_safetensors(folder / "a", {{"x.0", at::full({3}, nan)}});
    CHECK(read_tensors(folder / "a").at("x.0").isnan().all().item<bool>());
    CHECK_THROWS_AS(read_checkpoint(folder / "a"), EngineError);
}

TEST_CASE("read_tensors refuses a PyTorch file")
{
    const TemporaryFolder folder;
    write_file(folder / "a", pytorch_file(one_tensor_pickle(1, 0, {1}, {1}), {float_bytes({1})}));
    CHECK_THROWS_AS(read_tensors(folder / "a"), EngineError);
}

TEST_CASE("tensors outlive the Checkpoint they came with")
{
    const TemporaryFolder folder;
    write_safetensors(folder / "a", {{"a", at::full({1000}, 7.0)}});
    at::Tensor tensor;
    {
        const Checkpoint checkpoint = read_checkpoint(folder / "a");
        tensor = checkpoint.tensors.at("a");
    }
    CHECK(tensor.sum().item<float>() == 7000.0F);
}

TEST_CASE("a file that cannot be written leaves nothing behind, and what was there stays")
{
    const TemporaryFolder folder;
    CHECK(code_of_writing(folder / "missing" / "a.safetensors") == ErrorCode::bad_file);
    CHECK(code_of_writing(folder.path()) == ErrorCode::bad_file);
    write_file(folder / "plain", "x");
    CHECK(code_of_writing(folder / "plain" / "a.safetensors") == ErrorCode::bad_file);
    CHECK(files_in(folder.path()) == 1);

    write_safetensors(folder / "a.safetensors", {{"a", at::full({8}, 1.0)}});
    const std::string before = read_file(folder / "a.safetensors");
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{4096, limit.rlim_max};
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    CHECK_THROWS_AS(write_safetensors(folder / "a.safetensors", {{"a", at::zeros({100'000})}}), EngineError);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, previous);
    CHECK(files_in(folder.path()) == 2);
    CHECK(read_file(folder / "a.safetensors") == before);
}

TEST_CASE("names and types that the format cannot carry are refused")
{
    const TemporaryFolder folder;
    const auto path = folder / "a.safetensors";
    CHECK_THROWS_AS(write_safetensors(path, {{"__metadata__", at::zeros({1})}}), EngineError);
    CHECK_THROWS_AS(write_safetensors(path, {{"\xff", at::zeros({1})}}), EngineError);
    CHECK_THROWS_AS(write_safetensors(path, {{"a", at::empty({1}, at::kComplexFloat)}}), EngineError);
    CHECK(files_in(folder.path()) == 0);
}
