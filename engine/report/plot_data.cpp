// SPDX-License-Identifier: MIT
#include "report/plots.h"

#include "stream/phase_transition.h"

#include <algorithm>
#include <cmath>

namespace duodiff
{

namespace
{

constexpr int most_layers = 4096;

int depth_of_plot(const RunRecord& record)
{
    int depth = std::max(record.model.depth, 1);
    for (const StepRecord& step : record.steps) {
        for (const std::int16_t layer : step.exit_layers) {
            depth = std::max<int>(depth, layer);
        }
    }
    return std::min(depth, most_layers);
}

ExitPlotData::Column column_of(const RunRecord& record, std::size_t begin, std::size_t end, int depth)
{
    std::vector<double> leaving(static_cast<std::size_t>(depth) + 1, 0.0);
    double count = 0.0;
    for (std::size_t i = begin; i < end; ++i) {
        for (const std::int16_t layer : record.steps[i].exit_layers) {
            if (layer >= 0) {
                leaving[static_cast<std::size_t>(std::min<int>(layer, depth))] += 1.0;
                count += 1.0;
            }
        }
    }
    ExitPlotData::Column column;
    column.shares.assign(leaving.size(), 0.0);
    if (count == 0.0) {
        return column;
    }
    for (std::size_t layer = 0; layer < leaving.size(); ++layer) {
        column.shares[layer] = leaving[layer] / count;
        column.mean += static_cast<double>(layer) * column.shares[layer];
    }
    double variance = 0.0;
    for (std::size_t layer = 0; layer < leaving.size(); ++layer) {
        const double off = static_cast<double>(layer) - column.mean;
        variance += off * off * column.shares[layer];
    }
    column.deviation = std::sqrt(variance);
    return column;
}

std::optional<std::size_t> switch_of(const RunRecord& record)
{
    for (std::size_t i = 0; i < record.steps.size(); ++i) {
        if (record.steps[i].mixed() || record.steps[i].network != record.steps.front().network) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace

ExitPlotData exit_plot_data(const RunRecord& record, std::size_t most_columns)
{
    ExitPlotData data;
    const std::size_t ran = record.steps.size();
    const std::size_t wanted = static_cast<std::size_t>(std::max(record.settings.steps, 1));
    data.extent = record.state == RunState::done && ran > 0 ? ran : std::max(wanted, ran);
    data.depth = depth_of_plot(record);
    most_columns = std::max<std::size_t>(most_columns, 1);
    data.steps_a_column = (data.extent + most_columns - 1) / most_columns;
    for (const StepRecord& step : record.steps) {
        data.timesteps.push_back(step.t);
    }
    for (std::size_t begin = 0; begin < ran; begin += data.steps_a_column) {
        data.columns.push_back(
            column_of(record, begin, std::min(begin + data.steps_a_column, ran), data.depth));
    }
    data.switch_index = switch_of(record);
    if (const auto found = find_phase_transition(mean_exit_layers(record))) {
        data.transition_index = found->index;
    }
    return data;
}

double axis_position(const ExitPlotData& data, double t)
{
    const double extent = static_cast<double>(data.extent);
    if (data.timesteps.empty()) {
        return extent * (1.0 - std::clamp(t / 1000.0, 0.0, 1.0));
    }
    double left_t = data.timesteps.front() + 1.0;
    double left = 0.0;
    if (t >= left_t) {
        return 0.0;
    }
    for (std::size_t i = 1; i < data.timesteps.size(); ++i) {
        const double edge_t = data.timesteps[i] + 1.0;
        const double edge = static_cast<double>(i);
        if (t >= edge_t && left_t > edge_t) {
            return left + (left_t - t) / (left_t - edge_t);
        }
        left_t = edge_t;
        left = edge;
    }
    // From the last step that ran straight to t = 0 at the end of the axis.
    return left_t > 0.0 ? std::min(left + (left_t - t) / left_t * (extent - left), extent) : extent;
}

std::vector<int> axis_ticks(int largest, int most)
{
    int apart = 1;
    for (int power = 1; largest / apart + 1 > std::max(most, 2); power *= 10) {
        for (const int factor : {1, 2, 5}) {
            apart = factor * power;
            if (largest / apart + 1 <= std::max(most, 2)) {
                break;
            }
        }
    }
    std::vector<int> ticks;
    for (int tick = 0; tick <= largest; tick += apart) {
        ticks.push_back(tick);
    }
    return ticks;
}

std::array<std::uint8_t, 3> share_colour(double share)
{
    // Fit of degree 6 to viridis (Zucker, "A set of colormap approximations", CC0), highest power first.
    constexpr std::array<std::array<double, 7>, 3> coefficients = {{
        {-5.435455855934631, 4.776384997670288, 6.228269936347081, -4.634230498983486, -0.3308618287255563,
         0.1050930431085774, 0.2777273272234177},
        {4.645852612178535, -13.74514537774601, 14.17993336680509, -5.799100973351585, 0.214847559468213,
         1.404613529898575, 0.005407344544966578},
        {26.3124352495832, -65.35303263337234, 56.69055260068105, -19.33244095627987, 0.09509516302823659,
         1.384590162594685, 0.3340998053353061},
    }};
    const double at = std::clamp(std::isfinite(share) ? share : 0.0, 0.0, 1.0);
    std::array<std::uint8_t, 3> colour = {};
    for (std::size_t c = 0; c < colour.size(); ++c) {
        double value = 0.0;
        for (const double coefficient : coefficients[c]) {
            value = value * at + coefficient;
        }
        colour[c] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255.0));
    }
    return colour;
}

}  // namespace duodiff
