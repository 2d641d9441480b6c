// SPDX-License-Identifier: GPL-3.0-or-later
#include "values.h"

#include "base/closest_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace duodiff::cli
{
namespace
{

template <class Number>
std::optional<Number> whole_number(std::string_view text)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

[[noreturn]] void refuse(std::string_view option, std::string what, std::string remedy = {})
{
    throw EngineError(ErrorCode::usage, std::move(what), std::string(option), std::move(remedy));
}

std::string range_text(int minimum, int maximum)
{
    return maximum == std::numeric_limits<int>::max()
               ? fmt::format("a whole number of at least {}", minimum)
               : fmt::format("a whole number {}..{}", minimum, maximum);
}

}  // namespace

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates)
{
    return closest_name(word, candidates);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates)
{
    const auto near = closest(word, candidates);
    return near ? fmt::format("Did you mean '{}'?", *near) : std::string();
}

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

std::string trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> split_list(std::string_view text)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        parts.push_back(trimmed(text.substr(0, comma)));
        if (comma == std::string_view::npos) {
            break;
        }
        text.remove_prefix(comma + 1);
        if (text.empty()) {
            parts.emplace_back();
        }
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator)
{
    return fmt::format("{}", fmt::join(parts, separator));
}

std::string one_line(std::string_view text)
{
    std::string line = trimmed(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

int read_integer(std::string_view option, const std::string& text, int minimum, int maximum)
{
    const auto value = whole_number<int>(text);
    if (!value || *value < minimum || *value > maximum) {
        refuse(option, fmt::format("'{}' is not {}", one_line(text), range_text(minimum, maximum)));
    }
    return *value;
}

std::uint64_t read_seed(std::string_view option, const std::string& text)
{
    const auto value = whole_number<std::uint64_t>(text);
    if (!value) {
        refuse(option, fmt::format("'{}' is not a whole number 0..{}", one_line(text),
                                   std::numeric_limits<std::uint64_t>::max()));
    }
    return *value;
}

double read_number(std::string_view option, const std::string& text, double minimum)
{
    const auto value = whole_number<double>(text);
    if (!value || !std::isfinite(*value)) {
        refuse(option, fmt::format("'{}' is not a number", one_line(text)));
    }
    if (*value < minimum) {
        refuse(option, fmt::format("'{}' is below {}", one_line(text), minimum));
    }
    return *value;
}

std::vector<int> read_integers(std::string_view option, const std::string& text, int minimum, int maximum)
{
    std::vector<int> values;
    for (const std::string& part : split_list(text)) {
        values.push_back(read_integer(option, part, minimum, maximum));
    }
    if (values.empty()) {
        refuse(option, "the list is empty");
    }
    return values;
}

std::vector<double> read_numbers(std::string_view option, const std::string& text)
{
    std::vector<double> values;
    for (const std::string& part : split_list(text)) {
        values.push_back(read_number(option, part));
    }
    if (values.empty()) {
        refuse(option, "the list is empty");
    }
    return values;
}

std::string read_device(std::string_view option, const std::string& text)
{
    const bool numbered =
        text.starts_with("cuda:") && text.size() <= 8 && whole_number<unsigned>(text.substr(5));
    if (text != "auto" && text != "cpu" && text != "cuda" && !numbered) {
        refuse(option, fmt::format("'{}' is not one of auto, cpu, cuda, cuda:N", one_line(text)),
               did_you_mean(text, {"auto", "cpu", "cuda"}));
    }
    return text;
}

std::size_t read_choice_index(std::string_view option, const std::string& text,
                              const std::vector<std::string>& names)
{
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        refuse(option, fmt::format("'{}' is not one of {}", one_line(text), joined(names)),
               did_you_mean(text, names));
    }
    return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::int64_t> read_classes(std::string_view option, const std::string& text, int num_classes,
                                       const std::vector<std::string>& class_names)
{
    if (num_classes <= 0) {
        refuse(option, "this model is unconditional, it has no classes", "Leave --class out.");
    }
    const auto by_name = [&](const std::string& name) -> std::optional<std::int64_t> {
        const auto found =
            std::find_if(class_names.begin(), class_names.end(),
                         [&](const std::string& known) { return lower_case(known) == lower_case(name); });
        return found == class_names.end() ? std::nullopt
                                          : std::optional<std::int64_t>(found - class_names.begin());
    };
    const auto whole = by_name(trimmed(text));
    if (whole && text.find(',') != std::string::npos) {
        return {*whole};
    }
    std::vector<std::int64_t> classes;
    for (const std::string& part : split_list(text)) {
        const auto number = whole_number<std::int64_t>(part);
        const bool valid_number = number && *number >= 0 && *number < num_classes;
        const auto label = valid_number ? number : by_name(part);
        if (!label) {
            constexpr std::size_t shown = 20;
            std::vector<std::string> names(
                class_names.begin(),
                class_names.begin() + static_cast<std::ptrdiff_t>(std::min(shown, class_names.size())));
            if (class_names.size() > shown) {
                names.emplace_back("...");
            }
            const std::string known =
                names.empty() ? std::string() : fmt::format(" or one of: {}", joined(names));
            refuse(option,
                   fmt::format("'{}' is no class of this model: a number 0..{}{}", one_line(part),
                               num_classes - 1, known),
                   did_you_mean(part, class_names));
        }
        classes.push_back(*label);
    }
    if (classes.empty()) {
        refuse(option, "the list is empty");
    }
    return classes;
}

}  // namespace duodiff::cli
