// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/config_keys.h"
#include "checkpoint/config_sources.h"
#include "checkpoint/config_yaml.h"
#include "checkpoint/model_config.h"
#include "checkpoint/shape_inference.h"
#include "checkpoint/tensor_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

// Far above every real model, and small enough that no product of a few of them overflows.
constexpr std::int64_t max_size = 1'000'000;
constexpr std::int64_t max_depth = 9'999;
constexpr std::int64_t max_autoencoder_channels = 100'000;

constexpr std::array<std::string_view, 3> parametrizations = {"predict_noise", "predict_original",
                                                              "predict_previous"};

/// The names of a few tensors, and how many more there are.
class NameList
{
public:
    void add(const std::string& text)
    {
        if (count_++ < shown) {
            text_ += (text_.empty() ? "" : ", ") + text;
        }
    }
    bool empty() const { return count_ == 0; }
    std::string text() const
    {
        return count_ > shown ? fmt::format("{} and {} more", text_, count_ - shown) : text_;
    }

private:
    static constexpr std::size_t shown = 2;
    std::size_t count_ = 0;
    std::string text_;
};

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b)
{
    std::error_code ignored;
    return std::filesystem::equivalent(a, b, ignored);
}

/// The reference builds depth / 2 in blocks, one mid block and depth / 2 out blocks: an even depth (as in the
/// U-ViT authors' 16, 20 and 28) names the same network as the odd one above it.
ConfigValues with_depth_in_blocks(ConfigValues values)
{
    const auto found = values.find("depth");
    if (found != values.end()) {
        if (auto* depth = std::get_if<std::int64_t>(&found->second); depth && *depth % 2 == 0) {
            ++*depth;
        }
    }
    return values;
}

std::vector<ConfigSource> gather_sources(const Checkpoint& checkpoint, ModelKind kind,
                                         const std::filesystem::path& config_file)
{
    std::vector<ConfigSource> sources;
    if (!config_file.empty()) {
        sources.push_back(
            {config_file.filename().string(), with_depth_in_blocks(read_config_section(config_file, kind))});
    }
    for (const char* extension : {".yaml", ".yml"}) {
        std::filesystem::path beside = checkpoint.path;
        beside.replace_extension(extension);
        std::error_code ignored;
        if (!checkpoint.path.empty() && std::filesystem::exists(beside, ignored) &&
            !same_file(beside, config_file) && !same_file(beside, checkpoint.path)) {
            sources.push_back(
                {beside.filename().string(), with_depth_in_blocks(read_config_section(beside, kind))});
        }
    }
    if (checkpoint.args && (kind != ModelKind::autoencoder || checkpoint.args->contains("ch_mult"))) {
        sources.push_back({"the checkpoint's args", with_depth_in_blocks(*checkpoint.args)});
    }
    sources.push_back({"the tensors", values_from_shapes(checkpoint, kind)});
    return sources;
}

bool may_be_there(const ModelConfig& config, const std::string& name, const at::Tensor& tensor)
{
    if (config.kind == ModelKind::autoencoder) {
        return name.starts_with("loss.");  // the discriminator of its training
    }
    if (config.kind == ModelKind::adadiff_original) {
        const std::string unused = "lte_classifer." + std::to_string(config.uvit.depth) + ".lte.";
        return (name == unused + "weight" &&
                tensor.sizes() == at::IntArrayRef({config.uvit.patch_dim(), config.uvit.embed_dim})) ||
               (name == unused + "bias" && tensor.sizes() == at::IntArrayRef({config.uvit.patch_dim()}));
    }
    return false;
}

