// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"
#include "stream/settings.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace duodiff::test
{

/// Folders with golden files: tests/data/golden, and the larger set where it is there.
std::vector<std::filesystem::path> golden_folders();

/// One entry of a `sampling/index_*.json`.
struct GoldenTrajectory {
    std::filesystem::path file;
    std::filesystem::path model;
    std::filesystem::path late_model;
    SamplingSettings settings;
};
/// Every trajectory that is there, of all golden folders.
std::vector<GoldenTrajectory> golden_trajectories();

/// Largest absolute difference over the largest absolute value of `expected`.
double relative_error(const at::Tensor& actual, const at::Tensor& expected);

/// Keeps every frame.
class FrameLog : public FrameSink
{
public:
    void on_frame(Frame&& frame) override { frames.push_back(std::move(frame)); }
    std::vector<Frame> frames;
};

}  // namespace duodiff::test
