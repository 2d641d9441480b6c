// SPDX-License-Identifier: GPL-3.0-or-later
#include "sample_summary.h"

#include "report/plots.h"
#include "report/report_numbers.h"
#include "report/run_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace duodiff::cli
{
namespace
{

void print_row(std::ostream& out, std::string_view label, const std::string& text)
{
    out << fmt::format("{:<11} {}\n", label, text);
}

std::string images_text(int finished, int asked)
{
    const std::string count =
        finished == asked ? std::to_string(asked) : fmt::format("{} of {}", finished, asked);
    return fmt::format("{} {}", count, asked == 1 ? "image" : "images");
}

std::string transition_text(const ReportNumbers& numbers)
{
    if (!numbers.phase_transition) {
        return "none found";
    }
    const PhaseTransitionNumbers& transition = *numbers.phase_transition;
    return fmt::format("at t = {} (step {}): mean exit layer {} -> {}", transition.t, transition.step,
                       layer_text(transition.at.level_before), layer_text(transition.at.level_after));
}

}  // namespace

void print_sample(const Context& context, const SampleResult& result, bool plot)
{
    const ReportNumbers numbers = report_numbers(result.record);
    const MachineInfo& machine = result.record.machine;
    std::ostream& out = context.out;
    print_row(out, "images",
              fmt::format("{} in {}", images_text(numbers.images_finished, numbers.images_asked),
                          result.folder.string()));
    if (numbers.images_finished > 0) {
        print_row(out, "grid", (result.folder / "grid.png").string());
    }
    print_row(out, "report", (result.folder / "report.html").string());
    if (!result.tensors.empty()) {
        print_row(out, "tensors", result.tensors.string());
    }
    print_row(out, "policy",
              fmt::format("{}; {}, {} steps", policy_label(result.record.settings),
                          display_name(result.record.settings.solver), result.record.settings.steps));
    print_row(out, "time",
              std::isfinite(numbers.ms_per_image)
                  ? fmt::format("{}, {} an image", duration_text(numbers.sampling_ms),
                                duration_text(numbers.ms_per_image))
                  : duration_text(numbers.sampling_ms));
    if (numbers.image_steps > 0) {
        print_row(out, "blocks",
                  fmt::format("{} of the full network's skipped", share_text(1.0 - numbers.block_share)));
        print_row(out, "exit layer",
                  fmt::format("mean {} of {}", layer_text(numbers.mean_exit_layer), numbers.depth));
        print_row(out, "transition", transition_text(numbers));
    }
    print_row(out, "device", fmt::format("{}, {}", machine.device, machine.precision));
    if (plot && numbers.steps_run > 0) {
        const int width = std::clamp(context.hooks.terminal.width - 1, 24, 100);
        out << '\n' << exit_plot_text(result.record, {.width = width, .height = 14});
    }
}

nlohmann::json sample_json(const SampleResult& result)
{
    const RunRecord& record = result.record;
    const ReportNumbers numbers = report_numbers(record);
    nlohmann::json json = {
        {"state", to_string(record.state)},
        {"out", result.folder.string()},
        {"run", (result.folder / "run.json").string()},
        {"images_asked", numbers.images_asked},
        {"images_finished", numbers.images_finished},
        {"images", nlohmann::json::array()},
        {"sampling_ms", numbers.sampling_ms},
        {"ms_per_image", numbers.ms_per_image},
        {"blocks_run", numbers.blocks_run},
        {"blocks_full", numbers.blocks_full},
        {"blocks_skipped", 1.0 - numbers.block_share},
        {"mean_exit_layer", numbers.mean_exit_layer},
        {"gflops_per_image", numbers.gflops_per_image},
        {"phase_transition", nullptr},
        {"device", record.machine.device},
        {"precision", record.machine.precision},
        {"model",
         {{"name", record.model.name}, {"path", record.model.path}, {"sha256", record.model.sha256}}},
        {"settings", nlohmann::json::parse(settings_to_json(record.settings))},
    };
    for (const ImageRecord& image : record.images) {
        json["images"].push_back(
            {{"file", (result.folder / image.file).string()},
             {"seed", image.seed},
             {"label", image.label < 0 ? nlohmann::json() : nlohmann::json(image.label)}});
    }
    if (const auto& transition = numbers.phase_transition) {
        json["phase_transition"] = {{"step", transition->step},
                                    {"t", transition->t},
                                    {"level_before", transition->at.level_before},
                                    {"level_after", transition->at.level_after}};
    }
    if (!result.tensors.empty()) {
        json["tensors"] = result.tensors.string();
    }
    return json;
}

}  // namespace duodiff::cli
