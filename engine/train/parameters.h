// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace duodiff
{

using Tensors = std::map<std::string, at::Tensor>;

/// A tensor that is trained, before there is one.
struct ParameterShape {
    std::string name;
    std::vector<std::int64_t> shape;
};

/// Whether weight decay is for the parameter: not for biases, norms, positions, and the vectors that a class
/// or a probe's query is.
bool is_decayed(const ParameterShape& parameter);

/// Everything about a network that training changes: parameters, gradients, the moments of Adam and the
/// moving average, each in one piece of memory, so that an update is a few passes over it. The parameters
/// are leaves of autograd; gradients add up in place.
class Parameters
{
public:
    Parameters(const std::vector<ParameterShape>& shapes, c10::Device device);

    const Tensors& leaves() const { return leaves_; }
    /// The parts of a piece by the parameters' names; they share its memory.
    Tensors parts_of(const at::Tensor& piece) const;

    /// All of it, those with weight decay first.
    const at::Tensor& values() const { return values_; }
    const at::Tensor& gradients() const { return gradients_; }
    const at::Tensor& first_moment() const { return first_moment_; }
    const at::Tensor& second_moment() const { return second_moment_; }
    const at::Tensor& average() const { return average_; }
    std::int64_t decayed() const { return decayed_; }
    std::int64_t count() const { return count_; }

private:
    struct Place {
        std::string name;
        std::vector<std::int64_t> shape;
        std::int64_t first = 0;
    };

    std::vector<Place> places_;
    at::Tensor values_;
    at::Tensor gradients_;
    at::Tensor first_moment_;
    at::Tensor second_moment_;
    at::Tensor average_;
    Tensors leaves_;
    std::int64_t decayed_ = 0;
    std::int64_t count_ = 0;
};

/// The names under which a network is trained. They are those of its files, but that the linear probes,
/// which can be thousands, are one tensor: "matrix.weight" (probes, D) and "matrix.bias" (probes).
std::vector<ParameterShape> parameter_shapes(const ModelConfig& config);

/// From the names of training to those of files, and back.
Tensors to_file_names(const Tensors& tensors, const ModelConfig& config);
Tensors from_file_names(const Tensors& tensors, const ModelConfig& config);

/// First weights: those of the U-ViT authors (arXiv 2209.12152), a function of seed, name and shape.
/// Projections and positions are normal with deviation 0.02, classes normal with 1, convolutions uniform
/// within 1 / sqrt(fan-in), norms 1 and 0, biases of projections 0.
void initialise(const Tensors& leaves, std::uint64_t seed);

}  // namespace duodiff
