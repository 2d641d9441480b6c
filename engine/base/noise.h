// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

namespace duodiff
{

/// Independent sequences of one seed.
enum class NoiseStream : std::uint32_t {
    initial = 0,           ///< x_T
    step = 1,              ///< z of a solver step
    probe = 2,             ///< anything that must not disturb the two above
    train_weights = 3,     ///< a network's first weights
    train_noise = 4,       ///< the noise that training adds to an image
    train_timestep = 5,    ///< t of an image in training
    train_unlabelled = 6,  ///< whether an image in training loses its label
};

/// Fills `out` with standard normal numbers that are a pure function of (seed, stream, step) and the
/// position in `out`: nothing else that is drawn, and no batch, changes them.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with key = seed
/// and counter = (position / 4, step, stream, row); each 4 words give 4 normals by Box-Muller. log, sin and
/// cos are polynomials evaluated in IEEE single precision without contraction, so that every machine (and
/// a GPU kernel that does the same) gives the same bits.
///
/// `row` tells the images of one training step apart; the sampler's images have seeds of their own.
void fill_normal(std::span<float> out, std::uint64_t seed, NoiseStream stream, std::uint32_t step,
                 std::uint32_t row = 0);

/// 32 uniformly distributed random bits, the first word of the same counter.
std::uint32_t random_bits(std::uint64_t seed, NoiseStream stream, std::uint32_t step, std::uint32_t row);

}  // namespace duodiff
