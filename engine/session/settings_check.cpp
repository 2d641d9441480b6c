// SPDX-License-Identifier: MIT
#include "session/settings_check.h"

#include "base/device.h"
#include "model/uvit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace duodiff
{
namespace
{

/// Below this width, conversions around LibTorch's products cost what bf16 saves in them.
constexpr std::int64_t smallest_bf16_width = 256;

constexpr int largest_count = 1'000'000;

Failure refusal(std::string what, std::string where, std::string remedy = {})
{
    return {ErrorCode::usage, std::move(what), std::move(where), std::move(remedy)};
}

std::optional<Failure> check_policy(const SamplingSettings& settings, const ModelFiles& files)
{
    const int depth = files.depth();
    switch (settings.policy) {
        case PolicyKind::full:
            return std::nullopt;
        case PolicyKind::duodiff:
            if (!files.shallow || !(files.full || files.early_exit)) {
                return refusal("DuoDiff needs a shallow and a full network, and this model has only one",
                               "--policy", "Open a pack with both, or give the full one as the late model.");
            }
            if (settings.switch_step < 0 || settings.switch_step > 1000) {
                return refusal(fmt::format("the switch step t_s is {}, but lies between 0 and 1000",
                                           settings.switch_step),
                               "--switch-step");
            }
            return std::nullopt;
        case PolicyKind::adadiff:
            if (!files.early_exit) {
                return refusal("AdaDiff needs uncertainty probes, and this model has none", "--policy",
                               "Open a model with an early-exit part.");
            }
            if (std::isnan(settings.threshold)) {
                return refusal("the threshold theta is not a number", "--threshold");
            }
            return std::nullopt;
        case PolicyKind::static_layer:
            if (settings.exit_layer < 0 || settings.exit_layer > depth) {
                return refusal(fmt::format("the exit layer is {}, but lies between 0 and {}",
                                           settings.exit_layer, depth),
                               "--exit-layer");
            }
            if (!files.early_exit && settings.exit_layer != depth) {
                return refusal("leaving at a fixed layer needs output heads, and this model has none",
                               "--policy", "Open a model with an early-exit part.");
            }
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<Failure> check_amounts(const SamplingSettings& settings)
{
    if (settings.count < 1 || settings.count > largest_count) {
        return refusal(fmt::format("{} images are not possible", settings.count), "--count",
                       fmt::format("Choose from 1 to {}.", largest_count));
    }
    if (settings.batch < 1 || settings.batch > largest_count) {
        return refusal(fmt::format("a batch of {} images is not possible", settings.batch), "--batch",
                       fmt::format("Choose from 1 to {}.", largest_count));
    }
    return std::nullopt;
}

std::optional<Failure> check_classes(const SamplingSettings& settings, std::int64_t num_classes)
{
    if (num_classes == 0 && !settings.classes.empty()) {
        return refusal("this model is unconditional and knows no classes", "--class", "Leave the class out.");
    }
    for (const std::int64_t label : settings.classes) {
        if (label < 0 || label >= num_classes) {
            return refusal(fmt::format("there is no class {}", label), "--class",
                           fmt::format("This model's classes are 0 to {}.", num_classes - 1));
        }
    }
    return std::nullopt;
}

std::optional<Failure> check_save_steps(const SamplingSettings& settings, int schedule_steps)
{
    const std::vector<int> timesteps = solver_timesteps(solver_options(settings), schedule_steps);
    for (const int t : settings.save_steps) {
        if (std::find(timesteps.begin(), timesteps.end(), t) == timesteps.end()) {
            return refusal(fmt::format("no step of this run is at t = {}", t), "--save-steps",
                           fmt::format("The steps are at t = {}, {}, ..., {}.", timesteps.front(),
                                       timesteps[timesteps.size() > 1 ? 1 : 0], timesteps.back()));
        }
    }
    return std::nullopt;
}

void require_int8(const ModelFiles& files, c10::Device device)
{
    for (const auto* part : {&files.full, &files.shallow, &files.early_exit}) {
        if (*part) {
            UVit::block_choice((*part)->config.uvit, device, int8_arithmetic());
        }
    }
}

}  // namespace

SolverOptions solver_options(const SamplingSettings& settings)
{
    return {.kind = settings.solver,
            .parametrization = settings.parametrization.value_or(Parametrization::predict_noise),
            .steps = settings.steps,
            .eta = settings.eta,
            .compat = settings.compat};
}

std::optional<Failure> check_settings(const SamplingSettings& wanted, const ModelFiles& files)
{
    SamplingSettings settings = wanted;
    if (!settings.parametrization) {
        settings.parametrization = files.parametrization;
    }
    if (auto failure = check_amounts(settings)) {
        return failure;
    }
    if (auto failure = check_policy(settings, files)) {
        return failure;
    }
    if (auto failure = check_solver(solver_options(settings))) {
        return failure;
    }
    if (auto failure = check_classes(settings, files.shape().num_classes)) {
        return failure;
    }
    if (auto failure = check_save_steps(settings, files.schedule.steps)) {
        return failure;
    }
    try {
        const c10::Device device = resolve_device(settings.device);
        if (settings.precision == Precision::int8) {
            require_int8(files, device);
        }
    } catch (const EngineError& error) {
        return error.failure();
    }
    return std::nullopt;
}

SamplingSettings resolve_settings(const SamplingSettings& wanted, const ModelFiles& files, c10::Device device)
{
    SamplingSettings settings = wanted;
    settings.batch = std::min(settings.batch, settings.count);
    settings.device = device.is_cpu() ? "cpu" : device.str();
    // What is compared with the reference's numbers is computed as the reference does.
    settings.precision = settings.compat == Compat::reference && settings.precision == Precision::automatic
                             ? Precision::fp32
                             : resolve_precision(settings.precision, device, files.shape());
    if (!settings.parametrization) {
        settings.parametrization = files.parametrization.value_or(Parametrization::predict_noise);
    }
    return settings;
}

Precision resolve_precision(Precision wanted, c10::Device device, const UVitConfig& shape)
{
    if (wanted != Precision::automatic) {
        return wanted;
    }
    if (!has_fast_bf16(device)) {
        return Precision::fp32;
    }
    const bool is_faster = UVit::block_choice(shape, device, c10::kBFloat16).path == BlockPath::own_kernels ||
                           shape.embed_dim >= smallest_bf16_width;
    return is_faster ? Precision::bf16 : Precision::fp32;
}

Arithmetic arithmetic_of(Precision precision)
{
    return precision == Precision::int8   ? int8_arithmetic()
           : precision == Precision::bf16 ? c10::kBFloat16
                                          : c10::kFloat;
}

std::int64_t label_of(const SamplingSettings& settings, int index, int num_classes)
{
    if (num_classes == 0) {
        return -1;
    }
    return settings.classes.empty()
               ? index % num_classes
               : settings.classes[static_cast<std::size_t>(index) % settings.classes.size()];
}

}  // namespace duodiff
