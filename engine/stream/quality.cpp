// SPDX-License-Identifier: MIT
#include "stream/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

namespace duodiff
{
namespace
{

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Errors {
    double squared = nan;
    double absolute = nan;
};

double to_unit(float value)
{
    // std::clamp keeps NaN.
    return std::clamp((static_cast<double>(value) + 1.0) / 2.0, 0.0, 1.0);
}

Errors mean_errors(std::span<const float> a, std::span<const float> b)
{
    if (a.size() != b.size() || a.empty()) {
        throw std::logic_error(
            fmt::format("pictures of {} and {} values cannot be compared", a.size(), b.size()));
    }
    double squared = 0.0;
    double absolute = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = to_unit(a[i]) - to_unit(b[i]);
        squared += difference * difference;
        absolute += std::abs(difference);
    }
    const auto n = static_cast<double>(a.size());
    return {squared / n, absolute / n};
}

PictureDifference difference_of(const Errors& errors)
{
    return {-10.0 * std::log10(errors.squared), errors.absolute};
}

StepDifference summarize(int steps_done, int t, const std::vector<Errors>& images)
{
    StepDifference step{.steps_done = steps_done, .t = t, .images = {}, .all = {nan, nan}};
    Errors sum{0.0, 0.0};
    int compared = 0;
    for (const Errors& errors : images) {
        step.images.push_back(difference_of(errors));
        if (!std::isnan(errors.squared)) {
            sum.squared += errors.squared;
            sum.absolute += errors.absolute;
            ++compared;
        }
    }
    if (compared > 0) {
        step.all = difference_of({sum.squared / compared, sum.absolute / compared});
    }
    return step;
}

std::span<const float> pixels_of(const TrajectoryState& state, PictureKind kind)
{
    return kind == PictureKind::noisy ? state.x : state.predicted;
}

/// An image of a run in the state that holds it.
struct ImageIn {
    StatePointer state;
    std::span<const float> pixels;
};

/// Images of every number of steps done, by index in the run.
std::map<int, std::map<int, ImageIn>> images_by_step(const Trajectory& trajectory, PictureKind kind)
{
    std::map<int, std::map<int, ImageIn>> steps;
    for (int batch = 0; batch < trajectory.batches(); ++batch) {
        for (const int done : trajectory.held(batch)) {
            const StatePointer state = trajectory.state(batch, done);
            const std::span<const float> pixels = state ? pixels_of(*state, kind) : std::span<const float>{};
            if (pixels.empty()) {
                continue;
            }
            const std::size_t size = pixels.size() / static_cast<std::size_t>(state->shape.count);
            for (int i = 0; i < state->shape.count; ++i) {
                steps[done][state->first_image + i] = {
                    state, pixels.subspan(static_cast<std::size_t>(i) * size, size)};
            }
        }
    }
    return steps;
}

bool can_compare(const ImageIn& a, const ImageIn& b)
{
    BatchShape shape = b.state->shape;
    shape.count = a.state->shape.count;
    return shape == a.state->shape && a.state->t == b.state->t;
}

}  // namespace

PictureDifference picture_difference(std::span<const float> a, std::span<const float> b)
{
    return difference_of(mean_errors(a, b));
}

std::vector<StepDifference> compare(const Trajectory& a, const Trajectory& b, PictureKind kind)
{
    const auto of_a = images_by_step(a, kind);
    const auto of_b = images_by_step(b, kind);
    std::vector<StepDifference> steps;
    for (const auto& [done, images] : of_a) {
        const auto others = of_b.find(done);
        if (others == of_b.end()) {
            continue;
        }
        const int last = std::max(images.rbegin()->first, others->second.rbegin()->first);
        std::vector<Errors> errors(static_cast<std::size_t>(last) + 1);
        bool any = false;
        for (const auto& [index, image] : images) {
            const auto other = others->second.find(index);
            if (other != others->second.end() && can_compare(image, other->second)) {
                errors[static_cast<std::size_t>(index)] = mean_errors(image.pixels, other->second.pixels);
                any = true;
            }
        }
        if (any) {
            steps.push_back(summarize(done, images.begin()->second.state->t, errors));
        }
    }
    return steps;
}

StepDifference compare(const std::vector<FinishedImage>& a, const std::vector<FinishedImage>& b)
{
    std::map<int, const FinishedImage*> others;
    for (const FinishedImage& image : b) {
        others[image.index] = &image;
    }
    int last = others.empty() ? -1 : others.rbegin()->first;
    for (const FinishedImage& image : a) {
        last = std::max(last, image.index);
    }
    std::vector<Errors> errors(static_cast<std::size_t>(last + 1));
    for (const FinishedImage& image : a) {
        const auto other = others.find(image.index);
        if (other != others.end()) {
            errors[static_cast<std::size_t>(image.index)] = mean_errors(image.pixels, other->second->pixels);
        }
    }
    return summarize(0, -1, errors);
}

}  // namespace duodiff
