// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace duodiff
{

/// The examples of one epoch in their order: a permutation of 0 .. count - 1 that depends on (seed, epoch)
/// alone, the same on every machine and with every standard library (Fisher-Yates over SplitMix64, Steele et
/// al., "Fast splittable pseudorandom number generators", 2014).
std::vector<std::uint32_t> epoch_order(std::uint32_t count, std::uint64_t seed, std::uint64_t epoch);

/// Whether an example is mirrored in an epoch; even odds, a function of the arguments alone.
bool epoch_flip(std::uint64_t seed, std::uint64_t epoch, std::uint64_t index);

}  // namespace duodiff
