// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <span>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

std::filesystem::path sample(const std::string& name)
{
    return data_dir() / "checkpoint" / name;
}

at::Tensor counted(const std::vector<std::int64_t>& shape)
{
    return at::arange(c10::multiply_integers(shape)).remainder(7).reshape(shape).to(at::kFloat);
}

/// What every sample file holds, whatever it was saved with.
void check_sample(const Checkpoint& checkpoint)
{
    const auto& tensors = checkpoint.tensors;
    REQUIRE(tensors.size() == 17);
    for (const char* type :
         {"float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"}) {
        CAPTURE(type);
        CHECK(at::equal(tensors.at(type).to(at::kFloat), counted({2, 5})));
    }
    CHECK((tensors.at("float64").scalar_type() == at::kDouble));
    CHECK((tensors.at("bfloat16").scalar_type() == at::kBFloat16));
    CHECK((tensors.at("int16").scalar_type() == at::kShort));
    CHECK((tensors.at("bool").scalar_type() == at::kBool));
    CHECK(tensors.at("bool")[1].item<bool>() == false);
    CHECK(at::equal(tensors.at("transposed"), counted({3, 4}).t()));
    CHECK(at::equal(tensors.at("sliced"), counted({6, 4}).slice(0, 1, 5, 2).slice(1, 1, 3)));
    CHECK(at::equal(tensors.at("tied"), tensors.at("float32")));
    CHECK(tensors.at("expanded").sum().item<float>() == 30.0F);
    CHECK(tensors.at("expanded").sizes() == at::IntArrayRef({3, 4}));
    CHECK(tensors.at("scalar").item<float>() == 3.0F);
    CHECK(tensors.at("empty").sizes() == at::IntArrayRef({0, 4}));
    CHECK(at::equal(tensors.at("parameter"), counted({3})));
}

Checkpoint read_bytes(const TemporaryFolder& folder, const std::string& bytes)
{
    write_file(folder / "a.pth", bytes);
    return read_checkpoint(folder / "a.pth");
}

}  // namespace

TEST_CASE("training checkpoints of pickle protocols 2 to 5 open, with their args")
{
    for (const char* name : {"protocol_2.pth", "protocol_3.pth", "protocol_4.pth", "protocol_5.pth"}) {
        CAPTURE(name);
        const Checkpoint checkpoint = read_checkpoint(sample(name));
        CHECK(checkpoint.format == CheckpointFormat::pytorch_zip);
        check_sample(checkpoint);
        REQUIRE(checkpoint.args);
        const ConfigValues told = {{"img_size", std::int64_t{8}},
                                   {"mlp_ratio", 2.5},
                                   {"qkv_bias", true},
                                   {"num_classes", std::int64_t{-1}},
                                   {"parametrization", std::string("predict_noise")}};
        const bool same = *checkpoint.args == told;
        CHECK(same);
    }
}

TEST_CASE("the state dict is found under its usual names, and DataParallel's prefix goes")
{
    check_sample(read_checkpoint(sample("nested.pth")));
    check_sample(read_checkpoint(sample("data_parallel.pth")));
}

TEST_CASE("the SHA-256 is that of the whole file")
{
    const std::string bytes = read_file(sample("nested.pth"));
    CHECK(read_checkpoint(sample("nested.pth")).sha256 == sha256_hex(std::as_bytes(std::span(bytes))));
}

TEST_CASE("model_state_dict goes before tensors beside it, and those before nested dicts")
{
    const TemporaryFolder folder;
    const std::string data = float_bytes({1, 2});
    const auto add = [](PickleBuilder& pickle, const char* key) -> PickleBuilder& {
        return pickle.text(key).tensor("0", 2, 0, {2}, {1}).raw("s");
    };
    PickleBuilder named;
    add(named.raw("}"), "outer").text("model_state_dict").raw("}");
    add(named, "inner").raw("s");
    CHECK(read_bytes(folder, pytorch_file(named.stop(), {data})).tensors.contains("inner"));

    PickleBuilder bare;
    add(bare.raw("}"), "outer").text("ema").raw("}");
    add(bare, "inner").raw("s");
    CHECK(read_bytes(folder, pytorch_file(bare.stop(), {data})).tensors.contains("outer"));
}

TEST_CASE("values that are no tensors are left out of a bare state dict")
{
    const TemporaryFolder folder;
    PickleBuilder pickle;
    pickle.raw("}").text("weight").tensor("0", 2, 0, {2}, {1}).raw("s").text("epoch").integer(3).raw("s");
    const Checkpoint checkpoint = read_bytes(folder, pytorch_file(pickle.stop(), {float_bytes({1, 2})}));
    CHECK(checkpoint.tensors.size() == 1);
    CHECK_FALSE(checkpoint.args);
}

TEST_CASE("archives with zip64 records, comments, or a checksum left out open")
{
    const TemporaryFolder folder;
    const std::string pickle = one_tensor_pickle(2, 0, {2}, {1});
    ZipBuilder zip;
    zip.add("m/data.pkl", pickle);
    zip.add("m/data/0", float_bytes({1, 2}));
    CHECK(read_bytes(folder, zip.finish_zip64()).tensors.size() == 1);
    std::string commented = zip.finish();
    commented.replace(commented.size() - 2, 2, little_endian(5, 2) + "hello");
    CHECK(read_bytes(folder, commented).tensors.size() == 1);
    ZipBuilder unchecked;
    unchecked.add("m/data.pkl", pickle).crc = 0;
    unchecked.add("m/data/0", float_bytes({1, 2}));
    CHECK(read_bytes(folder, unchecked.finish()).tensors.size() == 1);
}

TEST_CASE("tensors of a mapped file are not copied")
{
    const Checkpoint checkpoint = read_checkpoint(sample("protocol_2.pth"));
    CHECK(checkpoint.tensors.at("tied").const_data_ptr() ==
          checkpoint.tensors.at("float32").const_data_ptr());
}
