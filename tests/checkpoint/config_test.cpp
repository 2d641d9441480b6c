// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <functional>
#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

ModelConfig small_uvit()
{
    ModelConfig config;
    config.uvit = {.img_size = 8,
                   .patch_size = 2,
                   .in_chans = 3,
                   .embed_dim = 8,
                   .depth = 5,
                   .num_heads = 2,
                   .mlp_ratio = 4.0,
                   .qkv_bias = false,
                   .mlp_time_embed = false,
                   .num_classes = 0,
                   .normalize_timesteps = true};
    return config;
}

ModelConfig early_exit(ProbeKind probe)
{
    ModelConfig config = small_uvit();
    config.kind = probe == ProbeKind::certainty_map ? ModelKind::adadiff_original : ModelKind::early_exit;
    config.probe = probe;
    return config;
}

ConfigValues args_of(const ModelConfig& config)
{
    ConfigValues args = {{"img_size", config.uvit.img_size},
                         {"patch_size", config.uvit.patch_size},
                         {"in_chans", config.uvit.in_chans},
                         {"embed_dim", config.uvit.embed_dim},
                         {"depth", config.uvit.depth},
                         {"num_heads", config.uvit.num_heads},
                         {"mlp_ratio", config.uvit.mlp_ratio},
                         {"qkv_bias", config.uvit.qkv_bias},
                         {"mlp_time_embed", config.uvit.mlp_time_embed},
                         {"num_classes", config.uvit.num_classes ? config.uvit.num_classes : -1},
                         {"normalize_timesteps", config.uvit.normalize_timesteps}};
    if (config.probe) {
        args["classifier_type"] = std::string(to_string(*config.probe));
    }
    return args;
}

/// A checkpoint of zeros with all tensors of `config`, and its args.
Checkpoint checkpoint_of(const ModelConfig& config)
{
    Checkpoint checkpoint;
    checkpoint.path = "model.pth";
    for (const auto& [name, shape] : expected_tensors(config)) {
        checkpoint.tensors[name] = at::zeros(shape);
    }
    if (config.kind != ModelKind::autoencoder) {
        checkpoint.args = args_of(config);
    }
    return checkpoint;
}

std::string error_of(const Checkpoint& checkpoint, const std::filesystem::path& config_file = {})
{
    try {
        resolve_config(checkpoint, config_file);
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(std::string(error.what()).size() < 420);
        return error.what();
    }
    return "no error";
}

bool has(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

ModelConfig small_autoencoder(std::vector<std::int64_t> attention)
{
    ModelConfig config;
    config.kind = ModelKind::autoencoder;
    config.autoencoder.ch = 32;
    config.autoencoder.ch_mult = {1, 2, 4};
    config.autoencoder.num_res_blocks = 2;
    config.autoencoder.attn_resolutions = std::move(attention);
    return config;
}

}  // namespace

TEST_CASE("every reference checkpoint opens with the configuration that its YAML file tells")
{
    const std::filesystem::path shared = shared_dir();
    if (shared.empty()) {
        return;
    }
    int opened = 0;
    for (const auto& entry : std::filesystem::directory_iterator(shared / "golden")) {
        std::filesystem::path yaml = entry.path();
        yaml.replace_extension(".yaml");
        if (entry.path().extension() != ".pth" || !std::filesystem::exists(yaml)) {
            continue;
        }
        CAPTURE(entry.path());
        const ModelConfig config = resolve_config(read_checkpoint(entry.path()));
        const ConfigValues told = read_config_yaml(yaml);
        const auto number = [&](const char* key) { return std::get<std::int64_t>(told.at(key)); };
        if (config.kind == ModelKind::autoencoder) {
            CHECK(config.autoencoder.ch == number("ch"));
            CHECK(config.autoencoder.ch_mult == std::get<std::vector<std::int64_t>>(told.at("ch_mult")));
            CHECK(config.autoencoder.num_res_blocks == number("num_res_blocks"));
            CHECK(config.autoencoder.resolution == number("resolution"));
            CHECK(config.autoencoder.attn_resolutions.empty());
        } else {
            CHECK(config.uvit.img_size == number("img_size"));
            CHECK(config.uvit.patch_size == number("patch_size"));
            CHECK(config.uvit.in_chans == number("in_chans"));
            CHECK(config.uvit.embed_dim == number("embed_dim"));
            CHECK(config.uvit.depth == number("depth"));
            CHECK(config.uvit.num_heads == number("num_heads"));
            CHECK(config.uvit.mlp_ratio == static_cast<double>(number("mlp_ratio")));
            CHECK(config.uvit.qkv_bias == std::get<bool>(told.at("qkv_bias")));
            CHECK(config.uvit.mlp_time_embed == std::get<bool>(told.at("mlp_time_embed")));
            CHECK(config.uvit.num_classes == std::max<std::int64_t>(number("num_classes"), 0));
            CHECK(config.uvit.normalize_timesteps == std::get<bool>(told.at("normalize_timesteps")));
            CHECK(config.probe.has_value() == told.contains("classifier_type"));
        }
        ++opened;
    }
    CHECK(opened > 0);
    const Checkpoint full = read_checkpoint(shared / "models" / "fashion-mnist" / "full.pth");
    const ModelConfig config = resolve_config(full);
    CHECK(config.kind == ModelKind::uvit);
    CHECK_FALSE(config.probe);  // its args name a classifier_type all the same
    CHECK(config.parametrization == "predict_noise");
}

