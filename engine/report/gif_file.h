// SPDX-License-Identifier: MIT
#pragma once

#include "report/image8.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

namespace duodiff
{

struct GifOptions {
    int frame_ms = 80;    ///< of every frame, to the nearest 10 ms; viewers slow down what is below 20
    int last_ms = 1500;   ///< of the last frame, so that the finished picture can be looked at
    bool repeats = true;  ///< for ever; else it plays once
};

/// An animated GIF of frames of one size. Gray frames and frames of at most 256 colours are exact; others
/// get the 256 colours that fit the frame best. Alpha is left out. Throws EngineError(usage) for no frames
/// or frames of different shapes, EngineError(failed) where a side is above 65,535.
std::vector<std::uint8_t> encode_gif(std::span<const Image8> frames, const GifOptions& options = {});

/// Frame `index` of an animation, made when it is needed. What it throws ends the encoding.
using GifFrameMaker = std::function<Image8(std::size_t index)>;

/// The same with frames that need not all be there at once.
std::vector<std::uint8_t> encode_gif(std::size_t frames, const GifFrameMaker& frame_at,
                                     const GifOptions& options = {});

/// The same as a file, whole or not at all. It says nothing about how it was made.
void write_gif(const std::filesystem::path& path, std::span<const Image8> frames,
               const GifOptions& options = {});

}  // namespace duodiff
