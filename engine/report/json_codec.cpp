// SPDX-License-Identifier: MIT
#include "report/json_codec.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>

namespace duodiff::json_codec
{

namespace
{

constexpr int deepest = 16;
constexpr std::size_t most_parts = 64;
constexpr std::size_t most_classes = 1'000'000;

/// Refuses depth and duplicate keys while the parser goes on, before they cost memory.
class ParseGuard
{
public:
    explicit ParseGuard(const std::string& where) : where_(where) {}

    bool operator()(int depth, Json::parse_event_t event, const Json& value)
    {
        using Event = Json::parse_event_t;
        if (depth > deepest) {
            throw EngineError(ErrorCode::bad_file, "the JSON text is nested too deeply", where_);
        }
        if (event == Event::object_start) {
            keys_.emplace_back();
        } else if (event == Event::object_end) {
            keys_.pop_back();
        } else if (event == Event::key && !keys_.back().insert(value.get_ref<const std::string&>()).second) {
            throw EngineError(
                ErrorCode::bad_file,
                fmt::format("the key '{}' is there twice", value.get_ref<const std::string&>().substr(0, 60)),
                where_);
        }
        return true;
    }

private:
    const std::string& where_;
    std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse(std::string_view text, const std::string& where)
{
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        throw EngineError(ErrorCode::bad_file, "the file is empty", where);
    }
    try {
        ParseGuard guard(where);
        // By reference: the parser copies its callback.
        return Json::parse(text, [&guard](int depth, Json::parse_event_t event, Json& value) {
            return guard(depth, event, value);
        });
    } catch (const Json::parse_error& error) {
        throw EngineError(ErrorCode::bad_file, fmt::format("this is not JSON from byte {} on", error.byte),
                          where);
    } catch (const Json::out_of_range&) {
        throw EngineError(ErrorCode::bad_file, "a number of the JSON text is out of range", where);
    }
}

std::string dump(const Json& json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Place::fail(const std::string& what) const
{
    throw EngineError(ErrorCode::bad_file,
                      fmt::format("{}: {}", path_.empty() ? "the document" : path_, what), *where_);
}

void Place::fail_name(const std::string& given) const
{
    fail(fmt::format("'{}' is not a known name", given.substr(0, 40)));
}

void Place::expect(bool holds, const char* what) const
{
    if (!holds) {
        fail(fmt::format("expected {}, found {}", what, json_->type_name()));
    }
}

Place Place::operator[](const char* key) const
{
    expect(json_->is_object(), "an object");
    const auto found = json_->find(key);
    std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
    if (found == json_->end()) {
        Place(*json_, *where_, std::move(path)).fail("missing");
    }
    return {*found, *where_, std::move(path)};
}

bool Place::has(const char* key) const
{
    expect(json_->is_object(), "an object");
    return json_->contains(key);
}

std::size_t Place::size(std::size_t most) const
{
    expect(json_->is_array(), "a list");
    if (json_->size() > most) {
        fail(fmt::format("{} entries, at most {} make sense", json_->size(), most));
    }
    return json_->size();
}

Place Place::at(std::size_t index) const
{
    return {(*json_)[index], *where_, fmt::format("{}[{}]", path_, index)};
}

std::vector<std::pair<std::string, Place>> Place::entries(std::size_t most) const
{
    expect(json_->is_object(), "an object");
    if (json_->size() > most) {
        fail(fmt::format("{} entries, at most {} make sense", json_->size(), most));
    }
    std::vector<std::pair<std::string, Place>> entries;
    for (const auto& [key, value] : json_->items()) {
        entries.emplace_back(key, Place(value, *where_, fmt::format("{}.{}", path_, key)));
    }
    return entries;
}

std::string Place::text() const
{
    expect(json_->is_string(), "a text");
    return json_->get<std::string>();
}

bool Place::flag() const
{
    expect(json_->is_boolean(), "true or false");
    return json_->get<bool>();
}

std::int64_t Place::integer(std::int64_t least, std::int64_t most) const
{
    expect(json_->is_number_integer(), "a whole number");
    const bool wraps =
        json_->is_number_unsigned() &&
        json_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const std::int64_t value = wraps ? std::numeric_limits<std::int64_t>::max() : json_->get<std::int64_t>();
    if (wraps || value < least || value > most) {
        fail(fmt::format("{} is not between {} and {}", dump(*json_), least, most));
    }
    return value;
}

std::uint64_t Place::natural() const
{
    expect(json_->is_number_unsigned(), "a whole number from 0 on");
    return json_->get<std::uint64_t>();
}

double Place::number() const
{
    expect(json_->is_number(), "a number");
    return json_->get<double>();
}

double Place::number_or_nan() const
{
    return is_null() ? std::numeric_limits<double>::quiet_NaN() : number();
}

double Place::number_from(double least) const
{
    const double value = number();
    if (!(value >= least)) {
        fail(fmt::format("{} is below {}", value, least));
    }
    return value;
}

std::vector<std::int64_t> Place::integers(std::size_t most, std::int64_t least, std::int64_t largest) const
{
    std::vector<std::int64_t> values(size(most));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = at(i).integer(least, largest);
    }
    return values;
}

std::vector<std::string> Place::texts(std::size_t most) const
{
    std::vector<std::string> values(size(most));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = at(i).text();
    }
    return values;
}

Json number(double value)
{
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json number(float value)
{
    return std::isfinite(value) ? Json(std::stod(fmt::format("{}", value))) : Json(nullptr);
}

Json encode(const SamplingSettings& settings)
{
    Json json;
    json["policy"] = to_string(settings.policy);
    json["switch_step"] = settings.switch_step;
    json["threshold"] = number(settings.threshold);
    json["exit_layer"] = settings.exit_layer;
    json["sampler"] = to_string(settings.solver);
    json["steps"] = settings.steps;
    json["eta"] = number(settings.eta);
    json["parametrization"] =
        settings.parametrization ? Json(to_string(*settings.parametrization)) : Json(nullptr);
    json["count"] = settings.count;
    json["batch"] = settings.batch;
    json["seed"] = settings.seed;
    json["classes"] = settings.classes;
    json["device"] = settings.device;
    json["precision"] = to_string(settings.precision);
    json["compat"] = to_string(settings.compat);
    json["save_steps"] = settings.save_steps;
    return json;
}

SamplingSettings decode_settings(const Place& place)
{
    SamplingSettings settings;
    settings.policy = place["policy"].name<PolicyKind>();
    settings.switch_step = place["switch_step"].small(0, 1000);
    settings.threshold = place["threshold"].number();
    settings.exit_layer = place["exit_layer"].small(0, most_layers);
    settings.solver = place["sampler"].name<SolverKind>();
    settings.steps = place["steps"].small(1, most_steps);
    settings.eta = place["eta"].number_from(0.0);
    if (const Place kind = place["parametrization"]; !kind.is_null()) {
        settings.parametrization = kind.name<Parametrization>();
    }
    settings.count = place["count"].small(0, most_images);
    settings.batch = place["batch"].small(1, most_images);
    settings.seed = place["seed"].natural();
    settings.classes = place["classes"].integers(most_images, 0, std::numeric_limits<std::int64_t>::max());
    settings.device = place["device"].text();
    settings.precision = place["precision"].name<Precision>();
    settings.compat = place["compat"].name<Compat>();
    for (const std::int64_t t : place["save_steps"].integers(last_timestep + 1, 0, last_timestep)) {
        settings.save_steps.push_back(static_cast<int>(t));
    }
    return settings;
}

/// Only in records of bare checkpoints that were opened with more than one path.
constexpr std::pair<const char*, std::string ModelSummary::*> pair_paths[] = {
    {"late_path", &ModelSummary::late_path},
    {"config_path", &ModelSummary::config_path},
    {"late_config_path", &ModelSummary::late_config_path}};

Json encode(const ModelSummary& model)
{
    Json json;
    json["name"] = model.name;
    json["path"] = model.path;
    json["late_path"] = model.late_path;
    json["config_path"] = model.config_path;
    json["late_config_path"] = model.late_config_path;
    for (const auto& [key, member] : pair_paths) {
        if (!(model.*member).empty()) {
            json[key] = model.*member;
        }
    }
    json["sha256"] = Json::object();
    for (const auto& [part, digest] : model.sha256) {
        json["sha256"][part] = digest;
    }
    json["class_names"] = model.class_names;
    json["image_size"] = model.image_size;
    json["channels"] = model.channels;
    json["depth"] = model.depth;
    json["shallow_depth"] = model.shallow_depth;
    json["has_early_exit"] = model.has_early_exit;
    if (model.first_probe_layer != 0) {
        json["first_probe_layer"] = model.first_probe_layer;
    }
    json["full_gflops"] = number(model.full_gflops);
    json["shallow_gflops"] = number(model.shallow_gflops);
    json["gflops_by_exit_layer"] = Json::array();
    for (const double gflops : model.gflops_by_exit_layer) {
        json["gflops_by_exit_layer"].push_back(number(gflops));
    }
    return json;
}

ModelSummary decode_model(const Place& place)
{
    constexpr int largest_picture = 1 << 20;
    ModelSummary model;
    model.name = place["name"].text();
    model.path = place["path"].text();
    model.late_path = place["late_path"].text();
    model.config_path = place["config_path"].text();
    model.late_config_path = place["late_config_path"].text();
    for (const auto& [key, member] : pair_paths) {
        if (place.has(key)) {
            model.*member = place[key].text();
        }
    }
    for (const auto& [part, digest] : place["sha256"].entries(most_parts)) {
        model.sha256[part] = digest.text();
    }
    model.class_names = place["class_names"].texts(most_classes);
    model.image_size = place["image_size"].small(0, largest_picture);
    model.channels = place["channels"].small(0, largest_picture);
    model.depth = place["depth"].small(0, most_layers);
    model.shallow_depth = place["shallow_depth"].small(0, most_layers);
    model.has_early_exit = place["has_early_exit"].flag();
    if (place.has("first_probe_layer")) {
        model.first_probe_layer = place["first_probe_layer"].small(0, 1);
    }
    model.full_gflops = place["full_gflops"].number_or_nan();
    model.shallow_gflops = place["shallow_gflops"].number_or_nan();
    const Place costs = place["gflops_by_exit_layer"];
    for (std::size_t i = 0, n = costs.size(most_layers + 1); i < n; ++i) {
        model.gflops_by_exit_layer.push_back(costs.at(i).number_or_nan());
    }
    return model;
}

Json encode(const MachineInfo& machine)
{
    Json json;
    json["cpu"] = machine.cpu;
    json["cores"] = machine.cores;
    json["threads"] = machine.threads;
    json["memory_bytes"] = machine.memory_bytes;
    json["device"] = machine.device;
    json["precision"] = machine.precision;
    json["attention"] = machine.attention;
    json["os"] = machine.os;
    json["libtorch"] = machine.libtorch;
    json["program"] = machine.program;
    return json;
}

MachineInfo decode_machine(const Place& place)
{
    constexpr int most_cores = 1 << 20;
    MachineInfo machine;
    machine.cpu = place["cpu"].text();
    machine.cores = place["cores"].small(0, most_cores);
    machine.threads = place["threads"].small(0, most_cores);
    machine.memory_bytes = place["memory_bytes"].natural();
    machine.device = place["device"].text();
    machine.precision = place["precision"].text();
    machine.attention = place["attention"].text();
    machine.os = place["os"].text();
    machine.libtorch = place["libtorch"].text();
    machine.program = place["program"].text();
    return machine;
}

Json encode(const std::vector<EarlierClasses>& earlier)
{
    Json parts = Json::array();
    for (const EarlierClasses& part : earlier) {
        parts.push_back(Json{{"before_step", part.before_step}, {"classes", part.classes}});
    }
    return parts;
}

std::vector<EarlierClasses> decode_earlier_classes(const Place& place, int steps)
{
    std::vector<EarlierClasses> earlier;
    for (std::size_t i = 0, n = place.size(static_cast<std::size_t>(steps)); i < n; ++i) {
        const Place part = place.at(i);
        earlier.push_back(
            {part["before_step"].small(1, steps),
             part["classes"].integers(most_images, 0, std::numeric_limits<std::int64_t>::max())});
        if (i > 0 && earlier[i].before_step <= earlier[i - 1].before_step) {
            part.fail("parts are not in the order of their steps");
        }
    }
    return earlier;
}

Json encode_format(std::string_view name, int version)
{
    return Json{{"name", name}, {"version", version}};
}

void check_format(const Place& document, std::string_view name, int version)
{
    const Place format = document["format"];
    if (const std::string found = format["name"].text(); found != name) {
        format.fail(fmt::format("expected '{}', found '{}'", name, found.substr(0, 40)));
    }
    const std::int64_t found = format["version"].integer(1, std::numeric_limits<std::int64_t>::max());
    if (found > version) {
        format.fail(
            fmt::format("version {} is from a later program; this one reads up to {}", found, version));
    }
}

}  // namespace duodiff::json_codec
