// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/phase_transition.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

using namespace duodiff;

namespace
{

std::vector<double> step_curve(std::size_t length, std::size_t index, double before, double after)
{
    std::vector<double> curve(length, before);
    for (std::size_t i = index; i < length; ++i) {
        curve[i] = after;
    }
    return curve;
}

std::vector<double> sigmoid_curve(std::size_t length, double middle, double width)
{
    std::vector<double> curve;
    for (std::size_t i = 0; i < length; ++i) {
        curve.push_back(2.0 + 11.0 / (1.0 + std::exp(-(static_cast<double>(i) - middle) / width)));
    }
    return curve;
}

/// The definition, in O(n^2): the split with the smallest sum of squares around its two means.
std::size_t best_split(const std::vector<double>& curve)
{
    const auto squares = [&](std::size_t begin, std::size_t end) {
        double mean = 0.0;
        for (std::size_t i = begin; i < end; ++i) {
            mean += curve[i] / static_cast<double>(end - begin);
        }
        double sum = 0.0;
        for (std::size_t i = begin; i < end; ++i) {
            sum += (curve[i] - mean) * (curve[i] - mean);
        }
        return sum;
    };
    std::size_t best = 1;
    for (std::size_t k = 2; k < curve.size(); ++k) {
        if (squares(0, k) + squares(k, curve.size()) < squares(0, best) + squares(best, curve.size())) {
            best = k;
        }
    }
    return best;
}

}  // namespace

TEST_CASE("a clean step is found at exactly its index, with exact levels, up and down")
{
    for (const std::size_t length : {6U, 17U, 50U, 1000U}) {
        for (std::size_t index = 3; index + 3 <= length; index += length > 100 ? 37 : 1) {
            for (const bool up : {true, false}) {
                const auto found =
                    find_phase_transition(step_curve(length, index, up ? 3.0 : 13.0, up ? 13.0 : 3.0));
                REQUIRE(found.has_value());
                CHECK(found->index == index);
                CHECK(found->level_before == doctest::Approx(up ? 3.0 : 13.0));
                CHECK(found->level_after == doctest::Approx(up ? 13.0 : 3.0));
                CHECK(found->explained == doctest::Approx(1.0));
            }
        }
    }
}

TEST_CASE("a step under noise is found within one step of its index")
{
    std::mt19937 generator(7);
    std::normal_distribution<double> noise(0.0, 0.6);
    for (int trial = 0; trial < 200; ++trial) {
        const std::size_t index = 20 + static_cast<std::size_t>(trial) * 4;
        std::vector<double> curve = step_curve(1000, index, 2.0, 13.0);
        for (double& layer : curve) {
            layer += noise(generator);
        }
        const auto found = find_phase_transition(curve);
        REQUIRE(found.has_value());
        CHECK(std::llabs(static_cast<long long>(found->index) - static_cast<long long>(index)) <= 1);
        CHECK(found->level_before == doctest::Approx(2.0).epsilon(0.3));
        CHECK(found->level_after == doctest::Approx(13.0).epsilon(0.1));
    }
}

TEST_CASE("the estimate is the least-squares split")
{
    std::mt19937 generator(11);
    std::normal_distribution<double> noise(0.0, 2.0);
    const PhaseTransitionOptions anything{1, 0.0, 0.0};
    for (int trial = 0; trial < 100; ++trial) {
        std::vector<double> curve = sigmoid_curve(60, 10.0 + trial * 0.4, 4.0);
        for (double& layer : curve) {
            layer += noise(generator);
        }
        const auto found = find_phase_transition(curve, anything);
        REQUIRE(found.has_value());
        CHECK(found->index == best_split(curve));
        CHECK(found->explained >= 0.0);
        CHECK(found->explained <= 1.0);
    }
}

TEST_CASE("a sigmoid has its transition in its middle")
{
    for (const double middle : {150.0, 380.0, 500.0, 800.0}) {
        const auto found = find_phase_transition(sigmoid_curve(1000, middle, 15.0));
        REQUIRE(found.has_value());
        CHECK(std::abs(static_cast<double>(found->index) - middle) <= 5.0);
        CHECK(found->explained > 0.9);
    }
}

