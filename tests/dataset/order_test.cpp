// SPDX-License-Identifier: GPL-3.0-or-later
#include "data/order.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

using namespace duodiff;

TEST_CASE("an epoch's order is a permutation")
{
    for (const std::uint32_t count : {1U, 2U, 3U, 10U, 1000U, 65537U}) {
        std::vector<std::uint32_t> order = epoch_order(count, 7, 3);
        std::sort(order.begin(), order.end());
        bool complete = order.size() == count;
        for (std::uint32_t i = 0; i < count && complete; ++i) {
            complete = order[i] == i;
        }
        CHECK_MESSAGE(complete, count);
    }
}

TEST_CASE("an epoch's order is the same on every machine")
{
    // The numbers are what the algorithm gives by definition; a change would break resumed runs.
    CHECK(epoch_order(10, 0, 0) == std::vector<std::uint32_t>{2, 8, 6, 7, 3, 9, 4, 5, 0, 1});
    CHECK(epoch_order(10, 42, 5) == std::vector<std::uint32_t>{5, 2, 7, 6, 8, 1, 3, 4, 9, 0});
}

TEST_CASE("every seed and every epoch has an order of its own")
{
    std::set<std::vector<std::uint32_t>> orders;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
            orders.insert(epoch_order(50, seed, epoch));
        }
    }
    CHECK(orders.size() == 400);
}

TEST_CASE("every example is equally likely at every place")
{
    constexpr std::uint32_t count = 6;
    constexpr int epochs = 36'000;
    std::vector<int> seen(count * count);
    for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
        const std::vector<std::uint32_t> order = epoch_order(count, 1, epoch);
        for (std::uint32_t place = 0; place < count; ++place) {
            ++seen[place * count + order[place]];
        }
    }
    // Binomial: 6000 expected, standard deviation 71; five of them.
    for (const int times : seen) {
        CHECK(std::abs(times - epochs / static_cast<int>(count)) < 5 * 71);
    }
}

TEST_CASE("half of the examples are mirrored, others in every epoch")
{
    constexpr int count = 40'000;
    int flipped = 0;
    int changed = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        flipped += epoch_flip(3, 0, i) ? 1 : 0;
        changed += epoch_flip(3, 0, i) != epoch_flip(3, 1, i) ? 1 : 0;
    }
    // Standard deviation 100; five of them.
    CHECK(std::abs(flipped - count / 2) < 500);
    CHECK(std::abs(changed - count / 2) < 500);
}
