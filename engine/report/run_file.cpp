// SPDX-License-Identifier: MIT
#include "report/run_file.h"

#include "report/atomic_file.h"
#include "report/json_codec.h"
#include "report/report_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace duodiff
{

using json_codec::Json;
using json_codec::number;
using json_codec::Place;

namespace
{

constexpr std::string_view format_name = "duodiff run";
constexpr int format_version = 1;
constexpr std::uint64_t largest_file = 1ULL << 30;
constexpr int most_probes = json_codec::most_layers;

std::string_view network_name(const StepRecord& step)
{
    return step.mixed() ? "mixed" : to_string(step.network);
}

Json encode_step(const StepRecord& step, int probes, const RunFileOptions& options)
{
    Json json;
    json["step"] = step.step;
    json["t"] = step.t;
    json["network"] = network_name(step);
    if (step.mixed()) {
        json["networks"] = Json::array();
        for (const NetworkRole role : step.networks) {
            json["networks"].push_back(to_string(role));
        }
    }
    json["ms"] = number(step.ms);
    json["parameters"] = Json::array();
    for (const double parameter : step.parameters) {
        json["parameters"].push_back(number(parameter));
    }
    json["exit_layers"] = step.exit_layers;
    json["uncertainty"] = Json::array();
    for (const float mean : mean_uncertainties(step, probes)) {
        json["uncertainty"].push_back(number(mean));
    }
    if (options.uncertainty_rows && !step.uncertainty.empty()) {
        const std::size_t images = step.exit_layers.size();
        Json rows = Json::array();
        for (std::size_t begin = 0; begin + images <= step.uncertainty.size(); begin += images) {
            Json row = Json::array();
            for (std::size_t image = 0; image < images; ++image) {
                row.push_back(number(step.uncertainty[begin + image]));
            }
            rows.push_back(std::move(row));
        }
        json["uncertainty_rows"] = std::move(rows);
    }
    return json;
}

std::vector<float> decode_floats(const Place& place, std::size_t expected)
{
    std::vector<float> values(place.size(expected));
    if (!values.empty() && values.size() != expected) {
        place.fail(fmt::format("{} entries, expected {}", values.size(), expected));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(place.at(i).number_or_nan());
    }
    return values;
}

std::vector<float> decode_rows(const Place& place, std::size_t probes, std::size_t images)
{
    std::vector<float> rows;
    if (place.size(probes) != probes) {
        place.fail(fmt::format("expected {} rows, one a probe", probes));
    }
    for (std::size_t probe = 0; probe < probes; ++probe) {
        const std::vector<float> row = decode_floats(place.at(probe), images);
        if (row.size() != images) {
            place.at(probe).fail(fmt::format("{} entries, expected {}", row.size(), images));
        }
        rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
}

void decode_networks(const Place& place, StepRecord& step)
{
    const Place network = place["network"];
    if (network.text() != "mixed") {
        step.network = network.name<NetworkRole>();
        return;
    }
    const Place networks = place["networks"];
    const std::size_t images = step.exit_layers.size();
    if (networks.size(images) != images || images == 0) {
        networks.fail(fmt::format("expected {} entries, one an image", images));
    }
    for (std::size_t image = 0; image < images; ++image) {
        step.networks.push_back(networks.at(image).name<NetworkRole>());
    }
    const auto reached = std::find_if(step.exit_layers.begin(), step.exit_layers.end(),
                                      [](std::int16_t layer) { return layer >= 0; });
    const std::size_t first =
        reached == step.exit_layers.end() ? 0 : static_cast<std::size_t>(reached - step.exit_layers.begin());
    step.network = step.networks[first];
}

StepRecord decode_step(const Place& place, const RunRecord& record)
{
    const std::size_t images = static_cast<std::size_t>(record.settings.count);
    const std::size_t probes = static_cast<std::size_t>(record.probes);
    const int depth = record.model.depth > 0 ? std::max(record.model.depth, record.model.shallow_depth)
                                             : json_codec::most_layers;
    StepRecord step;
    step.step = place["step"].small(0, record.settings.steps - 1);
    step.t = place["t"].small(0, json_codec::last_timestep);
    step.ms = place["ms"].number_or_nan();
    const Place parameters = place["parameters"];
    for (std::size_t i = 0, n = parameters.size(images); i < n; ++i) {
        step.parameters.push_back(parameters.at(i).number_or_nan());
    }
    const Place exit_layers = place["exit_layers"];
    if (exit_layers.size(images) != images) {
        exit_layers.fail(fmt::format("expected {} entries, one an image", images));
    }
    for (const std::int64_t layer : exit_layers.integers(images, -1, depth)) {
        step.exit_layers.push_back(static_cast<std::int16_t>(layer));
    }
    decode_networks(place, step);
    const std::vector<float> means = decode_floats(place["uncertainty"], probes);
    if (place.has("uncertainty_rows")) {
        step.uncertainty = decode_rows(place["uncertainty_rows"], probes, images);
    } else {
        step.mean_uncertainty = means;
    }
    return step;
}

Json encode_ledger(const Ledger& ledger)
{
    Json json;
    for (const auto& [name, ms] : ledger.parts()) {
        json[name] = number(ms);
    }
    json["other"] = number(ledger.other());
    json["wall"] = number(ledger.wall);
    return json;
}

Ledger decode_ledger(const Place& place)
{
    Ledger ledger;
    ledger.embed = place["embed"].number_or_nan();
    ledger.blocks = place["blocks"].number_or_nan();
    ledger.probes = place["probes"].number_or_nan();
    ledger.heads = place["heads"].number_or_nan();
    ledger.compaction = place["compaction"].number_or_nan();
    ledger.solver = place["solver"].number_or_nan();
    ledger.noise = place["noise"].number_or_nan();
    ledger.previews = place["previews"].number_or_nan();
    ledger.decoding = place["decoding"].number_or_nan();
    ledger.transfers = place["transfers"].number_or_nan();
    ledger.wall = place["wall"].number_or_nan();
    return ledger;
}

Json encode_image(const ImageRecord& image)
{
    Json json{{"index", image.index}, {"seed", image.seed}, {"label", image.label}, {"file", image.file}};
    if (image.steps_done > 0) {
        json["steps_done"] = image.steps_done;
    }
    return json;
}

std::vector<std::string> image_lines(const std::vector<ImageRecord>& images)
{
    std::vector<std::string> lines;
    for (const ImageRecord& image : images) {
        lines.push_back(json_codec::dump(encode_image(image)));
    }
    return lines;
}

ImageRecord decode_image(const Place& place, int count)
{
    ImageRecord image;
    image.index = place["index"].small(0, count - 1);
    image.seed = place["seed"].natural();
    image.label = place["label"].integer(-1, std::numeric_limits<std::int64_t>::max());
    image.file = place["file"].text();
    return image;
}

std::vector<ImageRecord> decode_images(const Place& places, int count)
{
    std::vector<ImageRecord> images;
    for (std::size_t i = 0, n = places.size(static_cast<std::size_t>(count)); i < n; ++i) {
        images.push_back(decode_image(places.at(i), count));
    }
    return images;
}

Json encode_branch(const BranchRecord& branch)
{
    return Json{{"step", branch.step}, {"taken_over_ms", number(branch.taken_over_ms)}};
}

/// What only branches and probe runs have.
void decode_branch(const Place& document, RunRecord& record)
{
    const int steps = record.settings.steps;
    if (document.has("branch")) {
        const Place branch = document["branch"];
        record.branch = BranchRecord{branch["step"].small(0, steps), branch["taken_over_ms"].number_or_nan()};
    }
    if (document.has("earlier_classes")) {
        record.earlier_classes = json_codec::decode_earlier_classes(document["earlier_classes"], steps);
    }
    record.all_uncertainties = document.has("all_uncertainties") && document["all_uncertainties"].flag();
}

Json encode_baseline(const std::optional<BaselineRecord>& baseline)
{
    return baseline ? Json{{"ms_per_image", number(baseline->ms_per_image)}, {"what", baseline->what}}
                    : Json(nullptr);
}

Json encode_transition(const ReportNumbers& numbers)
{
    if (!numbers.phase_transition) {
        return nullptr;
    }
    const PhaseTransitionNumbers& found = *numbers.phase_transition;
    return Json{{"step", found.step},
                {"t", found.t},
                {"level_before", number(found.at.level_before)},
                {"level_after", number(found.at.level_after)},
                {"explained", number(found.at.explained)}};
}

Json encode_summary(const ReportNumbers& numbers)
{
    Json json;
    json["images_finished"] = numbers.images_finished;
    json["ms_per_image"] = number(numbers.ms_per_image);
    json["mean_exit_layer"] = number(numbers.mean_exit_layer);
    json["blocks_run"] = numbers.blocks_run;
    json["block_share"] = number(numbers.block_share);
    json["gflops_per_image"] = number(numbers.gflops_per_image);
    json["speed_up"] = nullptr;
    if (numbers.speed_up) {
        json["speed_up"] = Json{{"factor", number(numbers.speed_up->factor)},
                                {"measured", numbers.speed_up->measured},
                                {"against", numbers.speed_up->against}};
    }
    return json;
}

/// One element a line: a run of 1000 steps stays readable and can be compared line by line.
std::string lines_of(const std::vector<std::string>& elements)
{
    return elements.empty() ? "[]" : fmt::format("[\n{}\n]", fmt::join(elements, ",\n"));
}

}  // namespace

std::string run_to_json(const RunRecord& record, const RunFileOptions& options)
{
    const ReportNumbers numbers = report_numbers(record);
    Json head;
    head["format"] = json_codec::encode_format(format_name, format_version);
    head["state"] = to_string(record.state);
    head["started_at"] = record.started_at;
    head["settings"] = json_codec::encode(record.settings);
    head["machine"] = json_codec::encode(record.machine);
    head["model"] = json_codec::encode(record.model);
    head["sampling_ms"] = number(record.sampling_ms);
    head["ledger"] = encode_ledger(record.ledger);
    head["baseline"] = encode_baseline(record.baseline);
    head["phase_transition"] = encode_transition(numbers);
    head["summary"] = encode_summary(numbers);
    head["probes"] = record.probes;

    std::string text = "{\n";
    for (const auto& [key, value] : head.items()) {
        text += fmt::format("\"{}\": {},\n", key, json_codec::dump(value));
    }
    if (record.branch) {
        text += fmt::format("\"branch\": {},\n", json_codec::dump(encode_branch(*record.branch)));
    }
    if (!record.earlier_classes.empty()) {
        text += fmt::format("\"earlier_classes\": {},\n",
                            json_codec::dump(json_codec::encode(record.earlier_classes)));
    }
    if (record.all_uncertainties) {
        text += "\"all_uncertainties\": true,\n";
    }
    if (!record.unfinished.empty()) {
        text += fmt::format("\"unfinished\": {},\n", lines_of(image_lines(record.unfinished)));
    }
    std::vector<std::string> steps;
    for (const StepRecord& step : record.steps) {
        steps.push_back(json_codec::dump(encode_step(step, record.probes, options)));
    }
    text += fmt::format("\"images\": {},\n\"steps\": {}\n}}\n", lines_of(image_lines(record.images)),
                        lines_of(steps));
    return text;
}

RunRecord run_from_json(std::string_view json, const std::string& where)
{
    const Json parsed = json_codec::parse(json, where);
    const Place document(parsed, where);
    json_codec::check_format(document, format_name, format_version);

    RunRecord record;
    record.state = document["state"].name<RunState>();
    record.started_at = document["started_at"].text();
    record.settings = json_codec::decode_settings(document["settings"]);
    record.machine = json_codec::decode_machine(document["machine"]);
    record.model = json_codec::decode_model(document["model"]);
    record.sampling_ms = document["sampling_ms"].number_or_nan();
    record.ledger = decode_ledger(document["ledger"]);
    if (const Place baseline = document["baseline"]; !baseline.is_null()) {
        record.baseline = BaselineRecord{baseline["ms_per_image"].number_or_nan(), baseline["what"].text()};
    }
    record.probes = document["probes"].small(0, most_probes);
    record.images = decode_images(document["images"], record.settings.count);
    if (document.has("unfinished")) {
        const Place unfinished = document["unfinished"];
        record.unfinished = decode_images(unfinished, record.settings.count);
        for (std::size_t i = 0; i < record.unfinished.size(); ++i) {
            record.unfinished[i].steps_done = unfinished.at(i)["steps_done"].small(1, record.settings.steps);
        }
    }
    decode_branch(document, record);
    const Place steps = document["steps"];
    for (std::size_t i = 0, n = steps.size(static_cast<std::size_t>(record.settings.steps)); i < n; ++i) {
        record.steps.push_back(decode_step(steps.at(i), record));
        if (i > 0 && record.steps[i].step <= record.steps[i - 1].step) {
            steps.at(i).fail("steps are not in the order they ran");
        }
    }
    return record;
}

void write_run_file(const std::filesystem::path& path, const RunRecord& record, const RunFileOptions& options)
{
    write_file_atomically(path, run_to_json(record, options));
}

RunRecord read_run_file(const std::filesystem::path& path)
{
    return run_from_json(read_whole_file(path, largest_file), path.string());
}

std::string settings_to_json(const SamplingSettings& settings)
{
    return json_codec::dump(json_codec::encode(settings));
}

SamplingSettings settings_from_json(std::string_view json, const std::string& where)
{
    const Json parsed = json_codec::parse(json, where);
    return json_codec::decode_settings(Place(parsed, where));
}

std::string steps_csv(const RunRecord& record)
{
    std::string csv = "step,t,network,mean_exit_layer,min_exit_layer,max_exit_layer,ms\n";
    for (const StepRecord& step : record.steps) {
        const ExitStatistics exits = exit_statistics(step);
        csv += fmt::format("{},{},{},{:.6g},{},{},{:.6g}\n", step.step, step.t, network_name(step),
                           exits.mean, exits.minimum, exits.maximum, step.ms);
    }
    return csv;
}

void write_steps_csv(const std::filesystem::path& path, const RunRecord& record)
{
    write_file_atomically(path, steps_csv(record));
}

}  // namespace duodiff