TEST_CASE("the configuration comes back from tensors and args, for every kind and shape")
{
    std::vector<ModelConfig> configs = {small_uvit()};
    for (const ProbeKind probe :
         {ProbeKind::mlp_per_layer, ProbeKind::mlp_per_timestep, ProbeKind::mlp_per_layer_per_timestep,
          ProbeKind::attention, ProbeKind::certainty_map}) {
        configs.push_back(early_exit(probe));
    }
    const auto vary = [&](const std::function<void(UVitConfig&)>& change) {
        ModelConfig config = small_uvit();
        change(config.uvit);
        configs.push_back(config);
    };
    vary([](UVitConfig& c) { c.depth = 1; });
    vary([](UVitConfig& c) { c.depth = 25; });
    vary([](UVitConfig& c) { c.num_classes = 10; });
    vary([](UVitConfig& c) { c.qkv_bias = c.mlp_time_embed = true; });
    vary([](UVitConfig& c) { c.mlp_ratio = 2.6875; });
    vary([](UVitConfig& c) { c.patch_size = 8; });
    vary([](UVitConfig& c) { c.in_chans = 1; });
    vary([](UVitConfig& c) {
        c.embed_dim = 45;
        c.num_heads = 5;
    });
    for (const ModelConfig& config : configs) {
        CAPTURE(to_string(config.kind));
        const ModelConfig resolved = resolve_config(checkpoint_of(config));
        CHECK(resolved.kind == config.kind);
        CHECK(resolved.uvit == config.uvit);
        CHECK(resolved.probe == config.probe);
    }
}

TEST_CASE("only what the shapes cannot tell has to be told")
{
    ModelConfig config = early_exit(ProbeKind::attention);
    config.uvit.mlp_ratio = 17.0 / 8.0;
    Checkpoint checkpoint = checkpoint_of(config);
    checkpoint.args = ConfigValues{{"num_heads", std::int64_t{2}}, {"normalize_timesteps", true}};
    const ModelConfig resolved = resolve_config(checkpoint);
    CHECK(resolved.uvit == config.uvit);
    CHECK(resolved.probe == config.probe);

    checkpoint.args.reset();
    const std::string text = error_of(checkpoint);
    CHECK(has(text, "num_heads and normalize_timesteps"));
    CHECK(has(text, "model_params: {num_heads: 8, normalize_timesteps: false}"));
    CHECK(has(text, "model.yaml"));
    checkpoint.args = ConfigValues{{"num_heads", std::int64_t{2}}};
    CHECK(has(error_of(checkpoint), "say normalize_timesteps"));
}

TEST_CASE("the autoencoder's configuration comes from its tensors alone")
{
    for (const std::vector<std::int64_t>& attention :
         std::vector<std::vector<std::int64_t>>{{}, {64}, {256, 128, 64}}) {
        ModelConfig config = small_autoencoder(attention);
        Checkpoint checkpoint = checkpoint_of(config);
        checkpoint.tensors["loss.discriminator.main.0.weight"] = at::zeros({3});
        ModelConfig resolved = resolve_config(checkpoint);
        std::sort(resolved.autoencoder.attn_resolutions.rbegin(),
                  resolved.autoencoder.attn_resolutions.rend());
        CHECK(resolved.kind == ModelKind::autoencoder);
        CHECK(resolved.autoencoder == config.autoencoder);
        checkpoint.tensors["decoder.extra"] = at::zeros({3});
        CHECK(has(error_of(checkpoint), "'decoder.extra' (3)"));
    }
}

TEST_CASE("an even depth in a configuration names the network of one block more")
{
    const TemporaryFolder folder;
    Checkpoint checkpoint = checkpoint_of(small_uvit());
    write_file(folder / "tiny.yaml", "depth: 4");
    CHECK(resolve_config(checkpoint, folder / "tiny.yaml").uvit.depth == 5);
    (*checkpoint.args)["depth"] = std::int64_t{4};
    CHECK(resolve_config(checkpoint).uvit.depth == 5);
    write_file(folder / "tiny.yaml", "depth: 6");
    CHECK(has(error_of(checkpoint, folder / "tiny.yaml"), "depth is 7 in tiny.yaml"));
}

