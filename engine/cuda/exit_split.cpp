// SPDX-License-Identifier: MIT
#include "cuda/exit_split.h"

#include "cuda/ops.h"
#include "cuda/twins.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>

#include <limits>

namespace duodiff::cuda
{

ExitSplit::ExitSplit(std::int64_t most, std::int64_t probes, const c10::Device& device)
    : device_(device),
      most_(most),
      probes_(probes),
      identity_(at::arange(most, at::TensorOptions().dtype(at::kLong).device(device))),
      places_(at::empty_like(identity_)),
      staying_rows_(at::empty_like(identity_)),
      leaving_rows_(at::empty_like(identity_)),
      leaving_places_(at::empty_like(identity_)),
      counts_on_device_(at::empty({2}, at::TensorOptions().dtype(at::kInt).device(device))),
      uncertainty_(at::empty({probes * most}, at::TensorOptions().dtype(at::kFloat).device(device))),
      exit_layers_(at::empty({most}, at::TensorOptions().dtype(at::kInt).device(device))),
      counts_copy_({2}, at::kInt, device),
      uncertainty_copy_({probes * most}, at::kFloat, device),
      exit_layers_copy_({most}, at::kInt, device)
{
}

void ExitSplit::begin(std::int64_t batch, int depth)
{
    TORCH_CHECK(batch <= most_, "a batch of ", batch, " in room for ", most_);
    batch_ = rows_ = batch;
    counts_ = {batch, 0};
    holes_ = 0;
    places_.copy_(identity_);
    exit_layers_.fill_(depth);
    uncertainty_.fill_(std::numeric_limits<float>::quiet_NaN());
}

void ExitSplit::decide(const at::Tensor& u, float theta, int layer, std::int64_t probe)
{
    TORCH_CHECK(probe >= 0 && probe < probes_ && u.numel() == rows_ && u.is_contiguous() &&
                    u.scalar_type() == at::kFloat,
                "u has to be one fp32 number a row");
    split(u, theta, layer, uncertainty_.mutable_data_ptr<float>() + probe * batch_);
}

void ExitSplit::decide(const std::vector<std::uint8_t>& leaves, int layer)
{
    TORCH_CHECK(static_cast<std::int64_t>(leaves.size()) == rows_, "one decision a row");
    at::Tensor stays = at::empty({rows_}, at::kFloat);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        stays.mutable_data_ptr<float>()[i] = leaves[i] != 0 ? 0.0F : 1.0F;
    }
    split(stays.to(device_), 0.5F, layer, nullptr);
}

void ExitSplit::split(const at::Tensor& u, float theta, int layer, float* u_of_place)
{
    Decision work;
    work.u = u.const_data_ptr<float>();
    work.places = places_.const_data_ptr<std::int64_t>();
    work.rows = static_cast<int>(rows_);
    work.theta = theta;
    work.layer = layer;
    work.staying_rows = staying_rows_.mutable_data_ptr<std::int64_t>();
    work.leaving_rows = leaving_rows_.mutable_data_ptr<std::int64_t>();
    work.leaving_places = leaving_places_.mutable_data_ptr<std::int64_t>();
    work.counts = counts_on_device_.mutable_data_ptr<std::int32_t>();
    work.u_of_place = u_of_place;
    work.exit_layer_of_place = exit_layers_.mutable_data_ptr<std::int32_t>();
    if (device_.is_cpu()) {
        twin::decide(work);
    } else {
        const c10::DeviceGuard guard(device_);
        cuda::decide(work, raw_stream(current_stream(device_)));
    }
    counts_copy_.start(counts_on_device_);
}

ExitSplit::Counts ExitSplit::counts()
{
    const auto* counts = counts_copy_.wait().const_data_ptr<std::int32_t>();
    counts_ = {counts[0], rows_ - counts[0]};
    holes_ = counts[1];
    return counts_;
}

at::Tensor ExitSplit::leaving_rows() const
{
    return leaving_rows_.narrow(0, 0, counts_.leaving);
}

at::Tensor ExitSplit::leaving_places() const
{
    return leaving_places_.narrow(0, 0, counts_.leaving);
}

at::Tensor ExitSplit::places() const
{
    return places_.narrow(0, 0, rows_);
}

void ExitSplit::compact(const std::vector<at::Tensor>& tensors)
{
    std::vector<RowsOf> moves = {{places_, places_}};
    for (const at::Tensor& tensor : tensors) {
        moves.push_back({tensor, tensor});
    }
    // The last survivors move into the holes that leaving rows make among the first.
    move_rows_of(moves, staying_rows_.narrow(0, counts_.staying - holes_, holes_), leaving_rows_, holes_);
    rows_ = counts_.staying;
    counts_ = {rows_, 0};
    holes_ = 0;
}

void ExitSplit::start_reading()
{
    uncertainty_copy_.start(uncertainty_);
    exit_layers_copy_.start(exit_layers_);
}

ExitSplit::Readout ExitSplit::read()
{
    Readout readout;
    const auto* layers = exit_layers_copy_.wait().const_data_ptr<std::int32_t>();
    const auto* u = uncertainty_copy_.wait().const_data_ptr<float>();
    for (std::int64_t i = 0; i < batch_; ++i) {
        readout.exit_layers.push_back(static_cast<std::int16_t>(layers[i]));
    }
    readout.uncertainty.assign(u, u + probes_ * batch_);
    return readout;
}

}  // namespace duodiff::cuda
