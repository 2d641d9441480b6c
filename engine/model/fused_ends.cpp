// SPDX-License-Identifier: MIT
#include "model/fused_ends.h"

#include "base/error.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace duodiff
{
namespace
{

/// Rows that are normed and multiplied together: they and their results fit into a core's cache.
constexpr std::int64_t most_rows = 132;

void widen(const void* from, c10::ScalarType type, std::int64_t first, std::int64_t count, float* to)
{
    if (type == at::kBFloat16) {
        best_kernels<BFloat16>().widen(static_cast<const BFloat16*>(from) + first, count, to);
    } else {
        std::copy_n(static_cast<const float*>(from) + first, count, to);
    }
}

/// in (C, edge + 2, edge + 2) with a border, weight (C, C, 3, 3), bias (C) -> out (C, edge, edge)
void convolve(const float* in, const float* weight, const float* bias, std::int64_t channels,
              std::int64_t edge, float* out)
{
    const std::int64_t wide = edge + 2;
    for (std::int64_t to = 0; to < channels; ++to, out += edge * edge) {
        std::fill_n(out, edge * edge, bias[to]);
        for (std::int64_t from = 0; from < channels; ++from) {
            const float* plane = in + from * wide * wide;
            const float* w = weight + (to * channels + from) * 9;
            for (std::int64_t y = 0; y < edge; ++y) {
                const float* above = plane + y * wide;
                const float* here = above + wide;
                const float* below = here + wide;
                float* row = out + y * edge;
                for (std::int64_t x = 0; x < edge; ++x) {
                    row[x] += w[0] * above[x] + w[1] * above[x + 1] + w[2] * above[x + 2] + w[3] * here[x] +
                              w[4] * here[x + 1] + w[5] * here[x + 2] + w[6] * below[x] +
                              w[7] * below[x + 1] + w[8] * below[x + 2];
                }
            }
        }
    }
}

}  // namespace

bool has_fused_ends(c10::Device device)
{
    return device.is_cpu() && best_float_isa() != Isa::plain;
}

FusedHead::FusedHead(const TensorSource& source, const UVitConfig& config)
    : norm_weight_(source.at("norm.weight", at::kFloat)),
      norm_bias_(source.at("norm.bias", at::kFloat)),
      decoder_pred_(source.under("decoder_pred."), best_kernels<float>()),
      convolution_(source.at("final_layer.weight", at::kFloat)),
      convolution_bias_(source.at("final_layer.bias", at::kFloat)),
      dim_(config.embed_dim),
      extras_(config.extras()),
      patch_(config.patch_size),
      side_(config.img_size / config.patch_size),
      channels_(config.in_chans)
{
}

void FusedHead::run(const void* tokens, c10::ScalarType type, float* out) const
{
    const Kernels<float>& kernels = best_kernels<float>();
    const std::int64_t patches = side_ * side_;
    const std::int64_t edge = side_ * patch_;
    const std::int64_t wide = edge + 2;
    const std::int64_t values = decoder_pred_.columns();
    const std::int64_t chunk = std::min(most_rows, patches);
    float* rows = scratch_of<float>(Scratch::rows, chunk * dim_);
    float* predicted = scratch_of<float>(Scratch::hidden, chunk * values);
    float* image = scratch_of<float>(Scratch::attended, channels_ * wide * wide);
    std::fill_n(image, channels_ * wide * wide, 0.0F);
    for (std::int64_t first = 0; first < patches; first += chunk) {
        const std::int64_t count = std::min(chunk, patches - first);
        widen(tokens, type, (extras_ + first) * dim_, count * dim_, rows);
        kernels.layer_norm(rows, dim_, count, dim_, data_of<float>(norm_weight_), data_of<float>(norm_bias_),
                           rows, dim_);
        kernels.product(decoder_pred_.of(rows, count, predicted));
        for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t top = (first + i) / side_ * patch_ + 1;
            const std::int64_t left = (first + i) % side_ * patch_ + 1;
            const float* value = predicted + i * values;
            for (std::int64_t y = 0; y < patch_; ++y) {
                for (std::int64_t x = 0; x < patch_; ++x) {
                    for (std::int64_t c = 0; c < channels_; ++c) {
                        image[(c * wide + top + y) * wide + left + x] = *value++;
                    }
                }
            }
        }
    }
    convolve(image, data_of<float>(convolution_), data_of<float>(convolution_bias_), channels_, edge, out);
}

