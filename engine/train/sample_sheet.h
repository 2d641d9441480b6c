// SPDX-License-Identifier: MIT
#pragma once

#include "train/parameters.h"
#include "train/train_config.h"
#include "train/train_job.h"

#include <filesystem>
#include <stop_token>

namespace duodiff
{

/// Samples pictures with the weights `tensors` (by the names of files) through the engine, always from the
/// same noise, and writes them as one PNG: DPM-Solver++, or all steps of DDPM where x_{t-1} is predicted.
/// An early-exit network runs all its layers, and the u of every probe is returned.
/// Writes nothing when stopped. Latents are shown as they are.
TrainExitCurve write_sample_sheet(const std::filesystem::path& path, const Tensors& tensors,
                                  const TrainConfig& config, c10::Device device, const std::stop_token& stop);

}  // namespace duodiff
