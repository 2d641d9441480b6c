// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/pack.h"
#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "sampler/forward.h"

#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <fstream>
#include <functional>

using namespace duodiff;
namespace fs = std::filesystem;
using nlohmann::json;

namespace
{

fs::path golden(const char* name)
{
    return test::data_dir() / "golden" / name;
}

ModelPart part(const fs::path& path)
{
    ModelPart read;
    read.checkpoint = read_checkpoint(path);
    read.config = resolve_config(read.checkpoint);
    return read;
}

/// A model whose full network is the backbone of its early-exit part.
ModelFiles shared_model(const test::TemporaryFolder& folder)
{
    ModelFiles files;
    files.name = "shared";
    files.early_exit = part(golden("early_exit_class_conditional.pth"));
    std::map<std::string, at::Tensor> backbone;
    for (const auto& [name, tensor] : files.early_exit->checkpoint.tensors) {
        if (name.starts_with("uvit.")) {
            backbone[name.substr(5)] = tensor;
        }
    }
    const fs::path full = folder / "full.safetensors";
    write_safetensors(full, backbone);
    fs::copy_file(golden("early_exit_class_conditional.yaml"), folder / "full.yaml");
    files.full = part(full);
    files.shares_backbone = true;
    return files;
}

json read_json(const fs::path& file)
{
    std::ifstream stream(file);
    return json::parse(stream);
}

void change_pack(const fs::path& pack, const std::function<void(json&)>& change)
{
    json description = read_json(pack / "pack.json");
    change(description);
    std::ofstream(pack / "pack.json") << description.dump();
}

ErrorCode error_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (const EngineError& error) {
        CHECK(error.failure().text().size() < 400);
        return error.code();
    }
    FAIL("no error");
    return ErrorCode::failed;
}

}  // namespace

TEST_CASE("the files of a pack say in the usual keys what they hold, the same every time")
{
    const test::TemporaryFolder folder;
    ModelFiles files = shared_model(folder);
    files.name = "Caf\u00e9";
    files.licence = "MIT";
    files.parametrization = Parametrization::predict_noise;
    write_pack(files, folder / "pack", false);
    write_pack(files, folder / "again", false);
    for (const char* role : {"full", "early_exit"}) {
        const std::string name = std::string(role) + ".safetensors";
        const auto about = read_safetensors_directory(*MappedFile::open(folder / "pack" / name)).metadata;
        CHECK(about.at("format") == "pt");
        CHECK(about.at("modelspec.sai_model_spec") == "1.0.0");
        CHECK(about.at("modelspec.title") == "Caf\u00e9 (" + std::string(role) + ")");
        CHECK_FALSE(about.at("modelspec.architecture").empty());
        CHECK(about.at("modelspec.license") == "MIT");
        CHECK(about.at("modelspec.prediction_type") == "epsilon");
        CHECK(about.at("modelspec.resolution") == "16x16");
        CHECK(read_checkpoint(folder / "pack" / name).sha256 ==
              read_checkpoint(folder / "again" / name).sha256);
    }
    CHECK(read_pack(folder / "pack").name == "Caf\u00e9");
}

TEST_CASE("a pack gives back the networks it was made from, the shared backbone stored and loaded once")
{
    const c10::InferenceMode inference;
    const test::TemporaryFolder folder;
    const ModelFiles files = shared_model(folder);
    write_pack(files, folder / "pack", false);

    const json description = read_json(folder / "pack" / "pack.json");
    CHECK(description["parts"]["early_exit"]["shares_backbone_of"] == "full");
    const auto stored = read_checkpoint(folder / "pack" / "early_exit.safetensors").tensors;
    for (const auto& [name, tensor] : stored) {
        CHECK_FALSE(name.starts_with("uvit."));
    }

    const ModelFiles again = read_pack(folder / "pack");
    CHECK(again.shares_backbone);
    const ModelBundle before(files, c10::Device(c10::kCPU), at::kFloat);
    const ModelBundle after(again, c10::Device(c10::kCPU), at::kFloat);
    CHECK(&after.network(NetworkRole::full).backbone() == &after.network(NetworkRole::early_exit).backbone());
    CHECK(after.bytes() == before.bytes());
    const auto inputs = read_tensors(golden("early_exit_class_conditional.forward.safetensors"));
    for (const NetworkRole role : {NetworkRole::full, NetworkRole::early_exit}) {
        const EveryExit one =
            run_every_exit(before.network(role), inputs.at("x.500"), 500, inputs.at("y.500"));
        const EveryExit other =
            run_every_exit(after.network(role), inputs.at("x.500"), 500, inputs.at("y.500"));
        CHECK(at::equal(one.output, other.output));
    }
}

TEST_CASE("an early-exit part whose backbone differs in one weight is stored whole")
{
    const test::TemporaryFolder folder;
    ModelFiles files = shared_model(folder);
    at::Tensor changed = files.full->checkpoint.tensors.at("norm.weight").clone();
    changed.data_ptr<float>()[0] += 1e-6F;
    files.full->checkpoint.tensors["norm.weight"] = changed;
    CHECK_FALSE(backbones_equal(*files.full, *files.early_exit));
    write_pack(files, folder / "pack", false);
    const ModelFiles again = read_pack(folder / "pack");
    CHECK_FALSE(again.shares_backbone);
    const ModelBundle bundle(again, c10::Device(c10::kCPU), at::kFloat);
    CHECK(&bundle.network(NetworkRole::full).backbone() !=
          &bundle.network(NetworkRole::early_exit).backbone());
}

