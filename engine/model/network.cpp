// SPDX-License-Identifier: MIT
#include "model/network.h"

#include "base/error.h"

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

at::Tensor Network::leave(int layer, const at::Tensor& tokens) const
{
    const OutputHead* own = exits_ && layer < depth() ? exits_->head_at(layer) : nullptr;
    return own ? (*own)(tokens) : backbone_->head()(tokens);
}

}  // namespace duodiff
