// SPDX-License-Identifier: MIT
#include "evaluate/example_tensors.h"

#include <ATen/ops/empty.h>

namespace duodiff
{

at::Tensor read_examples(const Dataset& data, std::span<const std::uint32_t> examples)
{
    at::Tensor images = at::empty(
        {static_cast<std::int64_t>(examples.size()), data.channels(), data.side(), data.side()}, at::kFloat);
    const auto width = static_cast<std::size_t>(data.values_an_example());
    for (std::size_t i = 0; i < examples.size(); ++i) {
        data.read(examples[i], false, {images.data_ptr<float>() + i * width, width});
    }
    return images;
}

}  // namespace duodiff
