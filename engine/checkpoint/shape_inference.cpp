// SPDX-License-Identifier: MIT
#include "checkpoint/shape_inference.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string>

namespace duodiff
{
namespace
{

constexpr std::int64_t max_index = 100'000;
constexpr std::int64_t timesteps = 1000;

using Tensors = std::map<std::string, at::Tensor>;

const at::Tensor* find(const Tensors& tensors, const std::string& name, std::int64_t rank)
{
    const auto found = tensors.find(name);
    return found != tensors.end() && found->second.dim() == rank ? &found->second : nullptr;
}

bool has_prefix(const Tensors& tensors, const std::string& prefix)
{
    const auto found = tensors.lower_bound(prefix);
    return found != tensors.end() && found->first.starts_with(prefix);
}

/// The numbers N in names that start with `prefix` + N + `after`.
std::set<std::int64_t> numbers_after(const Tensors& tensors, const std::string& prefix,
                                     std::string_view after)
{
    std::set<std::int64_t> numbers;
    for (auto it = tensors.lower_bound(prefix); it != tensors.end() && it->first.starts_with(prefix); ++it) {
        const char* start = it->first.data() + prefix.size();
        const char* end = it->first.data() + it->first.size();
        std::int64_t number = 0;
        const auto [rest, error] = std::from_chars(start, end, number);
        if (error == std::errc{} && number >= 0 && number < max_index &&
            std::string_view(rest, static_cast<std::size_t>(end - rest)).starts_with(after)) {
            numbers.insert(number);
        }
    }
    return numbers;
}

std::int64_t count_up_to_last(const std::set<std::int64_t>& numbers)
{
    return numbers.empty() ? 0 : *numbers.rbegin() + 1;
}

/// A ratio that gives exactly `hidden` units when multiplied by `dim` and truncated.
double exact_ratio(std::int64_t hidden, std::int64_t dim)
{
    double ratio = static_cast<double>(hidden) / static_cast<double>(dim);
    while (static_cast<std::int64_t>(static_cast<double>(dim) * ratio) < hidden) {
        ratio = std::nextafter(ratio, HUGE_VAL);
    }
    return ratio;
}

std::optional<ProbeKind> probe_from_names(const Tensors& tensors, std::int64_t depth)
{
    if (!numbers_after(tensors, "lte_classifer.", ".").empty()) {
        return ProbeKind::certainty_map;
    }
    if (!numbers_after(tensors, "matrix.", ".q").empty()) {
        return ProbeKind::attention;
    }
    if (!numbers_after(tensors, "matrix.", ", ").empty()) {
        return ProbeKind::mlp_per_layer_per_timestep;
    }
    const std::int64_t count = count_up_to_last(numbers_after(tensors, "matrix.", ".classifier."));
    if (count == depth) {
        return ProbeKind::mlp_per_layer;
    }
    return count == timesteps ? std::optional(ProbeKind::mlp_per_timestep) : std::nullopt;
}

void infer_image(const Tensors& tensors, const std::string& prefix, std::int64_t patch_size,
                 ConfigValues& values)
{
    const at::Tensor* positions = find(tensors, prefix + "pos_embed", 3);
    if (!positions) {
        return;
    }
    const std::int64_t extras = tensors.contains(prefix + "label_emb.weight") ? 2 : 1;
    const std::int64_t patches = positions->size(1) - extras;
    const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
    std::int64_t img_size = 0;
    if (patches > 0 && side * side == patches && !__builtin_mul_overflow(side, patch_size, &img_size)) {
        values["img_size"] = img_size;
    }
}

ConfigValues infer_uvit(const Tensors& tensors, ModelKind kind)
{
    const std::string prefix(backbone_prefix(kind));
    ConfigValues values;
    const std::int64_t depth = 2 * count_up_to_last(numbers_after(tensors, prefix + "in_blocks.", ".")) + 1;
    if (has_prefix(tensors, prefix + "mid_block.")) {
        values["depth"] = depth;
    }
    if (const at::Tensor* patch = find(tensors, prefix + "patch_embed.proj.weight", 4)) {
        values["embed_dim"] = patch->size(0);
        values["in_chans"] = patch->size(1);
        values["patch_size"] = patch->size(2);
        infer_image(tensors, prefix, patch->size(2), values);
    }
    const at::Tensor* fc1 = find(tensors, prefix + "mid_block.mlp.fc1.weight", 2);
    if (fc1 && fc1->size(0) > 0 && fc1->size(1) > 0) {
        values["mlp_ratio"] = exact_ratio(fc1->size(0), fc1->size(1));
    }
    const at::Tensor* labels = find(tensors, prefix + "label_emb.weight", 2);
    values["num_classes"] = labels ? labels->size(0) : std::int64_t{0};
    values["qkv_bias"] = tensors.contains(prefix + "mid_block.attn.qkv.bias");
    values["mlp_time_embed"] = has_prefix(tensors, prefix + "time_embed.");
    if (kind != ModelKind::uvit) {
        if (const std::optional<ProbeKind> probe = probe_from_names(tensors, depth)) {
            values["classifier_type"] = std::string(to_string(*probe));
        }
    }
    return values;
}

ConfigValues infer_autoencoder(const Tensors& tensors)
{
    ConfigValues values;
    const auto set = [&](const char* key, const std::string& name, std::int64_t dimension) {
        if (const at::Tensor* tensor = find(tensors, name, 4)) {
            values[key] = tensor->size(dimension);
        }
    };
    set("ch", "encoder.conv_in.weight", 0);
    set("in_channels", "encoder.conv_in.weight", 1);
    set("z_channels", "decoder.conv_in.weight", 1);
    set("out_ch", "decoder.conv_out.weight", 0);
    set("embed_dim", "post_quant_conv.weight", 1);
    const std::int64_t blocks = count_up_to_last(numbers_after(tensors, "encoder.down.0.block.", "."));
    if (blocks > 0) {
        values["num_res_blocks"] = blocks;
    }
    const at::Tensor* first = find(tensors, "encoder.conv_in.weight", 4);
    const std::int64_t levels = count_up_to_last(numbers_after(tensors, "encoder.down.", "."));
    std::vector<std::int64_t> multipliers;
    for (std::int64_t level = 0; first && level < levels; ++level) {
        const at::Tensor* conv =
            find(tensors, "encoder.down." + std::to_string(level) + ".block.0.conv1.weight", 4);
        if (!conv || first->size(0) == 0 || conv->size(0) % first->size(0) != 0) {
            return values;
        }
        multipliers.push_back(conv->size(0) / first->size(0));
    }
    if (!multipliers.empty()) {
        values["ch_mult"] = multipliers;
    }
    return values;
}

}  // namespace

std::optional<ModelKind> kind_of(const Checkpoint& checkpoint)
{
    const Tensors& tensors = checkpoint.tensors;
    if (has_prefix(tensors, "uvit.") || has_prefix(tensors, "matrix.")) {
        return ModelKind::early_exit;
    }
    if (has_prefix(tensors, "lte_classifer.")) {
        return ModelKind::adadiff_original;
    }
    if (has_prefix(tensors, "patch_embed.") || has_prefix(tensors, "mid_block.")) {
        return ModelKind::uvit;
    }
    if (has_prefix(tensors, "encoder.") || has_prefix(tensors, "post_quant_conv.")) {
        return ModelKind::autoencoder;
    }
    return std::nullopt;
}

std::string_view backbone_prefix(ModelKind kind)
{
    return kind == ModelKind::early_exit ? "uvit." : "";
}

ConfigValues values_from_shapes(const Checkpoint& checkpoint, ModelKind kind)
{
    return kind == ModelKind::autoencoder ? infer_autoencoder(checkpoint.tensors)
                                          : infer_uvit(checkpoint.tensors, kind);
}

std::vector<std::int64_t> attention_levels(const Checkpoint& checkpoint)
{
    std::set<std::int64_t> levels = numbers_after(checkpoint.tensors, "encoder.down.", ".attn.");
    levels.merge(numbers_after(checkpoint.tensors, "decoder.up.", ".attn."));
    return {levels.begin(), levels.end()};
}

}  // namespace duodiff