/// The tensors have to be exactly those that the configuration asks for.
void check_tensors(const Checkpoint& checkpoint, const ModelConfig& config)
{
    const auto expected = expected_tensors(config);
    NameList missing;
    NameList wrong;
    NameList extra;
    for (const auto& [name, shape] : expected) {
        const auto found = checkpoint.tensors.find(name);
        if (found == checkpoint.tensors.end()) {
            missing.add(in_quotes(name) + " " + shape_text(shape));
        } else if (found->second.sizes() != at::IntArrayRef(shape)) {
            wrong.add(fmt::format("{} {} instead of {}", in_quotes(name), shape_text(found->second.sizes()),
                                  shape_text(shape)));
        } else if (!at::isFloatingType(found->second.scalar_type())) {
            wrong.add(fmt::format("{} of type {}", in_quotes(name), dtype_text(found->second.scalar_type())));
        }
    }
    for (const auto& [name, tensor] : checkpoint.tensors) {
        if (!expected.contains(name) && !may_be_there(config, name, tensor)) {
            extra.add(in_quotes(name) + " " + shape_text(tensor.sizes()));
        }
    }
    std::string what;
    const auto tell = [&](const char* title, const NameList& names) {
        if (!names.empty()) {
            what += (what.empty() ? "" : "; ") + std::string(title) + ": " + names.text();
        }
    };
    tell("missing tensors", missing);
    tell("wrong tensors", wrong);
    tell("tensors that do not belong", extra);
    if (!what.empty()) {
        throw EngineError(ErrorCode::bad_file, what, checkpoint.path.string());
    }
}

/// The tensors that tell the sizes; without them there is nothing to go on.
void require_telling_tensors(const Checkpoint& checkpoint, ModelKind kind)
{
    const std::string prefix(backbone_prefix(kind));
    std::vector<std::pair<std::string, std::int64_t>> needed;
    if (kind == ModelKind::autoencoder) {
        needed = {{"encoder.conv_in.weight", 4},
                  {"encoder.down.0.block.0.conv1.weight", 4},
                  {"decoder.conv_in.weight", 4},
                  {"decoder.conv_out.weight", 4},
                  {"post_quant_conv.weight", 4}};
    } else {
        needed = {{prefix + "patch_embed.proj.weight", 4},
                  {prefix + "pos_embed", 3},
                  {prefix + "mid_block.mlp.fc1.weight", 2}};
    }
    NameList missing;
    for (const auto& [name, rank] : needed) {
        const auto found = checkpoint.tensors.find(name);
        if (found == checkpoint.tensors.end()) {
            missing.add(in_quotes(name));
        } else if (found->second.dim() != rank || found->second.numel() == 0) {
            throw EngineError(ErrorCode::bad_file,
                              fmt::format("the tensor {} has the shape {}, which cannot be right",
                                          in_quotes(name), shape_text(found->second.sizes())),
                              checkpoint.path.string());
        }
    }
    if (!missing.empty()) {
        throw EngineError(ErrorCode::bad_file,
                          fmt::format("this looks like a model of kind {}, but tensors are missing: {}",
                                      to_string(kind), missing.text()),
                          checkpoint.path.string());
    }
}

class Resolver
{
public:
    Resolver(const Checkpoint& checkpoint, ModelKind kind, const std::filesystem::path& config_file)
        : checkpoint_(checkpoint),
          sources_(checkpoint.path.string(), gather_sources(checkpoint, kind, config_file))
    {
        config_.kind = kind;
    }

    ModelConfig resolve()
    {
        if (config_.kind == ModelKind::autoencoder) {
            resolve_autoencoder();
        } else {
            resolve_uvit();
            resolve_probe();
            config_.parametrization = sources_.text("parametrization");
            if (config_.parametrization && std::find(parametrizations.begin(), parametrizations.end(),
                                                     *config_.parametrization) == parametrizations.end()) {
                sources_.refuse("its parametrization " + in_quotes(*config_.parametrization) + " is unknown",
                                "Known are predict_noise, predict_original and predict_previous.");
            }
        }
        check_count();
        check_tensors(checkpoint_, config_);
        return config_;
    }

private:
    std::int64_t size_in_range(const char* key, std::int64_t largest = max_size) const
    {
        const std::optional<std::int64_t> value = sources_.integer(key);
        if (!value) {
            sources_.refuse(fmt::format("{} cannot be told from the tensors' shapes", key),
                            "Give it in a YAML configuration.");
        }
        if (*value < 1 || *value > largest) {
            sources_.refuse(fmt::format("{} is {}, which is not between 1 and {}", key, *value, largest));
        }
        return *value;
    }

