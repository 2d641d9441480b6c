// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// How much of the network each step gets.
enum class PolicyKind {
    full,          ///< the full network at every step
    duodiff,       ///< the shallow network while t >= 1000 - t_s, then the full one (arXiv 2410.09633)
    adadiff,       ///< each image leaves at the first layer with u <= theta (arXiv 2309.17074)
    static_layer,  ///< every image leaves at one fixed layer
};

enum class SolverKind { ddpm, ddim, dpm_solver_pp, euler_maruyama };

/// What the network predicts.
enum class Parametrization { predict_noise, predict_original, predict_previous };

/// int8: products of 8-bit numbers between activations in bf16 or fp32. Never what `automatic` becomes.
enum class Precision { automatic, fp32, bf16, int8 };

/// `reference` reproduces the noise stream and the quirks of the DuoDiff authors' program.
enum class Compat { none, reference };

/// Which network of a bundle a step used.
enum class NetworkRole : std::uint8_t { full, shallow, early_exit };

/// Everything that decides the pictures of a run, besides the model itself. Plain data; the session
/// validates it against the model and says in words what does not fit.
struct SamplingSettings {
    PolicyKind policy = PolicyKind::full;
    int switch_step = 300;    ///< t_s, 0..1000, for duodiff
    double threshold = 0.08;  ///< theta, for adadiff
    int exit_layer = 0;       ///< 0..depth, for static_layer

    SolverKind solver = SolverKind::ddpm;
    int steps = 1000;                                ///< network calls a batch, 1..1000
    double eta = 0.0;                                ///< DDIM only
    std::optional<Parametrization> parametrization;  ///< unset: what the model was trained for

    int count = 16;                     ///< images in all
    int batch = 16;                     ///< images at once, at most
    std::uint64_t seed = 0;             ///< image k (from 0) draws its noise from seed + k
    std::vector<std::int64_t> classes;  ///< given in turn to the images; empty: every class in turn

    std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
    Precision precision = Precision::automatic;
    Compat compat = Compat::none;
    std::vector<int> save_steps;  ///< timesteps t whose x_t is kept (before the step at t runs)

    bool operator==(const SamplingSettings&) const = default;
};

/// The names used on the command line, in run files and in PNG metadata.
std::string_view to_string(PolicyKind kind);
std::string_view to_string(SolverKind kind);
std::string_view to_string(Parametrization kind);
std::string_view to_string(Precision kind);
std::string_view to_string(Compat kind);
std::string_view to_string(NetworkRole role);

/// The inverse of `to_string`; empty when `name` is none of the names.
template <class Enum>
std::optional<Enum> from_string(std::string_view name);

template <>
std::optional<PolicyKind> from_string(std::string_view name);
template <>
std::optional<SolverKind> from_string(std::string_view name);
template <>
std::optional<Parametrization> from_string(std::string_view name);
template <>
std::optional<Precision> from_string(std::string_view name);
template <>
std::optional<Compat> from_string(std::string_view name);
template <>
std::optional<NetworkRole> from_string(std::string_view name);

/// For people: "DuoDiff", "DPM-Solver++(2M)" and the like.
std::string_view display_name(PolicyKind kind);
std::string_view display_name(SolverKind kind);

}  // namespace duodiff