TEST_CASE("the AdaDiff authors' form survives a pack too")
{
    const test::TemporaryFolder folder;
    ModelFiles files;
    files.name = "original";
    files.early_exit = part(golden("adadiff_original.pth"));
    files.shares_backbone = true;
    write_pack(files, folder / "pack", false);
    const ModelFiles again = read_pack(folder / "pack");
    CHECK(again.early_exit->config.kind == ModelKind::adadiff_original);
    CHECK(again.early_exit->config.uvit == files.early_exit->config.uvit);
}

TEST_CASE("a pack is replaced only when that is asked for, and nothing else ever is")
{
    const test::TemporaryFolder folder;
    ModelFiles files;
    files.name = "one";
    files.full = part(golden("uvit_unconditional.pth"));
    write_pack(files, folder / "pack", false);
    CHECK(error_of([&] { write_pack(files, folder / "pack", false); }) == ErrorCode::usage);
    CHECK_NOTHROW(write_pack(files, folder / "pack", true));
    fs::create_directory(folder / "precious");
    std::ofstream(folder / "precious" / "thesis.txt") << "years of work";
    CHECK(error_of([&] { write_pack(files, folder / "precious", true); }) == ErrorCode::usage);
    CHECK(fs::exists(folder / "precious" / "thesis.txt"));
}

TEST_CASE("a damaged or hostile pack is a bad file, in words")
{
    const test::TemporaryFolder folder;
    ModelFiles files;
    files.name = "one";
    files.full = part(golden("uvit_unconditional.pth"));
    const std::vector<std::pair<const char*, std::function<void(const fs::path&)>>> damages = {
        {"no pack.json", [](const fs::path& p) { fs::remove(p / "pack.json"); }},
        {"empty pack.json", [](const fs::path& p) { std::ofstream(p / "pack.json", std::ios::trunc); }},
        {"not JSON", [](const fs::path& p) { std::ofstream(p / "pack.json") << "{ nonsense"; }},
        {"an array", [](const fs::path& p) { std::ofstream(p / "pack.json") << "[1, 2]"; }},
        {"other format", [](const fs::path& p) { change_pack(p, [](json& j) { j["format"] = "zip"; }); }},
        {"newer version", [](const fs::path& p) { change_pack(p, [](json& j) { j["version"] = 99; }); }},
        {"no parts", [](const fs::path& p) { change_pack(p, [](json& j) { j.erase("parts"); }); }},
        {"parts empty",
         [](const fs::path& p) { change_pack(p, [](json& j) { j["parts"] = json::object(); }); }},
        {"unknown part",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["magic"] = j["parts"]["full"]; });
         }},
        {"file outside",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["file"] = "../pack/full.safetensors"; });
         }},
        {"absolute file",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["file"] = "/etc/passwd"; });
         }},
        {"missing file", [](const fs::path& p) { fs::remove(p / "full.safetensors"); }},
        {"wrong hash",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["sha256"] = std::string(64, '0'); });
         }},
        {"hash of a wrong type",
         [](const fs::path& p) { change_pack(p, [](json& j) { j["parts"]["full"]["sha256"] = 7; }); }},
        {"config contradicts the tensors",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["config"]["depth"] = 7; });
         }},
        {"a kind that the tensors are not of",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["config"]["kind"] = "autoencoder"; });
         }},
        {"heads do not divide",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["config"]["num_heads"] = 5; });
         }},
        {"nested config",
         [](const fs::path& p) {
             change_pack(p, [](json& j) { j["parts"]["full"]["config"]["depth"] = json::object(); });
         }},
        {"bad schedule",
         [](const fs::path& p) { change_pack(p, [](json& j) { j["schedule"]["beta_end"] = 1.5; }); }},
        {"bad parametrization",
         [](const fs::path& p) { change_pack(p, [](json& j) { j["parametrization"] = "guess"; }); }},
        {"class names too many",
         [](const fs::path& p) { change_pack(p, [](json& j) {
                                     j["classes"] = {"a", "b"};
                                 }); }},
        {"shared backbone of nothing",
         [](const fs::path& p) {
             change_pack(p, [](json& j) {
                 j["parts"]["early_exit"] = j["parts"]["full"];
                 j["parts"]["early_exit"]["shares_backbone_of"] = "shallow";
             });
         }},
    };
    for (const auto& [what, damage] : damages) {
        INFO(what);
        write_pack(files, folder / "pack", true);
        damage(folder / "pack");
        CHECK(error_of([&] { read_pack(folder / "pack"); }) == ErrorCode::bad_file);
        fs::remove_all(folder / "pack");
    }
}

TEST_CASE("networks that do not belong together are refused with both names")
{
    ModelFiles files;
    files.full = part(golden("uvit_unconditional.pth"));
    files.shallow = part(golden("early_exit_class_conditional.pth"));
    try {
        check_parts(files);
        FAIL("accepted");
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(std::string(error.what()).find("uvit_unconditional.pth") != std::string::npos);
        CHECK(std::string(error.what()).find("early_exit_class_conditional.pth") != std::string::npos);
    }
}
