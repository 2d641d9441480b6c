// SPDX-License-Identifier: MIT
#include "evaluate/inception.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <fmt/format.h>

#include <utility>

namespace duodiff
{
namespace
{

constexpr std::int64_t input_side = 299;
constexpr double norm_eps = 1e-3;
constexpr std::int64_t scored_classes = 1008;

using Size = std::array<std::int64_t, 2>;

/// Collects the layers of a block.
class Block
{
public:
    Block(std::vector<InceptionLayer>& layers, std::string name) : layers_(layers), name_(std::move(name)) {}

    Block& add(const char* layer, std::int64_t in, std::int64_t out, Size kernel = {1, 1},
               Size padding = {0, 0}, std::int64_t stride = 1)
    {
        layers_.push_back({name_ + layer, in, out, kernel, padding, stride});
        return *this;
    }

private:
    std::vector<InceptionLayer>& layers_;
    std::string name_;
};

constexpr Size three = {3, 3};
constexpr Size one_around = {1, 1};
constexpr Size wide = {1, 7};
constexpr Size wide_padding = {0, 3};
constexpr Size high = {7, 1};
constexpr Size high_padding = {3, 0};

void add_stem(std::vector<InceptionLayer>& layers)
{
    Block(layers, "Conv2d_")
        .add("1a_3x3", 3, 32, three, {0, 0}, 2)
        .add("2a_3x3", 32, 32, three)
        .add("2b_3x3", 32, 64, three, one_around)
        .add("3b_1x1", 64, 80)
        .add("4a_3x3", 80, 192, three);
}

void add_mixed_5(std::vector<InceptionLayer>& layers, const char* name, std::int64_t in, std::int64_t pooled)
{
    Block(layers, name)
        .add("branch1x1", in, 64)
        .add("branch5x5_1", in, 48)
        .add("branch5x5_2", 48, 64, {5, 5}, {2, 2})
        .add("branch3x3dbl_1", in, 64)
        .add("branch3x3dbl_2", 64, 96, three, one_around)
        .add("branch3x3dbl_3", 96, 96, three, one_around)
        .add("branch_pool", in, pooled);
}

void add_mixed_6(std::vector<InceptionLayer>& layers, const char* name, std::int64_t inner)
{
    constexpr std::int64_t in = 768;
    constexpr std::int64_t out = 192;
    Block(layers, name)
        .add("branch1x1", in, out)
        .add("branch7x7_1", in, inner)
        .add("branch7x7_2", inner, inner, wide, wide_padding)
        .add("branch7x7_3", inner, out, high, high_padding)
        .add("branch7x7dbl_1", in, inner)
        .add("branch7x7dbl_2", inner, inner, high, high_padding)
        .add("branch7x7dbl_3", inner, inner, wide, wide_padding)
        .add("branch7x7dbl_4", inner, inner, high, high_padding)
        .add("branch7x7dbl_5", inner, out, wide, wide_padding)
        .add("branch_pool", in, out);
}

void add_mixed_7(std::vector<InceptionLayer>& layers, const char* name, std::int64_t in)
{
    Block(layers, name)
        .add("branch1x1", in, 320)
        .add("branch3x3_1", in, 384)
        .add("branch3x3_2a", 384, 384, {1, 3}, {0, 1})
        .add("branch3x3_2b", 384, 384, {3, 1}, {1, 0})
        .add("branch3x3dbl_1", in, 448)
        .add("branch3x3dbl_2", 448, 384, three, one_around)
        .add("branch3x3dbl_3a", 384, 384, {1, 3}, {0, 1})
        .add("branch3x3dbl_3b", 384, 384, {3, 1}, {1, 0})
        .add("branch_pool", in, 192);
}

std::vector<InceptionLayer> all_layers()
{
    std::vector<InceptionLayer> layers;
    add_stem(layers);
    add_mixed_5(layers, "Mixed_5b.", 192, 32);
    add_mixed_5(layers, "Mixed_5c.", 256, 64);
    add_mixed_5(layers, "Mixed_5d.", 288, 64);
    Block(layers, "Mixed_6a.")
        .add("branch3x3", 288, 384, three, {0, 0}, 2)
        .add("branch3x3dbl_1", 288, 64)
        .add("branch3x3dbl_2", 64, 96, three, one_around)
        .add("branch3x3dbl_3", 96, 96, three, {0, 0}, 2);
    add_mixed_6(layers, "Mixed_6b.", 128);
    add_mixed_6(layers, "Mixed_6c.", 160);
    add_mixed_6(layers, "Mixed_6d.", 160);
    add_mixed_6(layers, "Mixed_6e.", 192);
    Block(layers, "Mixed_7a.")
        .add("branch3x3_1", 768, 192)
        .add("branch3x3_2", 192, 320, three, {0, 0}, 2)
        .add("branch7x7x3_1", 768, 192)
        .add("branch7x7x3_2", 192, 192, wide, wide_padding)
        .add("branch7x7x3_3", 192, 192, high, high_padding)
        .add("branch7x7x3_4", 192, 192, three, {0, 0}, 2);
    add_mixed_7(layers, "Mixed_7b.", 1280);
    add_mixed_7(layers, "Mixed_7c.", 2048);
    return layers;
}

[[noreturn]] void refuse(const std::string& where, std::string what)
{
    throw EngineError(
        ErrorCode::bad_file, std::move(what), where,
        "Give the Inception weights that FID is computed with (pt_inception-2015-12-05, its names and "
        "shapes), or use classifier features.");
}

at::Tensor tensor_of(const std::map<std::string, at::Tensor>& tensors, const std::string& name,
                     const std::vector<std::int64_t>& shape, const std::string& where)
{
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
        refuse(
            where,
            fmt::format("these are no Inception weights of the known layout: there is no tensor '{}'", name));
    }
    if (found->second.sizes() != at::IntArrayRef(shape) || !found->second.is_floating_point()) {
        refuse(where, fmt::format("these are no Inception weights of the known layout: the tensor '{}' has "
                                  "another shape or type",
                                  name));
    }
    return found->second.to(at::kDouble);
}

/// torchvision's own weights have the same names, but another last layer and other features.
void refuse_other_training(const std::map<std::string, at::Tensor>& tensors, const std::string& where)
{
    const auto scores = tensors.find("fc.weight");
    if (scores != tensors.end() && (scores->second.dim() != 2 || scores->second.size(0) != scored_classes)) {
        refuse(where,
               fmt::format(
                   "these Inception weights were trained otherwise: they score {} classes, those of FID {}",
                   scores->second.dim() == 0 ? 0 : scores->second.size(0), scored_classes));
    }
    if (tensors.contains("AuxLogits.fc.weight")) {
        refuse(
            where,
            "these Inception weights were trained otherwise: they have AuxLogits, and those of FID do not");
    }
}

at::Tensor average_pool(const at::Tensor& x)
{
    return at::avg_pool2d(x, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

}  // namespace

const std::vector<InceptionLayer>& inception_layers()
{
    static const std::vector<InceptionLayer> layers = all_layers();
    return layers;
}

std::shared_ptr<const Inception> Inception::load(const std::filesystem::path& path, c10::Device device)
{
    const Checkpoint file = read_checkpoint(path);
    return std::make_shared<const Inception>(file.tensors, path.string(), file.sha256, device);
}

Inception::Inception(const std::map<std::string, at::Tensor>& tensors, const std::string& where,
                     std::string identity, c10::Device device)
    : identity_(std::move(identity)), device_(device)
{
    const at::NoGradGuard no_grad;
    refuse_other_training(tensors, where);
    for (const InceptionLayer& layer : inception_layers()) {
        const auto take = [&](const char* part, const std::vector<std::int64_t>& shape) {
            return tensor_of(tensors, layer.name + part, shape, where);
        };
        // The norm's scale goes into the weights, and what it adds becomes their bias.
        const at::Tensor weight =
            take(".conv.weight", {layer.out, layer.in, layer.kernel[0], layer.kernel[1]});
        const at::Tensor scale =
            take(".bn.weight", {layer.out}) * at::rsqrt(take(".bn.running_var", {layer.out}) + norm_eps);
        const at::Tensor bias = take(".bn.bias", {layer.out}) - take(".bn.running_mean", {layer.out}) * scale;
        if (!at::isfinite(scale).all().item<bool>()) {
            refuse(where, fmt::format("the running_var of '{}' is negative", layer.name));
        }
        convolutions_.emplace(layer.name,
                              Convolution{(weight * scale.reshape({-1, 1, 1, 1})).to(device, at::kFloat),
                                          bias.to(device, at::kFloat), layer.padding, layer.stride});
    }
}

at::Tensor Inception::run(const std::string& name, const at::Tensor& x) const
{
    const Convolution& layer = convolutions_.at(name);
    return at::conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding).relu_();
}

at::Tensor Inception::chain(const std::string& block, std::initializer_list<const char*> names,
                            at::Tensor x) const
{
    for (const char* name : names) {
        x = run(block + name, x);
    }
    return x;
}

at::Tensor Inception::mixed_5(const std::string& block, const at::Tensor& x) const
{
    return at::cat({run(block + "branch1x1", x), chain(block, {"branch5x5_1", "branch5x5_2"}, x),
                    chain(block, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x),
                    run(block + "branch_pool", average_pool(x))},
                   1);
}

at::Tensor Inception::mixed_6a(const at::Tensor& x) const
{
    const std::string block = "Mixed_6a.";
    return at::cat(
        {run(block + "branch3x3", x), chain(block, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x),
         at::max_pool2d(x, 3, 2)},
        1);
}

at::Tensor Inception::mixed_6(const std::string& block, const at::Tensor& x) const
{
    return at::cat(
        {run(block + "branch1x1", x), chain(block, {"branch7x7_1", "branch7x7_2", "branch7x7_3"}, x),
         chain(block,
               {"branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}, x),
         run(block + "branch_pool", average_pool(x))},
        1);
}

at::Tensor Inception::mixed_7a(const at::Tensor& x) const
{
    const std::string block = "Mixed_7a.";
    return at::cat({chain(block, {"branch3x3_1", "branch3x3_2"}, x),
                    chain(block, {"branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, x),
                    at::max_pool2d(x, 3, 2)},
                   1);
}

at::Tensor Inception::mixed_7(const std::string& block, bool pool_by_maximum, const at::Tensor& x) const
{
    const at::Tensor single = run(block + "branch3x3_1", x);
    const at::Tensor twice = chain(block, {"branch3x3dbl_1", "branch3x3dbl_2"}, x);
    const at::Tensor pooled = pool_by_maximum ? at::max_pool2d(x, 3, 1, 1) : average_pool(x);
    return at::cat({run(block + "branch1x1", x), run(block + "branch3x3_2a", single),
                    run(block + "branch3x3_2b", single), run(block + "branch3x3dbl_3a", twice),
                    run(block + "branch3x3dbl_3b", twice), run(block + "branch_pool", pooled)},
                   1);
}

at::Tensor Inception::features(const at::Tensor& images) const
{
    const at::NoGradGuard no_grad;
    if (images.dim() != 4 || (images.size(1) != 1 && images.size(1) != 3)) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("Inception takes gray or colour images, and these have {} channels",
                                      images.dim() == 4 ? images.size(1) : 0));
    }
    at::Tensor x = images.to(device_, at::kFloat).expand({-1, 3, -1, -1});
    const std::array<std::int64_t, 2> size = {input_side, input_side};
    x = at::upsample_bilinear2d(x, size, /*align_corners=*/false);
    x = chain("Conv2d_", {"1a_3x3", "2a_3x3", "2b_3x3"}, x);
    x = chain("Conv2d_", {"3b_1x1", "4a_3x3"}, at::max_pool2d(x, 3, 2));
    x = at::max_pool2d(x, 3, 2);
    for (const char* block : {"Mixed_5b.", "Mixed_5c.", "Mixed_5d."}) {
        x = mixed_5(block, x);
    }
    x = mixed_6a(x);
    for (const char* block : {"Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."}) {
        x = mixed_6(block, x);
    }
    x = mixed_7a(x);
    x = mixed_7("Mixed_7b.", false, x);
    x = mixed_7("Mixed_7c.", true, x);
    return x.mean(at::IntArrayRef({2, 3})).to(at::kCPU);
}

}  // namespace duodiff
