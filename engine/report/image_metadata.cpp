// SPDX-License-Identifier: MIT
#include "report/image_metadata.h"

#include "base/error.h"
#include "report/clean_text.h"
#include "report/json_codec.h"
#include "report/picture_texts.h"
#include "stream/step_plan.h"

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

constexpr const char* keyword = "duodiff";
constexpr std::string_view format_name = "duodiff image";
constexpr int format_version = 1;
constexpr int no_layer = -1;

double parameter_in(const StepRecord& step, std::size_t batch)
{
    return batch < step.parameters.size() ? step.parameters[batch] : std::numeric_limits<double>::quiet_NaN();
}

bool differs(double parameter, double wanted)
{
    return std::isfinite(parameter) && std::isfinite(wanted) && parameter != wanted;
}

double to_thousandth(double value)
{
    return std::round(value * 1000.0) / 1000.0;
}

std::vector<TracePoint> trace_of(const RunRecord& record, int index)
{
    std::vector<TracePoint> trace;
    const bool grid = index < 0;
    const std::size_t image = grid ? 0 : static_cast<std::size_t>(index);
    const std::size_t batch = image / static_cast<std::size_t>(std::max(record.settings.batch, 1));
    for (const StepRecord& step : record.steps) {
        if (!grid && (image >= step.exit_layers.size() || step.exit_layers[image] < 0)) {
            continue;
        }
        const ExitStatistics exits = exit_statistics(step);
        TracePoint point;
        point.t = step.t;
        point.network = grid ? step.network : step.network_of(image);
        point.parameter = parameter_in(step, batch);
        point.exit_layer = grid ? no_layer : step.exit_layers[image];
        point.mean_layer = to_thousandth(exits.mean);
        point.deviation = to_thousandth(exits.deviation);
        trace.push_back(point);
    }
    return trace;
}

/// [[value, how often], ...]: exit layers, networks and parameters stay the same for many steps.
template <class Value>
Json run_lengths(const std::vector<TracePoint>& trace, Value value_of)
{
    Json runs = Json::array();
    for (std::size_t i = 0; i < trace.size();) {
        const Json value = value_of(trace[i]);
        std::size_t end = i + 1;
        while (end < trace.size() && value_of(trace[end]) == value) {
            ++end;
        }
        runs.push_back(Json::array({value, end - i}));
        i = end;
    }
    return runs;
}

template <class Store>
void read_run_lengths(const Place& runs, std::vector<TracePoint>& trace, Store store)
{
    std::size_t at = 0;
    for (std::size_t i = 0, n = runs.size(trace.size()); i < n; ++i) {
        const Place run = runs.at(i);
        if (run.size(2) != 2) {
            run.fail("expected a value and how often it comes");
        }
        const auto length = static_cast<std::size_t>(run.at(1).integer(1, json_codec::most_steps));
        if (length > trace.size() - at) {
            run.fail("more steps than `t` has");
        }
        for (const std::size_t end = at + length; at < end; ++at) {
            store(trace[at], run.at(0));
        }
    }
    if (at != trace.size()) {
        runs.fail("fewer steps than `t` has");
    }
}

Json encode_trace(const std::vector<TracePoint>& trace)
{
    Json json;
    json["t"] = Json::array();
    json["mean_layer"] = Json::array();
    json["deviation"] = Json::array();
    for (const TracePoint& point : trace) {
        json["t"].push_back(point.t);
        json["mean_layer"].push_back(number(point.mean_layer));
        json["deviation"].push_back(number(point.deviation));
    }
    json["network"] =
        run_lengths(trace, [](const TracePoint& point) { return Json(to_string(point.network)); });
    json["parameter"] = run_lengths(trace, [](const TracePoint& point) { return number(point.parameter); });
    json["exit_layer"] = run_lengths(trace, [](const TracePoint& point) { return Json(point.exit_layer); });
    return json;
}

std::vector<TracePoint> decode_trace(const Place& place)
{
    const std::vector<std::int64_t> timesteps =
        place["t"].integers(json_codec::most_steps, 0, json_codec::last_timestep);
    std::vector<TracePoint> trace(timesteps.size());
    const Place means = place["mean_layer"];
    const Place deviations = place["deviation"];
    if (means.size(trace.size()) != trace.size() || deviations.size(trace.size()) != trace.size()) {
        place.fail("its lists differ in length");
    }
    for (std::size_t i = 0; i < trace.size(); ++i) {
        trace[i].t = static_cast<int>(timesteps[i]);
        trace[i].mean_layer = means.at(i).number_from(0.0);
        trace[i].deviation = deviations.at(i).number_from(0.0);
    }
    read_run_lengths(place["network"], trace, [](TracePoint& point, const Place& value) {
        point.network = value.name<NetworkRole>();
    });
    read_run_lengths(place["parameter"], trace,
                     [](TracePoint& point, const Place& value) { point.parameter = value.number_or_nan(); });
    read_run_lengths(place["exit_layer"], trace, [](TracePoint& point, const Place& value) {
        point.exit_layer = value.small(no_layer, json_codec::most_layers);
    });
    return trace;
}

