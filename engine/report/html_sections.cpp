// SPDX-License-Identifier: MIT
#include "report/html_sections.h"

#include "report/html_page.h"
#include "report/html_report.h"
#include "report/plots.h"
#include "report/png_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace duodiff::html
{

namespace
{

std::string_view parametrization_text(const std::optional<Parametrization>& kind)
{
    if (!kind) {
        return "as the model was trained";
    }
    switch (*kind) {
        case Parametrization::predict_noise:
            return "noise";
        case Parametrization::predict_original:
            return "original image";
        case Parametrization::predict_previous:
            return "previous step";
    }
    return "unknown";
}

std::string classes_text(const RunRecord& record)
{
    const std::vector<std::string>& names = record.model.class_names;
    if (record.settings.classes.empty()) {
        return names.empty() ? "" : "every class in turn";
    }
    std::vector<std::string> words;
    for (const std::int64_t label : record.settings.classes) {
        const auto at = static_cast<std::size_t>(label);
        words.push_back(label >= 0 && at < names.size() ? names[at] : fmt::format("{}", label));
    }
    return joined_text(words);
}

std::string settings_section(const RunRecord& record)
{
    const SamplingSettings& settings = record.settings;
    const std::string precision =
        settings.precision == Precision::automatic && !record.machine.precision.empty()
            ? "automatic: " + record.machine.precision
            : std::string(to_string(settings.precision));
    return facts({
        {"Policy", policy_label(settings)},
        {"Moved during the run", moved_parameters_text(record)},
        {"Sampler", fmt::format("{}, {} steps", display_name(settings.solver), settings.steps)},
        {"\u03b7", settings.solver == SolverKind::ddim ? fmt::format("{:g}", settings.eta) : ""},
        {"Network predicts", std::string(parametrization_text(settings.parametrization))},
        {"Images", fmt::format("{}, at most {} at once", settings.count, settings.batch)},
        {"Seed", fmt::format("{}", settings.seed)},
        {"Classes", classes_text(record)},
        {"Precision", precision},
        {"Compatibility", settings.compat == Compat::reference ? "the reference's noise and quirks" : ""},
        {"Started", date_text(record.started_at)},
        {"Ended", std::string(to_string(record.state))},
    });
}

std::string machine_section(const MachineInfo& machine)
{
    constexpr double gibibyte = 1024.0 * 1024.0 * 1024.0;
    return facts({
        {"Processor", machine.cpu},
        {"Cores, threads",
         machine.cores > 0 ? fmt::format("{}, {} used", machine.cores, machine.threads) : std::string()},
        {"Memory", machine.memory_bytes > 0
                       ? fmt::format("{:.1f} GiB", static_cast<double>(machine.memory_bytes) / gibibyte)
                       : std::string()},
        {"Device", machine.device},
        {"Precision", machine.precision},
        {"Attention", machine.attention},
        {"System", machine.os},
        {"LibTorch", machine.libtorch},
        {"Program", machine.program},
    });
}

std::string model_section(const ModelSummary& model)
{
    std::vector<std::pair<std::string, std::string>> rows = {
        {"Name", model.name},
        {"Path", model.path},
        {"Path of the full one", model.late_path},
        {"Configuration", model.config_path},
        {"Configuration, full one", model.late_config_path},
        {"Images", model.image_size > 0 ? fmt::format("{0} \u00d7 {0}, {1} channel{2}", model.image_size,
                                                      model.channels, model.channels == 1 ? "" : "s")
                                        : std::string()},
        {"Blocks", model.shallow_depth > 0
                       ? fmt::format("{}, shallow network {}", model.depth, model.shallow_depth)
                       : fmt::format("{}", model.depth)},
        {"GFLOPs a step", model.full_gflops > 0.0 ? gflops_text(model.full_gflops) : std::string()},
        {"of the shallow one",
         model.shallow_gflops > 0.0 ? gflops_text(model.shallow_gflops) : std::string()},
    };
    for (const auto& [part, digest] : model.sha256) {
        rows.emplace_back("SHA-256, " + part, digest);
    }
    return facts(rows);
}

std::string figure(std::string_view value, std::string_view meaning)
{
    return fmt::format("<div><b>{}</b><span>{}</span></div>\n", escape_markup(value), escape_markup(meaning));
}

std::string figures(const Subject& subject)
{
    const ReportNumbers& numbers = subject.numbers;
    std::string text = "<div class=\"figures\">\n";
    if (std::isfinite(numbers.ms_per_image)) {
        text += figure(duration_text(numbers.ms_per_image), "an image");
    }
    if (numbers.speed_up) {
        const bool faster = numbers.speed_up->factor >= 1.0;
        text += figure(factor_text(faster ? numbers.speed_up->factor : 1.0 / numbers.speed_up->factor),
                       fmt::format("{} than full, {}", faster ? "faster" : "slower",
                                   numbers.speed_up->measured ? "measured" : "estimated"));
    }
    if (numbers.blocks_full > 0) {
        text += figure(share_text(numbers.block_share), "of the blocks ran");
        text +=
            figure(layer_text(numbers.mean_exit_layer), fmt::format("mean exit layer, of {}", numbers.depth));
    }
    if (std::isfinite(numbers.gflops_per_image) && numbers.image_steps > 0) {
        text +=
            figure(gflops_text(numbers.gflops_per_image),
                   std::isfinite(numbers.full_gflops_per_image)
                       ? fmt::format("GFLOPs an image; full {}", gflops_text(numbers.full_gflops_per_image))
                       : "GFLOPs an image");
    }
    return text + "</div>\n";
}

std::string_view ledger_colour(std::string_view name)
{
    static const std::map<std::string_view, std::string_view> colours = {
        {"embed", "#8ab4f8"},      {"blocks", "#1f6feb"},    {"probes", "#f29d49"}, {"heads", "#f6c98f"},
        {"compaction", "#b57edc"}, {"solver", "#3fa77a"},    {"noise", "#9bd3b8"},  {"previews", "#e07a8b"},
        {"decoding", "#5fb7c9"},   {"transfers", "#c9a227"}, {"other", "#c4cad4"}};
    const auto found = colours.find(name);
    return found != colours.end() ? found->second : "#c4cad4";
}

std::string ledger_section(const ReportNumbers& numbers)
{
    std::vector<Segment> segments;
    std::string rows;
    for (const LedgerNumbers& part : numbers.ledger) {
        if (part.ms == 0.0) {
            continue;
        }
        const std::string colour(ledger_colour(part.name));
        segments.push_back({part.label + ", " + share_text(part.share), colour, part.share});
        rows += fmt::format(
            "<tr><td><i class=\"swatch\" style=\"background:{}\"></i>{}</td><td class=\"n\">{}</td>"
            "<td class=\"n\">{}</td></tr>\n",
            colour, escape_markup(part.label), duration_text(part.ms), share_text(part.share));
    }
    return fmt::format(
        "{}<table style=\"margin-top:14px\"><thead><tr><th scope=\"col\">Part</th><th class=\"n\" "
        "scope=\"col\">Time</th>"
        "<th class=\"n\" scope=\"col\">Share</th></tr></thead><tbody>\n{}"
        "<tr class=\"sum\"><td>Whole run</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr></tbody></table>\n",
        stacked_bar(segments), rows, duration_text(numbers.ledger_wall_ms),
        numbers.ledger_wall_ms > 0.0 ? share_text(1.0) : "");
}

std::string network_table(const NetworkNumbers& network)
{
    std::string rows;
    for (const LayerNumbers& layer : network.layers) {
        if (layer.layer == 0 && layer.leaving == 0) {
            continue;
        }
        rows += fmt::format(
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td>{}<td class=\"n\">{}</td>"
            "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            layer.layer, count_text(layer.executions), bar_cell(share_text(layer.share), layer.share),
            count_text(layer.leaving), share_text(layer.leaving_share), duration_text(layer.ms));
    }
    return fmt::format(
        "<h3>{} <small>{} steps, {} image steps, mean exit layer {}, {} in all</small></h3>\n"
        "<table><thead><tr><th class=\"n\" scope=\"col\">Layer</th><th class=\"n\" "
        "scope=\"col\">Executions</th>"
        "<th class=\"n\" scope=\"col\">Share</th><th></th><th class=\"n\" scope=\"col\">Images leaving</th>"
        "<th class=\"n\" scope=\"col\">Share</th><th class=\"n\" scope=\"col\">Block time</th></tr></thead>"
        "<tbody>\n{}</tbody></table>\n",
        network_label(network.role), network.steps, count_text(network.image_steps),
        layer_text(network.mean_exit_layer), duration_text(network.ms), rows);
}

std::string networks_section(const ReportNumbers& numbers)
{
    std::string text;
    for (const NetworkNumbers& network : numbers.networks) {
        text += network_table(network);
    }
    return text +
           "<p class=\"note\">Executions: how often the block of that layer ran, over all images and steps. "
           "Images "
           "leaving: images and steps that ended after it. Block time: the measured time of all blocks, "
           "shared "
           "out by executions.</p>\n";
}

std::string grid_section(const Subject& subject)
{
    constexpr int widest = 920;
    constexpr int most_zoom = 4;
    const std::vector<std::uint8_t> png = encode_png(*subject.grid);
    const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
    const int zoom = std::clamp(widest / std::max(subject.grid->width, 1), 1, most_zoom);
    const std::string note = subject.record.unfinished.empty()
                                 ? std::string()
                                 : fmt::format("<p class=\"note\">{} in dashed frames are unfinished.</p>\n",
                                               subject.record.unfinished.size());
    return fmt::format(
        "<img class=\"grid\" alt=\"The images of the run\" width=\"{}\" "
        "src=\"data:image/png;base64,{}\">\n{}",
        subject.grid->width * zoom, base64(bytes), note);
}

std::string transition_text(const ReportNumbers& numbers)
{
    if (!numbers.phase_transition) {
        return "The mean exit layer has no phase transition: no single jump explains its course.";
    }
    const PhaseTransitionNumbers& found = *numbers.phase_transition;
    return fmt::format(
        "Phase transition at t = {} (step {}): the mean exit layer is {} before it and {} from it on, which "
        "explains {} of the variance of the curve.",
        found.t, found.step, layer_text(found.at.level_before), layer_text(found.at.level_after),
        share_text(found.at.explained));
}

std::string plot_section(const Subject& subject)
{
    return fmt::format("<div class=\"plot\">\n{}</div>\n<p class=\"note\">{}</p>\n",
                       exit_plot_svg(subject.record), transition_text(subject.numbers));
}

std::string baseline_row(std::string_view name, double ms, double slowest, std::string_view speed_up,
                         std::string_view blocks, std::string_view gflops)
{
    return fmt::format(
        "<tr><td class=\"name\">{}</td>{}<td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr>\n",
        escape_markup(name), bar_cell(duration_text(ms), slowest > 0.0 ? ms / slowest : 0.0), speed_up,
        blocks, gflops);
}

/// The run beside the full network, where that was measured on this machine; else what is missing.
std::string baseline_section(const Subject& subject)
{
    const ReportNumbers& numbers = subject.numbers;
    const std::optional<BaselineRecord>& baseline = subject.record.baseline;
    if (!baseline || !numbers.speed_up || !numbers.speed_up->measured) {
        const std::string estimate = speed_up_text(numbers);
        return fmt::format(
            "<p>The full network was not measured on this machine with these settings, so there is no "
            "measured speed-up.{}</p>\n",
            estimate.empty() ? std::string() : escape_markup(" This run was " + estimate + "."));
    }
    const double slowest = std::max(baseline->ms_per_image, numbers.ms_per_image);
    return "<table><thead><tr><th scope=\"col\">Run</th><th class=\"n\" scope=\"col\">An image</th><th></th>"
           "<th class=\"n\" scope=\"col\">Speed-up</th><th class=\"n\" scope=\"col\">Blocks run</th>"
           "<th class=\"n\" scope=\"col\">GFLOPs an image</th></tr></thead><tbody>\n" +
           baseline_row("Baseline: " + baseline->what, baseline->ms_per_image, slowest, "\u2013",
                        share_text(1.0), gflops_text(numbers.full_gflops_per_image)) +
           baseline_row("This run: " + policy_label(subject.record.settings), numbers.ms_per_image, slowest,
                        factor_text(numbers.speed_up->factor), share_text(numbers.block_share),
                        gflops_text(numbers.gflops_per_image)) +
           "</tbody></table>\n<p class=\"note\">Both measured on this machine. Speed-up: time of an image of "
           "the baseline over that of this run; below 1 the run is slower.</p>\n";
}

}  // namespace

std::string section(std::string_view title, const std::string& content, std::string_view kind)
{
    return fmt::format("<section{}>\n<h2>{}</h2>\n{}</section>\n",
                       kind.empty() ? "" : fmt::format(" class=\"{}\"", kind), escape_markup(title), content);
}

/// "2026-11-21 12:30:00 UTC" of an ISO 8601 time in UTC; other texts as they are.
std::string date_text(std::string iso)
{
    if (iso.size() == 20 && iso[10] == 'T' && iso.back() == 'Z') {
        iso[10] = ' ';
        iso.replace(19, 1, " UTC");
    }
    return iso;
}

std::string run_body(const Subject& subject)
{
    const RunRecord& record = subject.record;
    const bool ran = subject.numbers.image_steps > 0;
    std::string text =
        fmt::format("<p class=\"result\">{}</p>\n{}", escape_markup(result_sentence(record, subject.numbers)),
                    ran ? figures(subject) : "");
    if (ran) {
        text += section("Exit layer", plot_section(subject));
        text += section("Where the time went", ledger_section(subject.numbers));
        if (record.baseline || record.settings.policy != PolicyKind::full) {
            text += section("Compared with the full network", baseline_section(subject));
        }
        text += section("Networks and layers", networks_section(subject.numbers), "long");
    }
    text += "<div class=\"two\">\n" + section("Settings", settings_section(record)) +
            section("Machine", machine_section(record.machine)) + "</div>\n";
    text += section("Model", model_section(record.model));
    if (subject.grid != nullptr) {
        text += section("Images", grid_section(subject));
    }
    return text;
}

}  // namespace duodiff::html
