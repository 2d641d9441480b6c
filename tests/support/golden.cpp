// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/golden.h"

#include "support/test_paths.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace duodiff::test
{
namespace
{

namespace fs = std::filesystem;

SolverKind solver_named(const std::string& name)
{
    return from_string<SolverKind>(name).value();
}

SamplingSettings settings_of(const nlohmann::json& entry)
{
    SamplingSettings settings;
    settings.compat = Compat::reference;
    settings.precision = Precision::fp32;
    settings.device = "cpu";
    settings.solver = solver_named(entry.at("sampler").get<std::string>());
    settings.steps = entry.at("steps").get<int>();
    settings.count = settings.batch = entry.at("batch").get<int>();
    settings.seed = entry.at("seed").get<std::uint64_t>();
    settings.parametrization = from_string<Parametrization>(entry.at("parametrization").get<std::string>());
    settings.policy = from_string<PolicyKind>(entry.at("policy").get<std::string>()).value();
    settings.switch_step = entry.value("switch_step", 0);
    settings.threshold = entry.value("threshold", 0.0);
    settings.classes = entry.value("class", std::vector<std::int64_t>());
    return settings;
}

/// `name` is relative to the golden folder or to the models beside it.
fs::path model_file(const fs::path& golden, const std::string& name)
{
    return fs::exists(golden / name) ? golden / name : golden.parent_path() / "models" / name;
}

}  // namespace

std::vector<fs::path> golden_folders()
{
    std::vector<fs::path> folders = {data_dir() / "golden"};
    const fs::path shared = shared_dir();
    if (!shared.empty()) {
        folders.push_back(shared / "golden");
    }
    return folders;
}

std::vector<GoldenTrajectory> golden_trajectories()
{
    std::vector<GoldenTrajectory> all;
    for (const fs::path& folder : golden_folders()) {
        for (const char* index : {"index_random.json", "index_trained.json"}) {
            std::ifstream stream(folder / "sampling" / index);
            if (!stream) {
                continue;
            }
            for (const nlohmann::json& entry : nlohmann::json::parse(stream)) {
                GoldenTrajectory trajectory;
                trajectory.file = folder / entry.at("file").get<std::string>();
                trajectory.model = model_file(folder, entry.at("model").get<std::string>());
                if (entry.contains("late_model")) {
                    trajectory.late_model = model_file(folder, entry["late_model"].get<std::string>());
                }
                trajectory.settings = settings_of(entry);
                all.push_back(trajectory);
            }
        }
    }
    return all;
}

double relative_error(const at::Tensor& actual, const at::Tensor& expected)
{
    const double largest = expected.abs().max().item<double>();
    return (actual - expected).abs().max().item<double>() / (largest > 0.0 ? largest : 1.0);
}

}  // namespace duodiff::test
