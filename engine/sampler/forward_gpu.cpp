// SPDX-License-Identifier: MIT
#include "sampler/forward_gpu.h"

#include "cuda/exit_split.h"
#include "cuda/graph_set.h"
#include "cuda/ops.h"
#include "cuda/step_clock.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace duodiff
{
namespace
{

/// Where images may leave next.
struct Check {
    int layer = 0;                     ///< the network's depth: nowhere
    std::optional<float> theta;        ///< decided by u on the device
    std::vector<std::uint8_t> leaves;  ///< else by the policy, without u
};

Check next_check(const Network& network, const Policy& policy, int from, std::int64_t rows)
{
    for (int layer = from; layer < network.depth(); ++layer) {
        if (network.probe_at(layer) && policy.reads_uncertainty(layer)) {
            return {layer, policy.threshold_at(layer), {}};
        }
        std::vector<std::uint8_t> leaves(static_cast<std::size_t>(rows), 0);
        policy.decide(layer, {}, leaves);
        if (std::find(leaves.begin(), leaves.end(), std::uint8_t{1}) != leaves.end()) {
            return {layer, std::nullopt, std::move(leaves)};
        }
    }
    return {network.depth(), std::nullopt, {}};
}

/// Buffers and graphs of one network, for batches up to a size.
class SegmentRunner final : public DeviceCache, public std::enable_shared_from_this<SegmentRunner>
{
public:
    SegmentRunner(const Network& network, const at::Tensor& x, const at::Tensor& labels)
        : network_(network),
          capacity_(bucket_of(x.size(0))),
          half_(network.depth() / 2),
          left_before_(static_cast<std::size_t>(network.depth()), true),
          split_(capacity_, network.exits() ? network.exits()->rows() : 0, x.device()),
          graphs_(x.device()),
          clock_(x.device())
    {
        const UVitConfig& config = network.backbone().config();
        const auto values = at::TensorOptions().dtype(at::kFloat).device(x.device());
        // Zeros, so that rows that nobody has filled yet hold numbers, and labels that exist.
        const auto activations = [&] {
            return at::zeros({capacity_, config.tokens(), config.embed_dim},
                             values.dtype(network.backbone().type()));
        };
        std::vector<std::int64_t> image = x.sizes().vec();
        image.front() = capacity_;
        x_ = at::zeros(image, values);
        head_output_ = at::zeros(image, values);
        time_ = at::zeros({1, 1, config.embed_dim}, values);
        if (labels.defined()) {
            labels_ = at::zeros({capacity_}, values.dtype(at::kLong));
        }
        tokens_ = {activations(), activations()};
        for (int i = 0; i < half_; ++i) {
            skips_.push_back(activations());
        }
    }

    bool fits(const at::Tensor& x, const at::Tensor& labels) const
    {
        return x.size(0) <= capacity_ && labels.defined() == labels_.defined();
    }

    ForwardResult run(const Policy& policy, const at::Tensor& x, int t, const at::Tensor& labels)
    {
        clock_.forget();
        times_ = {};
        clock_.enter(times_.embed);
        load(x, t, labels);
        ForwardResult result;
        result.prediction = at::empty_like(x);
        const std::int64_t batch = x.size(0);
        const int depth = network_.depth();
        bool splits = false;
        bool reads = false;
        bool begun = false;
        int layer = 0;
        std::int64_t rows = batch;
        Check check = next_check(network_, policy, 0, rows);
        while (rows > 0) {
            const bool ends = check.layer == depth;
            if (!begun || check.layer > layer) {
                run_segment(!begun, layer, check.layer, ends, rows);
                begun = true;
                layer = check.layer;
            }
            if (ends) {
                place(head_output_, splits ? split_.places() : at::Tensor(), rows, result.prediction);
                break;
            }
            if (!splits) {
                split_.begin(batch, depth);
                splits = true;
            }
            reads = reads || check.theta;
            decide(check, t, rows);
            const bool ahead = !left_before_[static_cast<std::size_t>(layer)] && layer + 1 < depth;
            if (ahead) {
                run_segment(false, layer, layer + 1, false, rows);
            }
            const std::int64_t staying = let_leave(layer, rows, result.prediction);
            check = next_check(network_, policy, layer + 1, staying);
            // What ran ahead with more rows than stay is done again: results do not depend on the guess.
            layer += ahead && staying == rows ? 1 : 0;
            rows = staying;
        }
        if (splits) {
            clock_.enter(times_.transfers);
            split_.start_reading();
        }
        clock_.leave();
        result.rest = [self = shared_from_this(), batch, splits, reads](ForwardResult& open, Ledger& ledger) {
            self->finish(batch, splits, reads, open, ledger);
        };
        return result;
    }

private:
    void load(const at::Tensor& x, int t, const at::Tensor& labels)
    {
        x_.narrow(0, 0, x.size(0)).copy_(x);
        if (labels.defined()) {
            labels_.narrow(0, 0, x.size(0)).copy_(labels);
        }
        auto token = time_tokens_.find(t);
        if (token == time_tokens_.end()) {
            token = time_tokens_.emplace(t, network_.backbone().time_token(t)).first;
        }
        time_.copy_(token->second);
    }

    /// Outputs of in blocks that out blocks still wait for, with `layer` blocks done.
    int held_skips(int layer) const { return layer <= half_ ? layer : network_.depth() - layer; }

    /// The output of an in block is its skip too, and is kept only as that. What a block reads and what it
    /// writes are never the same buffer.
    bool is_skip(int layer) const { return layer > 0 && layer <= half_; }
    const at::Tensor& tokens_at(int layer) const
    {
        const auto place = static_cast<std::size_t>(layer);
        return is_skip(layer) ? skips_[place - 1] : tokens_[place % tokens_.size()];
    }

    void run_segment(bool begins, int from, int to, bool ends, std::int64_t rows)
    {
        clock_.enter(from == to ? times_.embed : times_.blocks);
        const std::int64_t bucket = bucket_of(rows);
        graphs_.run({begins ? 1 : 0, from, to, ends ? 1 : 0, bucket},
                    [=, this] { compute_segment(begins, from, to, ends, bucket); });
    }

    void compute_segment(bool begins, int from, int to, bool ends, std::int64_t bucket)
    {
        const auto first = [&](const at::Tensor& buffer) { return buffer.narrow(0, 0, bucket); };
        Activations now{.t = 0, .layer = from, .tokens = {}, .skips = {}};
        now.tokens =
            begins ? network_.backbone().embed(first(x_), time_, labels_.defined() ? first(labels_) : labels_)
                   : first(tokens_at(from));
        for (int i = 0; i < held_skips(from); ++i) {
            now.skips.push_back(first(skips_[static_cast<std::size_t>(i)]));
        }
        while (now.layer < to) {
            network_.advance(now);
        }
        if (ends) {
            first(head_output_).copy_(network_.leave(to, now.tokens));
            return;
        }
        for (std::size_t i = 0; i < now.skips.size(); ++i) {
            keep(now.skips[i], first(skips_[i]));
        }
        if (!is_skip(to)) {
            keep(now.tokens, first(tokens_at(to)));
        }
    }

    static void keep(const at::Tensor& value, const at::Tensor& buffer)
    {
        if (value.const_data_ptr() != buffer.const_data_ptr()) {
            buffer.copy_(value);
        }
    }

    /// Queues the decision at check.layer.
    void decide(const Check& check, int t, std::int64_t rows)
    {
        clock_.enter(times_.probes);
        if (!check.theta) {
            split_.decide(check.leaves, check.layer);
            return;
        }
        const int row = *network_.probe_at(check.layer);
        const at::Tensor tokens = tokens_at(check.layer).narrow(0, 0, rows);
        const at::Tensor u = network_.exits()->uncertainty(row, t, tokens).contiguous();
        split_.decide(u, *check.theta, check.layer, row);
    }

    /// Sends the images that leave at `layer` through their head and compacts the others. Returns how many go
    /// on.
    std::int64_t let_leave(int layer, std::int64_t rows, const at::Tensor& prediction)
    {
        clock_.enter(times_.compaction);
        const cuda::ExitSplit::Counts counts = split_.counts();
        left_before_[static_cast<std::size_t>(layer)] = counts.leaving > 0;
        if (counts.leaving == 0) {
            return rows;
        }
        const at::Tensor places = split_.leaving_places();
        const at::Tensor& buffer = tokens_at(layer);
        at::Tensor leaving = buffer.narrow(0, 0, rows);
        if (counts.staying > 0) {
            leaving = at::empty({counts.leaving, buffer.size(1), buffer.size(2)}, buffer.options());
            cuda::move_rows_of({{buffer, leaving}}, split_.leaving_rows(), {}, counts.leaving);
            std::vector<at::Tensor> going_on(skips_.begin(), skips_.begin() + held_skips(layer));
            if (!is_skip(layer)) {
                going_on.push_back(buffer);
            }
            split_.compact(going_on);
        }
        clock_.enter(times_.heads);
        place(network_.leave(layer, leaving), places, counts.leaving, prediction);
        return counts.staying;
    }

    /// Row k of `images` becomes prediction[places[k]]; without places, prediction[k].
    static void place(const at::Tensor& images, const at::Tensor& places, std::int64_t rows,
                      const at::Tensor& prediction)
    {
        cuda::move_rows_of({{images.contiguous(), prediction}}, {}, places, rows);
    }

    void finish(std::int64_t batch, bool splits, bool reads, ForwardResult& result, Ledger& ledger)
    {
        result.exit_layers.assign(static_cast<std::size_t>(batch),
                                  static_cast<std::int16_t>(network_.depth()));
        if (splits) {
            cuda::ExitSplit::Readout readout = split_.read();
            result.exit_layers = std::move(readout.exit_layers);
            if (reads) {
                result.uncertainty = std::move(readout.uncertainty);
            }
        }
        clock_.settle();
        ledger += times_;
    }

    const Network& network_;  ///< which owns this
    std::int64_t capacity_;
    int half_;
    at::Tensor x_;                      ///< (capacity, C, H, W)
    at::Tensor labels_;                 ///< (capacity); undefined for an unconditional model
    at::Tensor time_;                   ///< (1, 1, D)
    std::array<at::Tensor, 2> tokens_;  ///< (capacity, L, D), like every skip; by turns
    std::vector<at::Tensor> skips_;
    at::Tensor head_output_;  ///< (capacity, C, H, W)
    std::map<int, at::Tensor> time_tokens_;
    std::vector<bool> left_before_;  ///< by layer: whether an image left there the last time
    cuda::ExitSplit split_;
    cuda::GraphSet graphs_;
    cuda::StepClock clock_;
    Ledger times_;
};

}  // namespace

std::int64_t bucket_of(std::int64_t rows)
{
    constexpr std::array<std::int64_t, 12> sizes = {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128};
    const auto fitting = std::lower_bound(sizes.begin(), sizes.end(), rows);
    return fitting != sizes.end() ? *fitting : (rows + 63) / 64 * 64;
}

bool decides_on_device(const Network& network, const Policy& policy)
{
    for (int layer = 0; layer < network.depth(); ++layer) {
        if (network.probe_at(layer) && policy.reads_uncertainty(layer) && !policy.threshold_at(layer)) {
            return false;
        }
    }
    return true;
}

ForwardResult forward_in_segments(const Network& network, const Policy& policy, const at::Tensor& x, int t,
                                  const at::Tensor& labels)
{
    std::shared_ptr<DeviceCache>& cache = network.device_cache();
    auto runner = std::dynamic_pointer_cast<SegmentRunner>(cache);
    if (!runner || !runner->fits(x, labels)) {
        runner.reset();
        cache.reset();  // before the larger one is made, which may need the memory
        runner = std::make_shared<SegmentRunner>(network, x, labels);
        cache = runner;
    }
    return runner->run(policy, x.contiguous(), t, labels);
}

}  // namespace duodiff
