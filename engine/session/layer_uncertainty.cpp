// SPDX-License-Identifier: MIT
#include "session/layer_uncertainty.h"

#include "session/resume.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

namespace duodiff
{
namespace
{

void append(std::vector<float>& values, const at::Tensor& tensor)
{
    const at::Tensor plain = tensor.cpu().contiguous();
    values.insert(values.end(), plain.const_data_ptr<float>(), plain.const_data_ptr<float>() + plain.numel());
}

/// u of every patch (B, h, w); of every pixel in the AdaDiff authors' form, whose maps are of certainty.
at::Tensor uncertainty_map(const Network& network, int row, const Activations& activations)
{
    const Exits& exits = *network.exits();
    const at::Tensor map = exits.map(row, activations.t, activations.tokens);
    if (exits.kind() == ProbeKind::certainty_map) {
        return 1.0 - map.mean(1);
    }
    const std::int64_t patch = network.backbone().config().patch_size;
    return map.select(1, 0).slice(1, 0, map.size(2), patch).slice(2, 0, map.size(3), patch);
}

}  // namespace

LayerUncertainty read_layer_uncertainty(const Network& network, const TrajectoryState& state,
                                        c10::Device device)
{
    LayerUncertainty result;
    result.batch = state.batch;
    result.first_image = state.first_image;
    result.steps_done = state.steps_done;
    result.t = state.t;
    result.images = state.shape.count;
    const Exits& exits = *network.exits();
    if (exits.kind() == ProbeKind::attention) {
        result.no_maps = Failure{ErrorCode::usage,
                                 "the attention probe gives one number an image, not a map",
                                 {},
                                 "Look at the curves of u, or open a model with another kind of probe."};
    }
    at::Tensor labels;
    if (!state.labels.empty()) {
        labels = at::tensor(state.labels, at::TensorOptions().dtype(at::kLong)).to(device);
    }
    Activations activations = network.begin(to_batch_state(state, device).x, state.t, labels);
    while (true) {
        if (const auto row = network.probe_at(activations.layer)) {
            result.layers.push_back(activations.layer);
            append(result.uncertainty, network.uncertainty(activations));
            if (!result.no_maps) {
                const at::Tensor map = uncertainty_map(network, *row, activations);
                result.map_height = static_cast<int>(map.size(1));
                result.map_width = static_cast<int>(map.size(2));
                append(result.maps, map);
            }
        }
        if (activations.layer == network.depth()) {
            break;
        }
        network.advance(activations);
    }
    result.probes = static_cast<int>(result.layers.size());
    return result;
}

}  // namespace duodiff
