// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "stream/settings.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Option values from text. Every function throws EngineError(usage) that names the option, the text and
/// what would be right.
namespace duodiff::cli
{

/// The candidate that a mistyped `word` most likely stands for; nothing where none is near.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

/// "Did you mean 'x'?", or an empty text.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

std::string lower_case(std::string_view text);
std::string trimmed(std::string_view text);
/// The parts between commas, trimmed; an empty text has none.
std::vector<std::string> split_list(std::string_view text);
std::string joined(const std::vector<std::string>& parts, std::string_view separator = ", ");
/// Line breaks become spaces.
std::string one_line(std::string_view text);

/// A whole decimal number within [minimum, maximum], nothing before or after it.
int read_integer(std::string_view option, const std::string& text, int minimum,
                 int maximum = std::numeric_limits<int>::max());
/// 0 .. 2^64 - 1.
std::uint64_t read_seed(std::string_view option, const std::string& text);
/// A finite number of at least `minimum`.
double read_number(std::string_view option, const std::string& text,
                   double minimum = std::numeric_limits<double>::lowest());
/// "1,2,3": at least one number.
std::vector<int> read_integers(std::string_view option, const std::string& text, int minimum, int maximum);
std::vector<double> read_numbers(std::string_view option, const std::string& text);
/// auto, cpu, cuda or cuda:N.
std::string read_device(std::string_view option, const std::string& text);

std::size_t read_choice_index(std::string_view option, const std::string& text,
                              const std::vector<std::string>& names);

/// One of the names that `to_string` gives `choices`.
template <class Enum>
Enum read_choice(std::string_view option, const std::string& text, std::span<const Enum> choices)
{
    std::vector<std::string> names;
    for (const Enum choice : choices) {
        names.emplace_back(to_string(choice));
    }
    return choices[read_choice_index(option, text, names)];
}

inline constexpr PolicyKind all_policies[] = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                              PolicyKind::static_layer};
inline constexpr SolverKind all_solvers[] = {SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp,
                                             SolverKind::euler_maruyama};
inline constexpr Parametrization all_parametrizations[] = {
    Parametrization::predict_noise, Parametrization::predict_original, Parametrization::predict_previous};
inline constexpr Precision all_precisions[] = {Precision::automatic, Precision::fp32, Precision::bf16,
                                               Precision::int8};
inline constexpr Compat all_compats[] = {Compat::none, Compat::reference};

/// `--class`: each part of the comma list is the number of a class or its name, in any case. A class
/// name that has a comma in it may stand alone.
std::vector<std::int64_t> read_classes(std::string_view option, const std::string& text, int num_classes,
                                       const std::vector<std::string>& class_names);

}  // namespace duodiff::cli
