// SPDX-License-Identifier: MIT
#include "report/sweep_file.h"

#include "report/atomic_file.h"
#include "report/json_codec.h"

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

constexpr std::string_view format_name = "duodiff sweep";
constexpr int format_version = 1;
constexpr std::uint64_t largest_file = 256ULL << 20;
constexpr std::size_t most_rows = 100'000;

Json encode_row(const SweepRow& row)
{
    Json json;
    json["state"] = to_string(row.state);
    json["settings"] = json_codec::encode(row.settings);
    json["sampling_ms"] = number(row.sampling_ms);
    json["ms_per_image"] = number(row.ms_per_image);
    json["difference"] = number(row.difference);
    json["block_share"] = number(row.block_share);
    json["mean_exit_layer"] = number(row.mean_exit_layer);
    json["run_file"] = row.run_file;
    json["failure"] = row.failure;
    return json;
}

SweepRow decode_row(const Place& place)
{
    SweepRow row;
    row.state = place["state"].name<SweepState>();
    row.settings = json_codec::decode_settings(place["settings"]);
    row.sampling_ms = place["sampling_ms"].number_from(0.0);
    row.ms_per_image = place["ms_per_image"].number_from(0.0);
    if (const Place difference = place["difference"]; !difference.is_null()) {
        row.difference = difference.number_from(0.0);
    }
    row.block_share = place["block_share"].number_from(0.0);
    row.mean_exit_layer = place["mean_exit_layer"].number_from(0.0);
    row.run_file = place["run_file"].text();
    row.failure = place["failure"].text();
    return row;
}

std::string known(double value)
{
    return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string();
}

}  // namespace

std::string sweep_to_json(const Sweep& sweep)
{
    Json head;
    head["format"] = json_codec::encode_format(format_name, format_version);
    head["started_at"] = sweep.started_at;
    head["machine"] = json_codec::encode(sweep.machine);
    head["model"] = json_codec::encode(sweep.model);
    std::string text = "{\n";
    for (const auto& [key, value] : head.items()) {
        text += fmt::format("\"{}\": {},\n", key, json_codec::dump(value));
    }
    std::vector<std::string> rows;
    for (const SweepRow& row : sweep.rows) {
        rows.push_back(json_codec::dump(encode_row(row)));
    }
    return text + fmt::format("\"rows\": [\n{}\n]\n}}\n", fmt::join(rows, ",\n"));
}

Sweep sweep_from_json(std::string_view json, const std::string& where)
{
    const Json parsed = json_codec::parse(json, where);
    const Place document(parsed, where);
    json_codec::check_format(document, format_name, format_version);
    Sweep sweep;
    sweep.started_at = document["started_at"].text();
    sweep.machine = json_codec::decode_machine(document["machine"]);
    sweep.model = json_codec::decode_model(document["model"]);
    const Place rows = document["rows"];
    for (std::size_t i = 0, n = rows.size(most_rows); i < n; ++i) {
        sweep.rows.push_back(decode_row(rows.at(i)));
    }
    return sweep;
}

void write_sweep_file(const std::filesystem::path& path, const Sweep& sweep)
{
    write_file_atomically(path, sweep_to_json(sweep));
}

Sweep read_sweep_file(const std::filesystem::path& path)
{
    return sweep_from_json(read_whole_file(path, largest_file), path.string());
}

std::string sweep_csv(const Sweep& sweep)
{
    const std::vector<std::size_t> front = pareto_rows(sweep);
    std::string csv =
        "policy,switch_step,threshold,steps,images,ms_per_image,sampling_ms,difference,block_share,"
        "mean_exit_layer,on_pareto_front\n";
    for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
        const SweepRow& row = sweep.rows[i];
        const SamplingSettings& settings = row.settings;
        if (row.state != SweepState::done) {
            continue;
        }
        const bool on_front = std::find(front.begin(), front.end(), i) != front.end();
        csv += fmt::format(
            "{},{},{},{},{},{},{},{},{},{},{}\n", to_string(settings.policy),
            settings.policy == PolicyKind::duodiff ? fmt::format("{}", settings.switch_step) : std::string(),
            settings.policy == PolicyKind::adadiff ? known(settings.threshold) : std::string(),
            settings.steps, settings.count, known(row.ms_per_image), known(row.sampling_ms),
            known(settings.policy == PolicyKind::full ? 0.0 : row.difference), known(row.block_share),
            known(row.mean_exit_layer), on_front ? 1 : 0);
    }
    return csv;
}

void write_sweep_csv(const std::filesystem::path& path, const Sweep& sweep)
{
    write_file_atomically(path, sweep_csv(sweep));
}

}  // namespace duodiff