    void require_told_keys() const
    {
        std::string missing;
        std::string yaml;
        const auto require = [&](const char* key, const char* example, bool told) {
            if (!told) {
                missing += (missing.empty() ? "" : " and ") + std::string(key);
                yaml += (yaml.empty() ? "" : ", ") + fmt::format("{}: {}", key, example);
            }
        };
        require("num_heads", "8", sources_.integer("num_heads").has_value());
        require("normalize_timesteps", "false", sources_.boolean("normalize_timesteps").has_value());
        if (!missing.empty()) {
            std::filesystem::path beside = checkpoint_.path.filename();
            beside.replace_extension(".yaml");
            sources_.refuse(
                fmt::format("the file does not say {}, which leave no trace in the tensors", missing),
                fmt::format("Put a file {} beside it (or give it as the configuration) that says, with the "
                            "model's own values: model_params: {{{}}}",
                            in_quotes(beside.string()), yaml));
        }
    }

    void resolve_uvit()
    {
        UVitConfig& uvit = config_.uvit;
        uvit.depth = size_in_range("depth", max_depth);
        uvit.embed_dim = size_in_range("embed_dim");
        uvit.patch_size = size_in_range("patch_size");
        uvit.in_chans = size_in_range("in_chans");
        uvit.img_size = size_in_range("img_size");
        uvit.mlp_ratio = sources_.mlp_ratio(uvit.embed_dim).value_or(0.0);
        uvit.num_classes = sources_.class_count().value_or(0);
        uvit.qkv_bias = sources_.boolean("qkv_bias").value_or(false);
        uvit.mlp_time_embed = sources_.boolean("mlp_time_embed").value_or(false);
        require_told_keys();
        uvit.num_heads = size_in_range("num_heads");
        uvit.normalize_timesteps = *sources_.boolean("normalize_timesteps");
        check_uvit(uvit);
    }

    void check_uvit(const UVitConfig& uvit) const
    {
        if (uvit.embed_dim % uvit.num_heads != 0) {
            sources_.refuse(fmt::format("embed_dim {} cannot be divided among num_heads {}", uvit.embed_dim,
                                        uvit.num_heads));
        }
        if (uvit.img_size % uvit.patch_size != 0) {
            sources_.refuse(fmt::format("img_size {} cannot be divided into patches of {}", uvit.img_size,
                                        uvit.patch_size));
        }
        const double hidden = static_cast<double>(uvit.embed_dim) * uvit.mlp_ratio;
        if (!(hidden >= 1.0) || hidden > static_cast<double>(max_size) || uvit.num_classes > max_size) {
            sources_.refuse(
                fmt::format("mlp_ratio {} or num_classes {} is absurd", uvit.mlp_ratio, uvit.num_classes));
        }
    }

    /// A plain U-ViT's args carry a classifier_type too, left over from the program's defaults.
    void resolve_probe()
    {
        if (config_.kind == ModelKind::uvit) {
            return;
        }
        config_.probe = sources_.probe();
        const bool original = config_.kind == ModelKind::adadiff_original;
        if (!config_.probe) {
            sources_.refuse(original ? "it has no probes" : "it has no known set of probes under 'matrix.'",
                            "Give classifier_type in a YAML configuration to see which tensors are wrong.");
        }
        if (original != (*config_.probe == ProbeKind::certainty_map)) {
            sources_.refuse(fmt::format("classifier_type is {}, but the tensors are of kind {}",
                                        to_string(*config_.probe), to_string(config_.kind)));
        }
    }

