// SPDX-License-Identifier: MIT
#include "cuda/preview.h"

#include "cuda/ops.h"

#include <c10/core/StreamGuard.h>

namespace duodiff::cuda
{

Preview::Preview(const at::Tensor& map, const c10::Device& device)
    : device_(device), map_(map.defined() ? map.to(device, at::kFloat).contiguous() : map)
{
    if (!device.is_cpu()) {
        stream_ = side_stream(device);
    }
}

std::shared_ptr<const std::vector<std::uint8_t>> Preview::make(const at::Tensor& x)
{
    const at::Tensor pixels = x.contiguous();
    std::optional<c10::StreamGuard> beside;
    if (stream_) {
        c10::Event ready(device_.type());
        ready.record(current_stream(device_));
        ready.block(*stream_);
        beside.emplace(*stream_);
    }
    const at::Tensor rgbx = pictures_of(pixels, map_);
    if (!copy_ || sizes_ != rgbx.sizes()) {
        sizes_ = rgbx.sizes().vec();
        copy_.emplace(sizes_, at::kByte, device_);
    }
    copy_->start(rgbx);
    const at::Tensor& bytes = copy_->wait();
    const auto* first = bytes.const_data_ptr<std::uint8_t>();
    return std::make_shared<const std::vector<std::uint8_t>>(first, first + bytes.numel());
}

}  // namespace duodiff::cuda
