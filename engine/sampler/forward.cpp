// SPDX-License-Identifier: MIT
#include "sampler/forward.h"

#include "base/device.h"
#include "cuda/gpu.h"
#include "sampler/forward_gpu.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace duodiff
{
namespace
{

/// The images of a batch that are still in the network: rows of the activations -> places in the batch.
class Survivors
{
public:
    explicit Survivors(std::size_t batch) : places_(batch)
    {
        for (std::size_t i = 0; i < batch; ++i) {
            places_[i] = static_cast<std::int64_t>(i);
        }
    }

    const std::vector<std::int64_t>& places() const { return places_; }
    std::size_t size() const { return places_.size(); }

    struct Split {
        std::vector<std::int64_t> leaving_rows;
        std::vector<std::int64_t> leaving_places;
        std::vector<Activations::Move> moves;
    };

    /// Takes the images with leaves[row] != 0 out; the last of those that stay move to their rows.
    Split remove(const std::vector<std::uint8_t>& leaves)
    {
        Split split;
        const auto staying =
            static_cast<std::size_t>(std::count(leaves.begin(), leaves.end(), std::uint8_t{0}));
        std::size_t last = places_.size();
        for (std::size_t row = 0; row < places_.size(); ++row) {
            if (leaves[row] != 0) {
                split.leaving_rows.push_back(static_cast<std::int64_t>(row));
                split.leaving_places.push_back(places_[row]);
            }
        }
        for (std::size_t row = 0; row < staying; ++row) {
            if (leaves[row] != 0) {
                do {
                    --last;
                } while (leaves[last] != 0);
                split.moves.push_back({static_cast<std::int64_t>(last), static_cast<std::int64_t>(row)});
                places_[row] = places_[last];
            }
        }
        places_.resize(staying);
        return split;
    }

private:
    std::vector<std::int64_t> places_;
};

at::Tensor index_tensor(const std::vector<std::int64_t>& values, c10::Device device)
{
    return at::tensor(values, at::TensorOptions().dtype(at::kLong)).to(device);
}

}  // namespace

ForwardResult forward_with_exits(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                                 const at::Tensor& labels, Ledger& ledger)
{
    ForwardResult result = begin_forward(network, policy, x, t, labels, ledger);
    finish_forward(result, ledger);
    return result;
}

void finish_forward(ForwardResult& result, Ledger& ledger)
{
    if (const auto rest = std::exchange(result.rest, nullptr)) {
        rest(result, ledger);
    }
}

ForwardResult begin_forward(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                            const at::Tensor& labels, Ledger& ledger)
{
    const c10::Device device = x.device();
    if (cuda::runs_on(device) && decides_on_device(network, policy)) {
        return forward_in_segments(network, policy, x, t, labels);
    }
    const auto batch = static_cast<std::size_t>(x.size(0));
    const int depth = network.depth();
    const std::size_t probes = network.exits() ? static_cast<std::size_t>(network.exits()->rows()) : 0;

    ForwardResult result;
    result.exit_layers.assign(batch, static_cast<std::int16_t>(depth));

    Survivors survivors(batch);
    std::vector<Network::Leaving> left;

    Activations activations;
    {
        const ScopedTimer timer(ledger.embed, device);
        activations = network.begin(x, t, labels);
    }
    while (activations.layer < depth && survivors.size() > 0) {
        std::vector<float> uncertainty;
        const auto row = network.probe_at(activations.layer);
        if (row && policy.reads_uncertainty(activations.layer)) {
            const ScopedTimer timer(ledger.probes, device);
            const at::Tensor u = network.uncertainty(activations).cpu().contiguous();
            uncertainty.assign(u.const_data_ptr<float>(), u.const_data_ptr<float>() + u.numel());
            result.uncertainty.resize(probes * batch, std::numeric_limits<float>::quiet_NaN());
            for (std::size_t i = 0; i < survivors.size(); ++i) {
                const auto place = static_cast<std::size_t>(survivors.places()[i]);
                result.uncertainty[static_cast<std::size_t>(*row) * batch + place] = uncertainty[i];
            }
        }
        std::vector<std::uint8_t> leaves(survivors.size(), 0);
        policy.decide(activations.layer, uncertainty, leaves);
        if (std::find(leaves.begin(), leaves.end(), std::uint8_t{1}) != leaves.end()) {
            const Survivors::Split split = survivors.remove(leaves);
            for (const std::int64_t place : split.leaving_places) {
                result.exit_layers[static_cast<std::size_t>(place)] =
                    static_cast<std::int16_t>(activations.layer);
            }
            at::Tensor leaving = activations.tokens;
            if (survivors.size() > 0) {
                const ScopedTimer timer(ledger.compaction, device);
                leaving = activations.tokens.index_select(0, index_tensor(split.leaving_rows, device));
                activations.compact(split.moves, static_cast<std::int64_t>(survivors.size()));
            }
            left.push_back({activations.layer, leaving, split.leaving_places});
        }
        if (survivors.size() > 0) {
            const ScopedTimer timer(ledger.blocks, device);
            network.advance(activations);
        }
    }
    if (survivors.size() > 0) {
        left.push_back({depth, activations.tokens, survivors.places()});
    }
    const ScopedTimer timer(ledger.heads, device);
    result.prediction = network.leave(left, x.size(0));
    return result;
}

void read_missing_uncertainty(const Network& network, const at::Tensor& x, int t, const at::Tensor& labels,
                              ForwardResult& result, Ledger& ledger)
{
    const c10::Device device = x.device();
    const ScopedTimer timer(ledger.probes, device);
    const auto batch = static_cast<std::size_t>(x.size(0));
    const auto probes = static_cast<std::size_t>(network.exits()->rows());
    result.uncertainty.resize(probes * batch, std::numeric_limits<float>::quiet_NaN());

    std::vector<std::int64_t> places;
    for (std::size_t image = 0; image < batch; ++image) {
        for (std::size_t row = 0; row < probes; ++row) {
            const bool lets_leave = network.exits()->layer_of(static_cast<int>(row)) < network.depth();
            if (lets_leave && std::isnan(result.uncertainty[row * batch + image])) {
                places.push_back(static_cast<std::int64_t>(image));
                break;
            }
        }
    }
    if (places.empty()) {
        return;
    }
    const at::Tensor rows = index_tensor(places, device);
    Activations activations =
        network.begin(x.index_select(0, rows), t, labels.defined() ? labels.index_select(0, rows) : labels);
    while (activations.layer < network.depth()) {
        if (const auto row = network.probe_at(activations.layer)) {
            const at::Tensor u = network.uncertainty(activations).cpu().contiguous();
            for (std::size_t i = 0; i < places.size(); ++i) {
                float& value = result.uncertainty[static_cast<std::size_t>(*row) * batch +
                                                  static_cast<std::size_t>(places[i])];
                if (std::isnan(value)) {
                    value = u.const_data_ptr<float>()[i];
                }
            }
        }
        network.advance(activations);
    }
}

EveryExit run_every_exit(const Network& network, const at::Tensor& x, int t, const at::Tensor& labels)
{
    const Exits* exits = network.exits();
    std::vector<at::Tensor> uncertainty;
    std::vector<at::Tensor> outputs;
    std::vector<at::Tensor> maps;
    Activations activations = network.begin(x, t, labels);
    while (true) {
        if (const auto row = network.probe_at(activations.layer)) {
            uncertainty.push_back(network.uncertainty(activations));
            outputs.push_back(network.leave(activations.layer, activations.tokens));
            if (exits->kind() == ProbeKind::certainty_map) {
                maps.push_back(exits->map(*row, t, activations.tokens));
            }
        }
        if (activations.layer == network.depth()) {
            break;
        }
        network.advance(activations);
    }
    EveryExit every;
    every.output = network.leave(network.depth(), activations.tokens);
    if (!uncertainty.empty()) {
        every.uncertainty = at::stack(uncertainty);
        every.exit_outputs = at::stack(outputs);
    }
    if (!maps.empty()) {
        every.maps = at::stack(maps);
    }
    return every;
}

}  // namespace duodiff
