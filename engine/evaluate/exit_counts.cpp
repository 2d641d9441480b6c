// SPDX-License-Identifier: MIT
#include "evaluate/exit_counts.h"

#include "base/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>

namespace duodiff
{
namespace
{

std::int64_t total(const std::vector<std::int64_t>& left)
{
    return std::accumulate(left.begin(), left.end(), std::int64_t{0});
}

bool fits(const ExitCounts& counts)
{
    if (counts.images < 0 || counts.left.size() != counts.timesteps.size()) {
        return false;
    }
    for (const auto& step : counts.left) {
        if (total(step) != counts.images || step.size() != counts.left.front().size()) {
            return false;
        }
    }
    return true;
}

}  // namespace

void ExitCounts::add(const RunRecord& record, int depth)
{
    if (left.empty()) {
        for (const StepRecord& step : record.steps) {
            timesteps.push_back(step.t);
            left.emplace_back(static_cast<std::size_t>(depth) + 1, 0);
        }
    }
    if (record.steps.size() != left.size()) {
        throw EngineError(ErrorCode::failed, fmt::format("a run of {} steps among runs of {}",
                                                         record.steps.size(), left.size()));
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
        for (const std::int16_t layer : record.steps[i].exit_layers) {
            ++left[i].at(static_cast<std::size_t>(layer));
        }
    }
    images += record.steps.empty() ? 0 : static_cast<std::int64_t>(record.steps.front().exit_layers.size());
}

double mean_layer(const std::vector<std::int64_t>& left)
{
    double sum = 0.0;
    for (std::size_t layer = 0; layer < left.size(); ++layer) {
        sum += static_cast<double>(layer) * static_cast<double>(left[layer]);
    }
    return sum / static_cast<double>(total(left));
}

double layer_deviation(const std::vector<std::int64_t>& left)
{
    const double mean = mean_layer(left);
    double squares = 0.0;
    for (std::size_t layer = 0; layer < left.size(); ++layer) {
        const double off = static_cast<double>(layer) - mean;
        squares += off * off * static_cast<double>(left[layer]);
    }
    return std::sqrt(squares / static_cast<double>(total(left)));
}

std::vector<double> mean_layers(const ExitCounts& counts)
{
    std::vector<double> means;
    for (const auto& step : counts.left) {
        means.push_back(mean_layer(step));
    }
    return means;
}

double block_share(const ExitCounts& counts)
{
    double sum = 0.0;
    for (const auto& step : counts.left) {
        sum += mean_layer(step) / static_cast<double>(step.size() - 1);
    }
    return sum / static_cast<double>(counts.left.size());
}

double gflops_per_image(const ExitCounts& counts, const ModelSummary& model)
{
    double sum = 0.0;
    for (const auto& step : counts.left) {
        for (std::size_t layer = 0; layer < step.size(); ++layer) {
            if (step[layer] > 0) {
                sum += static_cast<double>(step[layer]) *
                       gflops_of(model, NetworkRole::early_exit, static_cast<int>(layer));
            }
        }
    }
    return sum / static_cast<double>(counts.images);
}

std::string exit_part_name(double threshold)
{
    return fmt::format("exits-{}", threshold);
}

ExitCounts find_exit_counts(Parts& parts, double threshold, const std::string& identity)
{
    const auto bytes = parts.find(exit_part_name(threshold), identity);
    if (!bytes) {
        return {};
    }
    try {
        const auto json = nlohmann::json::parse(*bytes);
        ExitCounts counts;
        counts.images = json.at("images").get<std::int64_t>();
        counts.timesteps = json.at("timesteps").get<std::vector<int>>();
        counts.left = json.at("left").get<std::vector<std::vector<std::int64_t>>>();
        return fits(counts) ? counts : ExitCounts{};
    } catch (const nlohmann::json::exception&) {
        return {};
    }
}

void keep_exit_counts(const Parts& parts, double threshold, const std::string& identity,
                      const ExitCounts& counts)
{
    const nlohmann::json json = {
        {"images", counts.images}, {"timesteps", counts.timesteps}, {"left", counts.left}};
    parts.keep(exit_part_name(threshold), identity, json.dump());
}

}  // namespace duodiff
