// SPDX-License-Identifier: MIT
#pragma once

#include "model/exits.h"
#include "model/uvit.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace duodiff
{

/// Images on their way through a network: `layer` blocks are done. Rows of every tensor are images.
struct Activations {
    int t = 0;
    int layer = 0;
    at::Tensor tokens;              ///< (B, L, D)
    std::vector<at::Tensor> skips;  ///< outputs of in blocks whose out block has not run, each (B, L, D)

    struct Move {
        std::int64_t from;
        std::int64_t to;
    };
    /// Only the first `rows` images go on, after `moves`, of tokens and skips alike: they fill the places of
    /// images that left with images from behind, so that what is copied is as much as what leaves, not what
    /// stays.
    void compact(const std::vector<Move>& moves, std::int64_t rows);
};

/// What a device keeps for a network between calls, such as captured graphs and their buffers.
class DeviceCache
{
public:
    virtual ~DeviceCache() = default;
};

/// A network that a step can use: a backbone, with exits or without. Immutable, shared; the backbone of
/// an early-exit network may be the full network's own.
class Network
{
public:
    explicit Network(std::shared_ptr<const UVit> backbone, std::shared_ptr<const Exits> exits = nullptr);

    int depth() const { return backbone_->depth(); }
    const UVit& backbone() const { return *backbone_; }
    std::shared_ptr<const UVit> share_backbone() const { return backbone_; }
    const Exits* exits() const { return exits_.get(); }

    /// x (B, C, H, W) fp32, t 0..999, labels (B) int64 or undefined.
    Activations begin(const at::Tensor& x, int t, const at::Tensor& labels) const;

    /// Runs the next block on all images still there.
    void advance(Activations& activations) const;

    /// The probe that reads at the present layer; nothing where none does.
    std::optional<int> probe_at(int layer) const;

    /// u (B) at the present layer, fp32; there must be a probe.
    at::Tensor uncertainty(const Activations& activations) const;

    /// Prediction (B, C, H, W) fp32 of images that leave at `layer`, from their tokens (B, L, D).
    at::Tensor leave(int layer, const at::Tensor& tokens) const;

    /// Images that leave at the same layer.
    struct Leaving {
        int layer;
        at::Tensor tokens;                 ///< (images, L, D)
        std::vector<std::int64_t> places;  ///< of the images in the batch
    };
    /// Predictions (batch, C, H, W) fp32 of a whole batch, each image of which is in one of `groups`.
    at::Tensor leave(const std::vector<Leaving>& groups, std::int64_t batch) const;

    /// Of whoever runs this network on a GPU; the network only owns it. For the engine's thread.
    std::shared_ptr<DeviceCache>& device_cache() const { return device_cache_; }

private:
    const OutputHead& head_at(int layer) const;

    std::shared_ptr<const UVit> backbone_;
    std::shared_ptr<const Exits> exits_;
    mutable std::shared_ptr<DeviceCache> device_cache_;
};

}  // namespace duodiff