TEST_CASE("two sources that contradict each other are refused, naming both and their values")
{
    const TemporaryFolder folder;
    const Checkpoint checkpoint = checkpoint_of(small_uvit());
    const std::vector<std::pair<const char*, std::vector<const char*>>> cases = {
        {"depth: 7", {"depth is 7 in tiny.yaml", "5 in"}},
        {"num_heads: 4", {"num_heads is 4 in tiny.yaml", "2 in the checkpoint's args"}},
        {"embed_dim: 16", {"embed_dim is 16 in tiny.yaml", "8 in"}},
        {"num_classes: 10", {"num_classes is 10 in tiny.yaml", "-1 in"}},
        {"mlp_ratio: 3", {"mlp_ratio is 3 in tiny.yaml", "4"}},
        {"qkv_bias: true", {"qkv_bias is true in tiny.yaml", "false in"}},
        {"normalize_timesteps: no", {"normalize_timesteps is false in tiny.yaml", "true in"}},
        {"model_params: {img_size: 16}", {"img_size is 16 in tiny.yaml", "8 in"}},
        {"num_heads: '2'", {"num_heads is '2' in tiny.yaml", "whole number"}},
        {"num_heads: [2]", {"num_heads is (2) in tiny.yaml", "whole number"}},
        {"qkv_bias: 3", {"qkv_bias is 3 in tiny.yaml", "true or false"}},
    };
    for (const auto& [yaml, parts] : cases) {
        write_file(folder / "tiny.yaml", yaml);
        const std::string text = error_of(checkpoint, folder / "tiny.yaml");
        CAPTURE(text);
        for (const char* part : parts) {
            CHECK(has(text, part));
        }
    }
    Checkpoint lying = checkpoint;
    (*lying.args)["depth"] = std::int64_t{7};
    const std::string text = error_of(lying);
    CHECK(has(text, "depth is 7 in the checkpoint's args"));
    CHECK(has(text, "5 in the tensors"));
    Checkpoint probes = checkpoint_of(early_exit(ProbeKind::mlp_per_layer));
    (*probes.args)["classifier_type"] = std::string("attention_probe");
    CHECK(has(error_of(probes), "'attention_probe' in the checkpoint's args"));
}

TEST_CASE("unconditional models may call their number of classes -1, 0 or nothing")
{
    Checkpoint checkpoint = checkpoint_of(small_uvit());
    for (const std::int64_t count : {-1, 0}) {
        (*checkpoint.args)["num_classes"] = count;
        CHECK(resolve_config(checkpoint).uvit.num_classes == 0);
    }
    checkpoint.args->erase("num_classes");
    CHECK(resolve_config(checkpoint).uvit.num_classes == 0);
}

TEST_CASE("a YAML file beside the checkpoint is read, in all its forms")
{
    const TemporaryFolder folder;
    Checkpoint checkpoint = checkpoint_of(small_uvit());
    checkpoint.args.reset();
    checkpoint.path = folder / "model.pth";
    for (const char* yaml :
         {"num_heads: 2\nnormalize_timesteps: true\n",
          "model_params:\n  num_heads: 2\n  normalize_timesteps: true\ntrain:\n  lr: 1e-3\n",
          "{num_heads: 2, normalize_timesteps: yes, other: [a, b], x: {y: z}, n: null}",
          "autoencoder: {embed_dim: 4}\nmodel_params: {num_heads: 2, normalize_timesteps: on}"}) {
        for (const char* name : {"model.yaml", "model.yml"}) {
            write_file(folder / name, yaml);
            CHECK(resolve_config(checkpoint).uvit == small_uvit().uvit);
            std::filesystem::remove(folder / name);
        }
    }
    CHECK(has(error_of(checkpoint), "num_heads"));
}

