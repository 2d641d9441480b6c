// SPDX-License-Identifier: MIT
#include "stream/time_estimate.h"

#include "stream/step_plan.h"

#include <algorithm>

namespace duodiff
{

namespace
{

constexpr std::size_t window = 25;

void keep_last(std::vector<double>& values, double value)
{
    if (values.size() == window) {
        values.erase(values.begin());
    }
    values.push_back(value);
}

double median(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

void TimeEstimate::begin(const ModelSummary& model, const SamplingSettings& settings)
{
    *this = TimeEstimate();
    model_ = model;
    settings_ = settings;
    const int batch = std::max(1, settings.batch);
    batches_ = (settings.count + batch - 1) / batch;
    step_ms_now_.assign(static_cast<std::size_t>(settings.steps), 0.0);
}

int TimeEstimate::images_in(int batch) const
{
    return std::clamp(settings_.count - batch * settings_.batch, 0, settings_.batch);
}

void TimeEstimate::add(const Frame& frame)
{
    const double images = static_cast<double>(std::max<std::size_t>(1, frame.exit_layers.size()));
    if (frame.batch != batch_) {
        step_ms_ = step_ms_now_;
        batch_ = frame.batch;
    }
    step_ = frame.step;
    ++frames_seen_;
    ms_spent_ += frame.ms;
    keep_last(last_ms_, frame.ms);
    keep_last(image_ms_[frame.network], frame.ms / images);
    if (is_adaptive()) {
        keep_last(full_depth_ms_, full_depth_ms(frame));
        if (expected_ && frame.ms > 0.0 && expected_->ms_of(frame) > 0.0) {
            keep_last(speed_, frame.ms / expected_->ms_of(frame));
        }
    }
    if (frame.step >= 0 && static_cast<std::size_t>(frame.step) < step_ms_now_.size()) {
        step_ms_now_[static_cast<std::size_t>(frame.step)] = frame.ms / images;
    }
}

void TimeEstimate::set_threshold(double threshold)
{
    if (threshold == settings_.threshold) {
        return;
    }
    settings_.threshold = threshold;
    if (is_adaptive()) {
        // Steps that ran with another theta say nothing of those to come.
        step_ms_.clear();
        step_ms_now_.assign(step_ms_now_.size(), 0.0);
        expect(expected_);
    }
}

void TimeEstimate::expect(std::shared_ptr<const ExpectedSteps> expected)
{
    if (expected != expected_) {
        speed_.clear();
    }
    expected_ = std::move(expected);
    expected_ms_ = expected_ ? expected_->ms_of_image(settings_) : std::vector<double>();
}

/// Its time by the share of the arithmetic that it did: more than it would have taken, as what does not
/// depend on the layer is scaled with the rest.
double TimeEstimate::full_depth_ms(const Frame& frame) const
{
    const double depth = gflops_of(model_, NetworkRole::early_exit, model_.depth);
    double done = 0.0;
    double whole = 0.0;
    for (const std::int16_t layer : frame.exit_layers) {
        const double cost = gflops_of(model_, NetworkRole::early_exit, layer);
        const bool known = cost > 0.0 && depth > 0.0;
        done += known ? cost : layer + 1.0;
        whole += known ? depth : model_.depth + 1.0;
    }
    return done > 0.0 ? frame.ms * whole / done / static_cast<double>(frame.exit_layers.size()) : frame.ms;
}

bool TimeEstimate::is_bound() const
{
    if (!is_adaptive() || !expected_ms_.empty()) {
        return false;
    }
    return step_ms_.empty() ||
           std::any_of(step_ms_.begin(), step_ms_.end(), [](double ms) { return ms <= 0.0; });
}

std::optional<double> TimeEstimate::ms_of_step(int step) const
{
    const auto place = static_cast<std::size_t>(step);
    // Steps of DuoDiff change with t_s; its networks are known well enough by themselves.
    const bool known = place < step_ms_.size() && step_ms_[place] > 0.0;
    if (known && settings_.policy != PolicyKind::duodiff) {
        return step_ms_[place];
    }
    if (is_adaptive() && !expected_ms_.empty() && !speed_.empty()) {
        return expected_ms_[place] * median(speed_);
    }
    if (is_adaptive()) {
        return full_depth_ms_.empty() ? std::nullopt : std::optional(median(full_depth_ms_));
    }
    return ms_of_image(network_of_step(settings_, step, model_.has_early_exit));
}

std::optional<double> TimeEstimate::ms_of_image(NetworkRole role) const
{
    const auto own = image_ms_.find(role);
    if (own != image_ms_.end()) {
        return median(own->second);
    }
    const auto other = image_ms_.find(role == NetworkRole::full ? NetworkRole::shallow : NetworkRole::full);
    const double full = model_.full_gflops;
    const double shallow = model_.shallow_gflops;
    if (other == image_ms_.end() || full <= 0.0 || shallow <= 0.0) {
        return std::nullopt;
    }
    return median(other->second) * (role == NetworkRole::full ? full / shallow : shallow / full);
}

std::optional<double> TimeEstimate::seconds_left() const
{
    if (frames_seen_ < std::min(withheld_steps, settings_.steps)) {
        return std::nullopt;
    }
    double ms = 0.0;
    for (int batch = batch_; batch < batches_; ++batch) {
        double of_image = 0.0;
        for (int step = batch == batch_ ? step_ + 1 : 0; step < settings_.steps; ++step) {
            const auto one = ms_of_step(step);
            if (!one) {
                return std::nullopt;
            }
            of_image += *one;
        }
        ms += of_image * images_in(batch);
    }
    return ms / 1000.0;
}

std::optional<double> TimeEstimate::ms_per_step() const
{
    return last_ms_.empty() ? std::nullopt : std::optional(median(last_ms_));
}

std::optional<double> TimeEstimate::images_per_second() const
{
    const auto left = is_bound() ? std::nullopt : seconds_left();
    const double whole = left ? ms_spent_ / 1000.0 + *left : 0.0;
    return whole > 0.0 ? std::optional(settings_.count / whole) : std::nullopt;
}

}  // namespace duodiff
