// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings_options.h"

#include "values.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

constexpr const char* sampling = "Sampling";
constexpr const char* machine = "Machine";

template <class Read>
void add_setting(CLI::App& parser, SettingsChanges& changes, const std::string& option,
                 const std::string& value_name, const std::string& description, const std::string& group,
                 Read read)
{
    add_checked(parser, option, value_name, description, [&changes, option, read](const std::string& text) {
        changes.add(option, read(option, text));
    })->group(group);
}

using Change = std::function<void(SamplingSettings&)>;

}  // namespace

void SettingsChanges::add(const std::string& option, std::function<void(SamplingSettings&)> change)
{
    given_.insert(option);
    changes_.push_back(std::move(change));
}

void SettingsChanges::apply(SamplingSettings& settings) const
{
    for (const auto& change : changes_) {
        change(settings);
    }
}

void add_model_options(CLI::App& parser, ModelSource& source)
{
    const std::string group = "Model";
    const auto add_path = [&](const std::string& option, std::filesystem::path& path,
                              const std::string& description) {
        add_checked(parser, option, "PATH", description, [&path, option](const std::string& text) {
            if (text.empty()) {
                throw EngineError(ErrorCode::usage, "the path is empty", option);
            }
            path = text;
        })->group(group);
    };
    add_path("--model", source.model, "Model pack (a folder) or checkpoint");
    add_path("--late-model", source.late_model,
             "The full model of a DuoDiff pair of bare checkpoints; --model is then the shallow one");
    add_path(
        "--config", source.config,
        "YAML configuration of a bare checkpoint; default: what the checkpoint or a .yaml beside it says");
    add_path("--late-config", source.late_config, "The same for --late-model");
}

void add_policy_options(CLI::App& parser, SettingsChanges& changes)
{
    const std::string group = "Policy";
    add_setting(parser, changes, "--policy", "NAME",
                "full (default), duodiff, adadiff or static: how much of the network each step gets", group,
                [](const std::string& option, const std::string& text) -> Change {
                    const auto policy = read_choice<PolicyKind>(option, text, all_policies);
                    return [policy](SamplingSettings& s) { s.policy = policy; };
                });
    add_setting(parser, changes, "--switch-step", "T_S",
                "0..1000, for duodiff: the shallow network runs while t >= 1000 - T_S; default: the model's",
                group, [](const std::string& option, const std::string& text) -> Change {
                    const int value = read_integer(option, text, 0, 1000);
                    return [value](SamplingSettings& s) { s.switch_step = value; };
                });
    add_setting(parser, changes, "--threshold", "THETA",
                "For adadiff: an image leaves at the first layer whose uncertainty is at most THETA; "
                "default: the model's",
                group, [](const std::string& option, const std::string& text) -> Change {
                    const double value = read_number(option, text);
                    return [value](SamplingSettings& s) { s.threshold = value; };
                });
    add_setting(parser, changes, "--exit-layer", "N",
                "For static: 0..depth, every image leaves after N blocks", group,
                [](const std::string& option, const std::string& text) -> Change {
                    const int value = read_integer(option, text, 0);
                    return [value](SamplingSettings& s) { s.exit_layer = value; };
                });
}

void add_run_options(CLI::App& parser, SettingsChanges& changes)
{
    add_setting(parser, changes, "--sampler", "NAME", "ddpm, ddim, dpm-solver++ or euler-maruyama", sampling,
                [](const std::string& option, const std::string& text) -> Change {
                    const auto solver = read_choice<SolverKind>(option, text, all_solvers);
                    return [solver](SamplingSettings& s) { s.solver = solver; };
                });
    add_setting(parser, changes, "--steps", "N",
                "Solver steps, 1..1000; default 1000 for ddpm and euler-maruyama, 50 for the others",
                sampling, [](const std::string& option, const std::string& text) -> Change {
                    const int value = read_integer(option, text, 1, 1000);
                    return [value](SamplingSettings& s) { s.steps = value; };
                });
    add_setting(parser, changes, "--eta", "ETA", "For ddim: noise added at each step, at least 0; default 0",
                sampling, [](const std::string& option, const std::string& text) -> Change {
                    const double value = read_number(option, text, 0.0);
                    return [value](SamplingSettings& s) { s.eta = value; };
                });
    add_image_options(parser, changes);
}

void add_image_options(CLI::App& parser, SettingsChanges& changes)
{
    add_setting(parser, changes, "--parametrization", "NAME",
                "predict_noise, predict_original or predict_previous; default: what the model says, else "
                "predict_noise",
                sampling, [](const std::string& option, const std::string& text) -> Change {
                    const auto value = read_choice<Parametrization>(option, text, all_parametrizations);
                    return [value](SamplingSettings& s) { s.parametrization = value; };
                });
    add_setting(parser, changes, "--count", "N", "Images in all", sampling,
                [](const std::string& option, const std::string& text) -> Change {
                    const int value = read_integer(option, text, 1);
                    return [value](SamplingSettings& s) { s.count = value; };
                });
    add_setting(parser, changes, "--batch", "N", "Images at once", sampling,
                [](const std::string& option, const std::string& text) -> Change {
                    const int value = read_integer(option, text, 1);
                    return [value](SamplingSettings& s) { s.batch = value; };
                });
    add_setting(parser, changes, "--seed", "SEED",
                "Default 0; image k uses SEED + k and is the same whatever batch it is in", sampling,
                [](const std::string& option, const std::string& text) -> Change {
                    const std::uint64_t value = read_seed(option, text);
                    return [value](SamplingSettings& s) { s.seed = value; };
                });
    add_setting(parser, changes, "--device", "NAME", "auto (default), cpu, cuda or cuda:N", machine,
                [](const std::string& option, const std::string& text) -> Change {
                    const std::string value = read_device(option, text);
                    return [value](SamplingSettings& s) { s.device = value; };
                });
    add_setting(
        parser, changes, "--precision", "NAME",
        "auto (default: what is fastest here of fp32 and bf16), fp32, bf16, or int8: products in 8 bits,\n"
        "a little less exact",
        machine, [](const std::string& option, const std::string& text) -> Change {
            const auto value = read_choice<Precision>(option, text, all_precisions);
            return [value](SamplingSettings& s) { s.precision = value; };
        });
}

int default_steps(SolverKind solver)
{
    return solver == SolverKind::ddpm || solver == SolverKind::euler_maruyama ? 1000 : 50;
}

std::vector<std::string> options_without_effect(const SettingsChanges& changes,
                                                const SamplingSettings& settings)
{
    const std::pair<const char*, PolicyKind> readers[] = {{"--switch-step", PolicyKind::duodiff},
                                                          {"--threshold", PolicyKind::adadiff},
                                                          {"--exit-layer", PolicyKind::static_layer}};
    std::vector<std::string> unread;
    for (const auto& [option, policy] : readers) {
        if (changes.given(option) && settings.policy != policy) {
            unread.emplace_back(option);
        }
    }
    return unread;
}

void require_model_files(const ModelSource& source)
{
    for (const std::filesystem::path& path :
         {source.model, source.late_model, source.config, source.late_config}) {
        std::error_code error;
        if (!path.empty() && !std::filesystem::exists(path, error)) {
            throw EngineError(ErrorCode::bad_file,
                              error ? one_line(error.message()) : "there is no such file or folder",
                              path.string(), "Check the path.");
        }
    }
}

}  // namespace duodiff::cli