TEST_CASE("a ramp counts, at its middle, and with the three quarters that a step explains of it")
{
    std::vector<double> ramp;
    for (int i = 0; i < 1000; ++i) {
        ramp.push_back(13.0 * i / 999.0);
    }
    const auto found = find_phase_transition(ramp);
    REQUIRE(found.has_value());
    CHECK(found->index == 500);
    CHECK(found->explained == doctest::Approx(0.75).epsilon(0.01));
    CHECK_FALSE(find_phase_transition(ramp, {.minimum_explained = 0.9}).has_value());
}

TEST_CASE("curves with no jump have no transition")
{
    CHECK_FALSE(find_phase_transition({}).has_value());
    CHECK_FALSE(find_phase_transition(std::vector<double>(1000, 13.0)).has_value());
    CHECK_FALSE(find_phase_transition(std::vector<double>(1000, 0.1)).has_value());
    CHECK_FALSE(find_phase_transition(step_curve(1000, 500, 6.0, 6.9)).has_value());

    std::mt19937 generator(3);
    std::normal_distribution<double> noise(6.0, 1.5);
    for (const std::size_t length : {6U, 20U, 100U, 1000U}) {
        std::vector<double> flat(length);
        for (double& layer : flat) {
            layer = noise(generator);
        }
        const auto found = find_phase_transition(flat, {.minimum_segment = 3, .minimum_jump = 4.0});
        CHECK_FALSE(found.has_value());
    }
    for (const std::size_t length : {100U, 1000U}) {
        std::vector<double> wave;
        for (std::size_t i = 0; i < length; ++i) {
            wave.push_back(6.0 + 4.0 * std::sin(static_cast<double>(i) * 0.6));
        }
        CHECK_FALSE(find_phase_transition(wave).has_value());
    }
}

TEST_CASE("one outlier is no second level, wherever it is")
{
    for (std::size_t at = 0; at < 40; ++at) {
        std::vector<double> curve(40, 2.0);
        curve[at] = 13.0;
        const auto found = find_phase_transition(curve);
        CHECK_FALSE(found.has_value());
    }
}

TEST_CASE("prefixes too short for two levels have no transition")
{
    for (std::size_t length = 0; length < 6; ++length) {
        CHECK_FALSE(find_phase_transition(step_curve(length, length / 2, 2.0, 13.0)).has_value());
    }
}

TEST_CASE("while a run goes on, a clean jump is reported only once it has lasted, and then where it was")
{
    for (const std::size_t index : {3U, 10U, 300U, 620U}) {
        const std::vector<double> curve = step_curve(1000, index, 3.0, 13.0);
        for (std::size_t length = 0; length <= curve.size(); ++length) {
            const auto found = find_phase_transition(std::span(curve).first(length));
            const bool lasted = length >= index + 3;
            REQUIRE(found.has_value() == lasted);
            if (lasted) {
                REQUIRE(found->index == index);
            }
        }
    }
}

TEST_CASE("a curve that is not a number has no transition")
{
    std::vector<double> curve = step_curve(100, 50, 2.0, 13.0);
    curve[20] = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(find_phase_transition(curve).has_value());
    curve[20] = std::numeric_limits<double>::infinity();
    CHECK_FALSE(find_phase_transition(curve).has_value());
}

TEST_CASE("options that ask for nothing of a level still ask for one step")
{
    const PhaseTransitionOptions nothing{.minimum_segment = 0};
    CHECK_FALSE(find_phase_transition(std::vector<double>{}, nothing).has_value());
    CHECK_FALSE(find_phase_transition(std::vector<double>{4.0}, nothing).has_value());
    const auto found = find_phase_transition(std::vector<double>{2.0, 13.0}, nothing);
    REQUIRE(found.has_value());
    CHECK(found->index == 1);
}
