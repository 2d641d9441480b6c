// SPDX-License-Identifier: MIT
#include "model/network.h"

#include "base/error.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

namespace duodiff
{

void Activations::compact(const std::vector<Move>& moves, std::int64_t rows)
{
    const auto compacted = [&](const at::Tensor& tensor) {
        for (const Move& move : moves) {
            tensor.select(0, move.to).copy_(tensor.select(0, move.from));
        }
        return tensor.narrow(0, 0, rows);
    };
    // The output of an in block is tokens and a skip in one.
    const bool is_skip_too = !skips.empty() && skips.back().is_same(tokens);
    for (at::Tensor& skip : skips) {
        skip = compacted(skip);
    }
    tokens = is_skip_too ? skips.back() : compacted(tokens);
}

Network::Network(std::shared_ptr<const UVit> backbone, std::shared_ptr<const Exits> exits)
    : backbone_(std::move(backbone)), exits_(std::move(exits))
{
}

Activations Network::begin(const at::Tensor& x, int t, const at::Tensor& labels) const
{
    return {.t = t, .layer = 0, .tokens = backbone_->embed(x, t, labels), .skips = {}};
}

void Network::advance(Activations& activations) const
{
    activations.tokens = backbone_->run_block(activations.layer, activations.tokens, activations.skips);
    ++activations.layer;
}

std::optional<int> Network::probe_at(int layer) const
{
    return exits_ ? exits_->probe_at(layer) : std::nullopt;
}

at::Tensor Network::uncertainty(const Activations& activations) const
{
    const std::optional<int> row = probe_at(activations.layer);
    if (!row) {
        throw EngineError(ErrorCode::failed, "no probe reads this layer");
    }
    return exits_->uncertainty(*row, activations.t, activations.tokens);
}

const OutputHead& Network::head_at(int layer) const
{
    const OutputHead* own = exits_ && layer < depth() ? exits_->head_at(layer) : nullptr;
    return own != nullptr ? *own : backbone_->head();
}

at::Tensor Network::leave(int layer, const at::Tensor& tokens) const
{
    return head_at(layer)(tokens);
}

at::Tensor Network::leave(const std::vector<Leaving>& groups, std::int64_t batch) const
{
    if (groups.size() == 1 && std::is_sorted(groups.front().places.begin(), groups.front().places.end())) {
        return leave(groups.front().layer, groups.front().tokens);
    }
    const UVitConfig& shape = backbone_->config();
    at::Tensor prediction = at::empty({batch, shape.in_chans, shape.img_size, shape.img_size},
                                      at::TensorOptions().dtype(at::kFloat).device(backbone_->device()));
    if (backbone_->head().fused() == nullptr) {
        for (const Leaving& group : groups) {
            const at::Tensor places = at::tensor(group.places, at::kLong).to(prediction.device());
            prediction.index_copy_(0, places, leave(group.layer, group.tokens));
        }
        return prediction;
    }
    // The threads meet once for all layers: most groups are smaller than there are threads.
    struct Image {
        const FusedHead* head;
        const char* tokens;
        std::int64_t place;
    };
    std::vector<Image> images;
    for (const Leaving& group : groups) {
        const auto size = static_cast<std::int64_t>(group.tokens.element_size()) * group.tokens.size(1) *
                          group.tokens.size(2);
        const auto* tokens = static_cast<const char*>(group.tokens.const_data_ptr());
        for (const std::int64_t place : group.places) {
            images.push_back({head_at(group.layer).fused(), tokens, place});
            tokens += size;
        }
    }
    auto* out = prediction.data_ptr<float>();
    const std::int64_t pixels = prediction.numel() / batch;
    guarded_parallel_for(static_cast<std::int64_t>(images.size()), [&](std::int64_t index) {
        const Image& image = images[static_cast<std::size_t>(index)];
        image.head->run(image.tokens, backbone_->type(), out + image.place * pixels);
    });
    return prediction;
}

}  // namespace duodiff
