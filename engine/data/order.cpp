// SPDX-License-Identifier: MIT
#include "data/order.h"

#include <utility>

namespace duodiff
{
namespace
{

constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t order_stream = 1;
constexpr std::uint64_t flip_stream = 2;

/// SplitMix64's finalizer: a bijection of 64-bit words that mixes every bit into every bit.
std::uint64_t mixed(std::uint64_t value)
{
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

std::uint64_t key_of(std::uint64_t seed, std::uint64_t stream, std::uint64_t epoch)
{
    return mixed(mixed(mixed(seed + golden_gamma) + stream * golden_gamma) + (epoch + 1) * golden_gamma);
}

class SplitMix
{
public:
    explicit SplitMix(std::uint64_t state) : state_(state) {}

    /// Uniform in 0 .. bound - 1, without bias: what would favour some results is drawn again.
    std::uint32_t below(std::uint32_t bound)
    {
        const std::uint32_t biased = (0U - bound) % bound;
        for (;;) {
            const std::uint64_t product = (next() >> 32U) * bound;
            if (static_cast<std::uint32_t>(product) >= biased) {
                return static_cast<std::uint32_t>(product >> 32U);
            }
        }
    }

private:
    std::uint64_t next() { return mixed(state_ += golden_gamma); }

    std::uint64_t state_;
};

}  // namespace

std::vector<std::uint32_t> epoch_order(std::uint32_t count, std::uint64_t seed, std::uint64_t epoch)
{
    std::vector<std::uint32_t> order(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        order[i] = i;
    }
    SplitMix random(key_of(seed, order_stream, epoch));
    for (std::uint32_t left = count; left > 1; --left) {
        std::swap(order[left - 1], order[random.below(left)]);
    }
    return order;
}

bool epoch_flip(std::uint64_t seed, std::uint64_t epoch, std::uint64_t index)
{
    return (mixed(key_of(seed, flip_stream, epoch) + (index + 1) * golden_gamma) >> 63U) != 0;
}

}  // namespace duodiff
