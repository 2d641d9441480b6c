// SPDX-License-Identifier: MIT
#include "evaluate/measured_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

constexpr const char* blocks = "block_share_sum";
constexpr const char* gflops = "gflops_sum";
constexpr const char* rounds = "rounds";

std::string round_key(const char* what, int round)
{
    return fmt::format("round_{}_{}", round, what);
}

}  // namespace

MeasuredPoint::MeasuredPoint(const Common& common, PolicyPoint point, SamplingSettings settings, int part)
    : common_(common),
      point_(point),
      settings_(std::move(settings)),
      part_(part),
      kept_(common.parts.path_of(point_name(point) + ".safetensors"), common.network.dimension(), about())
{
    if (kept_.replaces_other()) {
        common_.parts.count_foreign();
    }
    if (images() > settings_.count) {
        // Images cannot be taken out again.
        std::error_code ignored;
        const std::filesystem::path path = common_.parts.path_of(point_name(point) + ".safetensors");
        std::filesystem::remove(path, ignored);
        kept_ = KeptStatistics(path, common.network.dimension(), about());
    }
}

/// Everything that decides the images of the point but their number, and what their time depends on.
std::map<std::string, std::string> MeasuredPoint::about() const
{
    const MachineInfo& machine = common_.model.machine;
    return {{"features", common_.network.identity()},
            {"point",
             fmt::format("{} batch {} part {} on {} with {} threads", identity_of(common_.model, settings_),
                         settings_.batch, part_, machine.cpu, machine.threads)}};
}

void MeasuredPoint::sample_part(std::int64_t until, const std::function<void(double images)>& progress,
                                const std::stop_token& stop)
{
    const std::int64_t first = images();
    const SamplingSettings settings =
        part_of_run(settings_, common_.model.info, first, std::min<std::int64_t>(part_, until - first));
    WorkSink sink([&](double image_steps) {
        progress(static_cast<double>(first) + image_steps / static_cast<double>(settings.steps));
    });
    const RunOutcome outcome = common_.engine.sample(settings, 0, sink, {.stop = stop});
    if (outcome.record.state != RunState::done) {
        throw_cancelled_with(common_.parts);
    }
    if (settings_.policy == PolicyKind::adadiff) {
        keep_exits(outcome.record, first);
    }
    add_images(kept_.statistics(), common_.network, outcome.images);
    const auto made = static_cast<double>(outcome.images.size());
    const double cost = gflops_per_image(outcome.record);
    kept_.set_number(blocks, kept_.number(blocks) + made * block_share(outcome.record));
    kept_.set_number(gflops, kept_.number(gflops) + (std::isfinite(cost) ? made * cost : 0.0));
    const int round = static_cast<int>(kept_.number(rounds));
    kept_.set_number(round_key("seconds", round), outcome.record.sampling_ms / 1000.0);
    kept_.set_number(round_key("images", round), made);
    kept_.set_number(rounds, round + 1);
    kept_.save();
}

/// Where the images left, for whoever asks for the trend of the same images.
void MeasuredPoint::keep_exits(const RunRecord& record, std::int64_t first) const
{
    const std::string identity = identity_of(common_.model, settings_);
    ExitCounts exits = find_exit_counts(common_.parts, point_.value, identity);
    if (exits.images == first) {
        exits.add(record, common_.model.summary.depth);
        keep_exit_counts(common_.parts, point_.value, identity, exits);
    }
}

/// Of an image, by part. A part of less than half the size says little, unless it is all there is.
std::vector<double> MeasuredPoint::round_seconds() const
{
    std::vector<double> seconds;
    std::vector<double> small;
    for (int round = 0; round < static_cast<int>(kept_.number(rounds)); ++round) {
        const double made = kept_.number(round_key("images", round));
        const double an_image = kept_.number(round_key("seconds", round)) / made;
        (2.0 * made >= part_ ? seconds : small).push_back(an_image);
    }
    if (seconds.empty()) {
        seconds = std::move(small);
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds;
}

FrechetPoint MeasuredPoint::result(const FeatureStatistics& real) const
{
    FrechetPoint point;
    point.at = point_;
    const auto count = static_cast<double>(images());
    const std::vector<double> seconds = round_seconds();
    point.images = images();
    point.rounds = static_cast<int>(seconds.size());
    point.fastest_seconds = seconds.front();
    point.slowest_seconds = seconds.back();
    point.seconds_an_image = 0.5 * (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]);
    point.block_share = kept_.number(blocks) / count;
    point.gflops_an_image = kept_.number(gflops) / count;
    point.distance = frechet_distance(real, kept_.statistics());
    return point;
}

}  // namespace duodiff