std::string class_text(const ImageMetadata& metadata)
{
    const auto& names = metadata.model.class_names;
    const auto label = static_cast<std::size_t>(std::max<std::int64_t>(metadata.label, 0));
    return metadata.label >= 0 && label < names.size() ? names[label] : std::string();
}

}  // namespace

ImageMetadata image_metadata(const RunRecord& record, int index)
{
    if (index < -1 || index >= record.settings.count) {
        throw EngineError(ErrorCode::usage, fmt::format("the run has {} images, there is no image {}",
                                                        record.settings.count, index));
    }
    ImageMetadata metadata;
    metadata.settings = record.settings;
    metadata.model = record.model;
    metadata.machine = record.machine;
    metadata.started_at = record.started_at;
    metadata.index = index;
    metadata.seed = record.settings.seed + static_cast<std::uint64_t>(std::max(index, 0));
    for (const auto* images : {&record.images, &record.unfinished}) {
        const auto known = std::find_if(images->begin(), images->end(),
                                        [index](const ImageRecord& image) { return image.index == index; });
        if (known != images->end()) {
            metadata.seed = known->seed;
            metadata.label = known->label;
            metadata.steps_done = known->steps_done;
            break;
        }
    }
    metadata.earlier_classes = record.earlier_classes;
    metadata.trace = trace_of(record, index);
    const double wanted = own_parameter(record.settings);
    for (const StepRecord& step : record.steps) {
        metadata.parameters_moved |=
            std::any_of(step.parameters.begin(), step.parameters.end(),
                        [wanted](double parameter) { return differs(parameter, wanted); });
    }
    return metadata;
}

std::vector<PngText> to_png_texts(const ImageMetadata& metadata)
{
    Json json;
    json["format"] = json_codec::encode_format(format_name, format_version);
    json["image"] = Json{{"index", metadata.index},
                         {"seed", metadata.seed},
                         {"label", metadata.label},
                         {"class", class_text(metadata)}};
    if (metadata.steps_done > 0) {
        json["image"]["steps_done"] = metadata.steps_done;
    }
    json["started_at"] = metadata.started_at;
    json["settings"] = json_codec::encode(metadata.settings);
    json["parameters_moved"] = metadata.parameters_moved;
    if (!metadata.earlier_classes.empty()) {
        json["earlier_classes"] = json_codec::encode(metadata.earlier_classes);
    }
    json["model"] = json_codec::encode(metadata.model);
    json["machine"] = json_codec::encode(metadata.machine);
    json["trace"] = encode_trace(metadata.trace);
    const std::string program = one_line(metadata.machine.program);
    return {{"Software", program.empty() ? "duodiff" : program, false, false},
            {"Description", picture_description(metadata), false, false},
            {"parameters", generation_parameters(metadata), false, false},
            // Not compressed, which is what readers of XMP expect.
            {"XML:com.adobe.xmp", xmp_packet(metadata), true, false},
            {keyword, json_codec::dump(json), true, true}};
}

std::optional<ImageMetadata> metadata_from_png_texts(const std::vector<PngText>& texts,
                                                     const std::string& where)
{
    const auto text = std::find_if(texts.begin(), texts.end(),
                                   [](const PngText& candidate) { return candidate.keyword == keyword; });
    if (text == texts.end()) {
        return std::nullopt;
    }
    const Json parsed = json_codec::parse(text->text, where);
    const Place document(parsed, where);
    json_codec::check_format(document, format_name, format_version);
    ImageMetadata metadata;
    metadata.settings = json_codec::decode_settings(document["settings"]);
    metadata.parameters_moved = document["parameters_moved"].flag();
    if (document.has("earlier_classes")) {
        metadata.earlier_classes =
            json_codec::decode_earlier_classes(document["earlier_classes"], metadata.settings.steps);
    }
    metadata.model = json_codec::decode_model(document["model"]);
    metadata.machine = json_codec::decode_machine(document["machine"]);
    metadata.started_at = document["started_at"].text();
    const Place image = document["image"];
    metadata.index = image["index"].small(-1, metadata.settings.count - 1);
    metadata.seed = image["seed"].natural();
    metadata.label = image["label"].integer(-1, std::numeric_limits<std::int64_t>::max());
    if (image.has("steps_done")) {
        metadata.steps_done = image["steps_done"].small(1, metadata.settings.steps);
    }
    metadata.trace = decode_trace(document["trace"]);
    return metadata;
}

ImageMetadata read_image_metadata(const std::filesystem::path& path)
{
    std::optional<ImageMetadata> metadata = metadata_from_png_texts(read_png_texts(path), path.string());
    if (!metadata) {
        throw EngineError(ErrorCode::bad_file, "this PNG file does not say how it was made", path.string(),
                          "use one that this program wrote and that was not exported clean");
    }
    return *std::move(metadata);
}

void write_image(const std::filesystem::path& path, const Image8& image, const RunRecord& record, int index)
{
    write_png(path, image, to_png_texts(image_metadata(record, index)));
}

void write_clean_image(const std::filesystem::path& path, const Image8& image)
{
    write_png(path, image);
}

}  // namespace duodiff