TEST_CASE("bad YAML files are refused, naming the file")
{
    const TemporaryFolder folder;
    const Checkpoint checkpoint = checkpoint_of(small_uvit());
    const std::vector<std::string> files = {
        "",
        "[1, 2]",
        "just text",
        "a: [",
        "model_params: 3",
        "a: b: c",
        "depth: {a: 1}",
        "depth: [x]",
        "depth: 5\ndepth: 5",
        std::string(100'000, '['),
        std::string("a\0b", 3),
        "&a [*a, *a",
        std::string(2 << 20, '#'),
        "depth: 99999999999999999999999",
        "depth: -1",
        "num_heads: 3",
        "patch_size: 3",
        "num_heads: 0",
        "depth: .nan",
    };
    for (const std::string& text : files) {
        CAPTURE(text.substr(0, 40));
        write_file(folder / "bad.yaml", text);
        const std::string error = error_of(checkpoint, folder / "bad.yaml");
        CHECK(error != "no error");
        CHECK(has(error, "bad.yaml"));
    }
    CHECK(has(error_of(checkpoint, folder / "missing.yaml"), "no such file"));
    CHECK(has(error_of(checkpoint, folder.path()), "folder"));
}

TEST_CASE("missing, additional and misshapen tensors are named, the first few of them")
{
    const Checkpoint good = checkpoint_of(early_exit(ProbeKind::mlp_per_layer));
    Checkpoint checkpoint = good;
    checkpoint.tensors.erase("uvit.in_blocks.0.norm1.weight");
    CHECK(has(error_of(checkpoint), "missing tensors: 'uvit.in_blocks.0.norm1.weight' (8)"));

    checkpoint = good;
    checkpoint.tensors["surplus"] = at::zeros({3, 4});
    CHECK(has(error_of(checkpoint), "do not belong: 'surplus' (3, 4)"));

    checkpoint = good;
    checkpoint.tensors["uvit.norm.weight"] = at::zeros({9});
    CHECK(has(error_of(checkpoint), "'uvit.norm.weight' (9) instead of (8)"));

    checkpoint = good;
    checkpoint.tensors["uvit.norm.weight"] = at::zeros({8}, at::kLong);
    CHECK(has(error_of(checkpoint), "'uvit.norm.weight' of type int64"));

    checkpoint = good;
    std::erase_if(checkpoint.tensors, [](const auto& entry) { return entry.first.starts_with("matrix.3."); });
    CHECK(has(error_of(checkpoint), "missing tensors: 'matrix.3."));

    checkpoint = good;
    std::erase_if(checkpoint.tensors, [](const auto& entry) { return entry.first.starts_with("uvit.out_"); });
    const std::string text = error_of(checkpoint);
    CHECK(has(text, "and 24 more"));
}

TEST_CASE("the tensors that everything is told from are asked for first")
{
    for (const char* name : {"pos_embed", "patch_embed.proj.weight", "mid_block.mlp.fc1.weight"}) {
        Checkpoint checkpoint = checkpoint_of(small_uvit());
        checkpoint.tensors.erase(name);
        CHECK(has(error_of(checkpoint), name));
        checkpoint.tensors[name] = at::zeros({2});
        CHECK(has(error_of(checkpoint), name));
        checkpoint.tensors[name] = at::zeros({0, 0, 0, 0});
        CHECK(has(error_of(checkpoint), name));
    }
}

TEST_CASE("an AdaDiff authors' file may have one certainty map more than is used, but no other")
{
    Checkpoint checkpoint = checkpoint_of(early_exit(ProbeKind::certainty_map));
    (*checkpoint.args)["classifier_type"] = std::string("lte_per_layer");
    CHECK(resolve_config(checkpoint).kind == ModelKind::adadiff_original);
    checkpoint.tensors["lte_classifer.5.lte.weight"] = at::zeros({12, 8});
    checkpoint.tensors["lte_classifer.5.lte.bias"] = at::zeros({12});
    CHECK(resolve_config(checkpoint).probe == ProbeKind::certainty_map);
    checkpoint.tensors["lte_classifer.6.lte.bias"] = at::zeros({12});
    CHECK(has(error_of(checkpoint), "'lte_classifer.6.lte.bias'"));
}

TEST_CASE("tensors of another program are refused with a few of their names")
{
    Checkpoint checkpoint;
    checkpoint.path = "other.pth";
    checkpoint.tensors = {{"conv1.weight", at::zeros({3, 3})}, {"fc.bias", at::zeros({3})}};
    CHECK(has(error_of(checkpoint), "'conv1.weight' (3, 3), 'fc.bias' (3)"));
}

TEST_CASE("a single name cannot make a gigantic model")
{
    Checkpoint checkpoint = checkpoint_of(early_exit(ProbeKind::mlp_per_layer));
    checkpoint.args = ConfigValues{{"num_heads", std::int64_t{2}}, {"normalize_timesteps", true}};
    checkpoint.tensors["uvit.in_blocks.4000.norm1.weight"] = at::zeros({8});
    checkpoint.tensors["matrix.0, 0.classifier.0.weight"] = at::zeros({1, 8});
    CHECK(has(error_of(checkpoint), "a model of depth 8003"));
    checkpoint.tensors["uvit.in_blocks.99999999999999999999.norm1.weight"] = at::zeros({8});
    CHECK(error_of(checkpoint) != "no error");
}
