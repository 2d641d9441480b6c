// SPDX-License-Identifier: MIT
#include "sampler/noise_source.h"

#include "base/noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <functional>
#include <numeric>
#include <utility>

namespace duodiff
{
namespace
{

std::vector<std::int64_t> batch_shape(std::int64_t batch, const std::vector<std::int64_t>& image_shape)
{
    std::vector<std::int64_t> shape = {batch};
    shape.insert(shape.end(), image_shape.begin(), image_shape.end());
    return shape;
}

class PerImageNoise final : public NoiseSource
{
public:
    PerImageNoise(std::vector<std::uint64_t> seeds, std::vector<std::int64_t> image_shape)
        : seeds_(std::move(seeds)), image_shape_(std::move(image_shape))
    {
    }

    at::Tensor initial() override { return draw(NoiseStream::initial, 0); }
    at::Tensor step(int step) override { return draw(NoiseStream::step, static_cast<std::uint32_t>(step)); }
    void pass_over(int draws) override { (void)draws; }
    at::Tensor seeds(const c10::Device& device) override
    {
        if (!seeds_on_device_.defined() || seeds_on_device_.device() != device) {
            const std::vector<std::int64_t> bits(seeds_.begin(), seeds_.end());
            seeds_on_device_ = at::tensor(bits, at::TensorOptions().dtype(at::kLong)).to(device);
        }
        return seeds_on_device_;
    }

private:
    at::Tensor draw(NoiseStream stream, std::uint32_t step) const
    {
        at::Tensor noise =
            at::empty(batch_shape(static_cast<std::int64_t>(seeds_.size()), image_shape_), at::kFloat);
        const auto image_size = static_cast<std::size_t>(
            std::accumulate(image_shape_.begin(), image_shape_.end(), std::int64_t{1}, std::multiplies<>()));
        float* out = noise.data_ptr<float>();
        for (const std::uint64_t seed : seeds_) {
            fill_normal({out, image_size}, seed, stream, step);
            out += image_size;
        }
        return noise;
    }

    std::vector<std::uint64_t> seeds_;
    std::vector<std::int64_t> image_shape_;
    at::Tensor seeds_on_device_;
};

class ReferenceNoise final : public NoiseSource
{
public:
    ReferenceNoise(std::uint64_t seed, std::int64_t batch, const std::vector<std::int64_t>& image_shape)
        : generator_(at::make_generator<at::CPUGeneratorImpl>(seed)), shape_(batch_shape(batch, image_shape))
    {
    }

    at::Tensor initial() override { return at::randn(shape_, generator_, at::kFloat); }
    at::Tensor step(int step) override
    {
        (void)step;
        return at::randn(shape_, generator_, at::kFloat);
    }
    void pass_over(int draws) override
    {
        for (int i = 0; i <= draws; ++i) {
            at::randn(shape_, generator_, at::kFloat);
        }
    }

private:
    at::Generator generator_;
    std::vector<std::int64_t> shape_;
};

}  // namespace

std::unique_ptr<NoiseSource> per_image_noise(std::vector<std::uint64_t> seeds,
                                             std::vector<std::int64_t> image_shape)
{
    return std::make_unique<PerImageNoise>(std::move(seeds), std::move(image_shape));
}

std::unique_ptr<NoiseSource> reference_noise(std::uint64_t seed, std::int64_t batch,
                                             std::vector<std::int64_t> image_shape)
{
    return std::make_unique<ReferenceNoise>(seed, batch, image_shape);
}

}  // namespace duodiff