    /// Before a list of all expected tensors is made: a single name such as "in_blocks.4000.x" makes a
    /// deep model, whose list could be far larger than the file.
    void check_count() const
    {
        constexpr std::int64_t per_block = 10;
        constexpr std::int64_t per_probe = 2;
        constexpr std::int64_t timesteps = 1000;
        const std::int64_t depth = config_.uvit.depth;
        std::int64_t least = depth * per_block;
        if (config_.probe == ProbeKind::mlp_per_layer_per_timestep) {
            least += depth * timesteps * per_probe;
        } else if (config_.probe == ProbeKind::mlp_per_timestep) {
            least += timesteps * per_probe;
        }
        const auto count = static_cast<std::int64_t>(checkpoint_.tensors.size());
        constexpr std::int64_t margin = 256;
        if (least > 2 * count + margin) {
            sources_.refuse(fmt::format(
                "the file has {} tensors, but a model of depth {}{} has more than {}", count, depth,
                config_.probe ? fmt::format(" with {}", to_string(*config_.probe)) : "", least));
        }
    }

    void resolve_autoencoder()
    {
        AutoencoderConfig& autoencoder = config_.autoencoder;
        autoencoder.ch = size_in_range("ch", max_autoencoder_channels);
        autoencoder.in_channels = size_in_range("in_channels", max_autoencoder_channels);
        autoencoder.out_ch = size_in_range("out_ch", max_autoencoder_channels);
        autoencoder.z_channels = size_in_range("z_channels", max_autoencoder_channels);
        autoencoder.embed_dim = size_in_range("embed_dim", max_autoencoder_channels);
        constexpr std::int64_t max_blocks = 100;
        autoencoder.num_res_blocks = size_in_range("num_res_blocks", max_blocks);
        resolve_levels(autoencoder);
        autoencoder.scale_factor = sources_.real("scale_factor").value_or(autoencoder.scale_factor);
        if (!(autoencoder.scale_factor > 0.0)) {
            sources_.refuse(
                fmt::format("scale_factor is {}, but has to be positive", autoencoder.scale_factor));
        }
    }

    void resolve_levels(AutoencoderConfig& autoencoder) const
    {
        constexpr std::size_t max_levels = 8;
        autoencoder.ch_mult = sources_.integers("ch_mult").value_or(std::vector<std::int64_t>{});
        const bool sane =
            !autoencoder.ch_mult.empty() && autoencoder.ch_mult.size() <= max_levels &&
            std::all_of(autoencoder.ch_mult.begin(), autoencoder.ch_mult.end(), [&](std::int64_t m) {
                return m >= 1 && m <= max_autoencoder_channels / autoencoder.ch;
            });
        if (!sane) {
            sources_.refuse(
                "ch_mult, the widths of the autoencoder's levels, is absurd or cannot be told from the "
                "tensors");
        }
        const std::int64_t lowest = std::int64_t{1} << (autoencoder.ch_mult.size() - 1);
        autoencoder.resolution =
            std::max(lowest, sources_.integer("resolution").value_or(autoencoder.resolution));
        if (autoencoder.resolution > max_size || autoencoder.resolution % lowest != 0) {
            sources_.refuse(fmt::format("resolution {} cannot be halved {} times", autoencoder.resolution,
                                        autoencoder.ch_mult.size() - 1));
        }
        for (const std::int64_t level : attention_levels(checkpoint_)) {
            if (level < static_cast<std::int64_t>(autoencoder.ch_mult.size())) {
                autoencoder.attn_resolutions.push_back(autoencoder.resolution >> level);
            }
        }
    }

    const Checkpoint& checkpoint_;
    ConfigSources sources_;
    ModelConfig config_;
};

}  // namespace

ModelConfig resolve_config(const Checkpoint& checkpoint, const std::filesystem::path& config_file)
{
    const std::optional<ModelKind> kind = kind_of(checkpoint);
    if (!kind) {
        NameList names;
        for (const auto& [name, tensor] : checkpoint.tensors) {
            names.add(in_quotes(name) + " " + shape_text(tensor.sizes()));
        }
        throw EngineError(ErrorCode::bad_file, "its tensors belong to no known model: " + names.text(),
                          checkpoint.path.string(),
                          "Known are U-ViT, early-exit U-ViT (DuoDiff's and AdaDiff's) and KL autoencoder.");
    }
    require_telling_tensors(checkpoint, *kind);
    return Resolver(checkpoint, *kind, config_file).resolve();
}

}  // namespace duodiff
