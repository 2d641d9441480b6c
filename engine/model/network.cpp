// SPDX-License-Identifier: MIT
#include "model/network.h"

#include "base/error.h"

#include <ATen/ops/index_select.h>

#include <utility>

namespace duodiff
{

void Activations::keep(const at::Tensor& rows)
{
    tokens = at::index_select(tokens, 0, rows);
    for (at::Tensor& skip : skips) {
        skip = at::index_select(skip, 0, rows);
    }
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