at::Tensor FusedHead::operator()(const at::Tensor& tokens) const
{
    const at::Tensor whole = tokens.contiguous();
    const std::int64_t edge = side_ * patch_;
    at::Tensor out = at::empty({tokens.size(0), channels_, edge, edge}, at::kFloat);
    const auto* data = static_cast<const char*>(whole.const_data_ptr());
    const auto stride = static_cast<std::int64_t>(whole.element_size()) * tokens.size(1) * dim_;
    auto* images = out.data_ptr<float>();
    guarded_parallel_for(tokens.size(0), [&](std::int64_t image) {
        run(data + image * stride, whole.scalar_type(), images + image * image_size());
    });
    return out;
}

std::size_t FusedHead::bytes() const
{
    return tensor_bytes(norm_weight_) + tensor_bytes(norm_bias_) + decoder_pred_.bytes() +
           tensor_bytes(convolution_) + tensor_bytes(convolution_bias_);
}

FusedEmbedding::FusedEmbedding(const UVitConfig& config, const at::Tensor& patch_weight,
                               const at::Tensor& patch_bias, at::Tensor pos_embed, at::Tensor label_embed)
    : config_(config),
      patches_(patch_weight, patch_bias, best_kernels<float>()),
      pos_embed_(std::move(pos_embed)),
      label_embed_(std::move(label_embed))
{
}

void FusedEmbedding::embed_image(const float* x, const float* time, const std::int64_t* label,
                                 float* tokens) const
{
    const std::int64_t dim = config_.embed_dim;
    const std::int64_t edge = config_.img_size;
    const std::int64_t p = config_.patch_size;
    const std::int64_t side = edge / p;
    const std::int64_t values = config_.patch_dim();
    const float* position = data_of<float>(pos_embed_);
    const auto add_token = [&](const float* token) {
        std::transform(token, token + dim, position, tokens, [](float a, float b) { return a + b; });
        tokens += dim;
        position += dim;
    };
    if (label != nullptr) {
        add_token(data_of<float>(label_embed_) + *label * dim);
    }
    add_token(time);

    float* rows = scratch_of<float>(Scratch::rows, side * side * values);
    float* value = rows;
    for (std::int64_t patch = 0; patch < side * side; ++patch) {
        const float* corner = x + patch / side * p * edge + patch % side * p;
        for (std::int64_t c = 0; c < config_.in_chans; ++c) {
            for (std::int64_t y = 0; y < p; ++y) {
                value = std::copy_n(corner + (c * edge + y) * edge, p, value);
            }
        }
    }
    Product<float> product = patches_.of(rows, side * side, tokens);
    product.residual = position;
    product.residual_stride = dim;
    best_kernels<float>().product(product);
}

at::Tensor FusedEmbedding::operator()(const at::Tensor& x, const at::Tensor& time, const at::Tensor& labels,
                                      c10::ScalarType type) const
{
    const at::Tensor images = x.contiguous();
    const at::Tensor classes = labels.defined() ? labels.contiguous() : labels;
    const std::int64_t batch = x.size(0);
    const auto* label = classes.defined() ? classes.const_data_ptr<std::int64_t>() : nullptr;
    for (std::int64_t image = 0; label != nullptr && image < batch; ++image) {
        if (label[image] < 0 || label[image] >= label_embed_.size(0)) {
            throw EngineError(ErrorCode::usage, fmt::format("there is no class {}", label[image]), {},
                              fmt::format("This model's classes are 0 to {}.", label_embed_.size(0) - 1));
        }
    }
    const std::int64_t pixels = config_.in_chans * config_.img_size * config_.img_size;
    const std::int64_t size = config_.tokens() * config_.embed_dim;
    at::Tensor tokens = at::empty({batch, config_.tokens(), config_.embed_dim}, type);
    guarded_parallel_for(batch, [&](std::int64_t image) {
        const auto embed = [&](float* out) {
            embed_image(data_of<float>(images) + image * pixels, data_of<float>(time),
                        label != nullptr ? label + image : nullptr, out);
        };
        if (type == at::kFloat) {
            embed(tokens.data_ptr<float>() + image * size);
        } else {
            float* exact = scratch_of<float>(Scratch::hidden, size);
            embed(exact);
            best_kernels<BFloat16>().narrow(exact, size,
                                            static_cast<BFloat16*>(tokens.data_ptr()) + image * size);
        }
    });
    return tokens;
}

}  // namespace duodiff
