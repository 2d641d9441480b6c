// SPDX-License-Identifier: MIT
#include "stream/settings.h"

#include <array>
#include <cstddef>

namespace duodiff
{

namespace
{

template <class Enum>
struct Name {
    Enum value;
    std::string_view name;
};

constexpr std::array<Name<PolicyKind>, 4> policy_names{{{PolicyKind::full, "full"},
                                                        {PolicyKind::duodiff, "duodiff"},
                                                        {PolicyKind::adadiff, "adadiff"},
                                                        {PolicyKind::static_layer, "static"}}};
constexpr std::array<Name<SolverKind>, 4> solver_names{{{SolverKind::ddpm, "ddpm"},
                                                        {SolverKind::ddim, "ddim"},
                                                        {SolverKind::dpm_solver_pp, "dpm-solver++"},
                                                        {SolverKind::euler_maruyama, "euler-maruyama"}}};
constexpr std::array<Name<Parametrization>, 3> parametrization_names{
    {{Parametrization::predict_noise, "predict_noise"},
     {Parametrization::predict_original, "predict_original"},
     {Parametrization::predict_previous, "predict_previous"}}};
constexpr std::array<Name<Precision>, 4> precision_names{{{Precision::automatic, "auto"},
                                                          {Precision::fp32, "fp32"},
                                                          {Precision::bf16, "bf16"},
                                                          {Precision::int8, "int8"}}};
constexpr std::array<Name<Compat>, 2> compat_names{
    {{Compat::none, "none"}, {Compat::reference, "reference"}}};
constexpr std::array<Name<NetworkRole>, 3> role_names{{{NetworkRole::full, "full"},
                                                       {NetworkRole::shallow, "shallow"},
                                                       {NetworkRole::early_exit, "early_exit"}}};

template <class Enum, std::size_t Count>
std::string_view name_of(const std::array<Name<Enum>, Count>& names, Enum value)
{
    for (const Name<Enum>& entry : names) {
        if (entry.value == value) {
            return entry.name;
        }
    }
    return "unknown";
}

template <class Enum, std::size_t Count>
std::optional<Enum> value_of(const std::array<Name<Enum>, Count>& names, std::string_view name)
{
    for (const Name<Enum>& entry : names) {
        if (entry.name == name) {
            return entry.value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(PolicyKind kind)
{
    return name_of(policy_names, kind);
}

std::string_view to_string(SolverKind kind)
{
    return name_of(solver_names, kind);
}

std::string_view to_string(Parametrization kind)
{
    return name_of(parametrization_names, kind);
}

std::string_view to_string(Precision kind)
{
    return name_of(precision_names, kind);
}

std::string_view to_string(Compat kind)
{
    return name_of(compat_names, kind);
}

std::string_view to_string(NetworkRole role)
{
    return name_of(role_names, role);
}

template <>
std::optional<PolicyKind> from_string(std::string_view name)
{
    return value_of(policy_names, name);
}

template <>
std::optional<SolverKind> from_string(std::string_view name)
{
    return value_of(solver_names, name);
}

template <>
std::optional<Parametrization> from_string(std::string_view name)
{
    return value_of(parametrization_names, name);
}

template <>
std::optional<Precision> from_string(std::string_view name)
{
    return value_of(precision_names, name);
}

template <>
std::optional<Compat> from_string(std::string_view name)
{
    return value_of(compat_names, name);
}

template <>
std::optional<NetworkRole> from_string(std::string_view name)
{
    return value_of(role_names, name);
}

std::string_view display_name(PolicyKind kind)
{
    switch (kind) {
        case PolicyKind::full:
            return "Full";
        case PolicyKind::duodiff:
            return "DuoDiff";
        case PolicyKind::adadiff:
            return "AdaDiff";
        case PolicyKind::static_layer:
            return "Static";
    }
    return "Unknown";
}

std::string_view display_name(SolverKind kind)
{
    switch (kind) {
        case SolverKind::ddpm:
            return "DDPM";
        case SolverKind::ddim:
            return "DDIM";
        case SolverKind::dpm_solver_pp:
            return "DPM-Solver++(2M)";
        case SolverKind::euler_maruyama:
            return "Euler\u2013Maruyama";
    }
    return "Unknown";
}

}  // namespace duodiff
