// SPDX-License-Identifier: MIT
#include "evaluate/result_files.h"

#include "report/atomic_file.h"
#include "report/png_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace duodiff
{

ResultJson finite_or_null(double value)
{
    return std::isfinite(value) ? ResultJson(value) : ResultJson();
}

std::string field(double value)
{
    return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string();
}

ResultJson model_json(const ModelSummary& model)
{
    return {{"name", model.name}, {"path", model.path}, {"sha256", model.sha256}};
}

ResultJson machine_json(const MachineInfo& machine)
{
    return {{"cpu", machine.cpu},        {"cores", machine.cores},         {"threads", machine.threads},
            {"device", machine.device},  {"precision", machine.precision}, {"libtorch", machine.libtorch},
            {"program", machine.program}};
}

ResultJson settings_json(const SamplingSettings& settings)
{
    return {{"sampler", to_string(settings.solver)},
            {"steps", settings.steps},
            {"eta", settings.eta},
            {"count", settings.count},
            {"batch", settings.batch},
            {"seed", settings.seed},
            {"classes", settings.classes}};
}

ResultJson data_json(const DataSummary& data)
{
    constexpr std::size_t listed = 1000;
    ResultJson list = ResultJson::array();
    for (std::size_t i = 0; i < std::min(data.bad_files.size(), listed); ++i) {
        list.push_back({{"file", data.bad_files[i].file}, {"reason", data.bad_files[i].reason}});
    }
    return {{"path", data.path},
            {"digest", data.digest},
            {"images", data.images},
            {"left_out", data.bad_files.size()},
            {"bad_files", list}};
}

ResultJson policy_json(const PolicyPoint& point)
{
    ResultJson json = {{"policy", to_string(point.policy)}};
    if (point.policy == PolicyKind::duodiff) {
        json["switch_step"] = static_cast<int>(point.value);
    } else if (point.policy == PolicyKind::adadiff) {
        json["threshold"] = point.value;
    }
    return json;
}

std::string policy_field(const PolicyPoint& point)
{
    return point.policy == PolicyKind::full ? std::string() : fmt::format("{}", point.value);
}

std::string result_text(const ResultJson& json)
{
    return json.dump(2, ' ', false, ResultJson::error_handler_t::replace) + "\n";
}

void write_plot(const std::filesystem::path& folder, const std::string& name, const CurvePlot& plot)
{
    write_file_atomically(folder / (name + ".svg"), curve_plot_svg(plot));
    write_png(folder / (name + ".png"), curve_plot_image(plot));
}

}  // namespace duodiff
