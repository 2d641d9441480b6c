// SPDX-License-Identifier: MIT
#include "checkpoint/config_sources.h"

#include "base/error.h"
#include "checkpoint/tensor_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace duodiff
{
namespace
{

std::string value_text(const ConfigValue& value)
{
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag ? "true" : "false";
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return std::to_string(*number);
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return fmt::format("{}", *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return in_quotes(*text);
    }
    return shape_text(std::get<std::vector<std::int64_t>>(value));
}

std::optional<std::int64_t> as_integer(const ConfigValue& value)
{
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return *number;
    }
    constexpr double exact = 9007199254740992.0;  // 2^53
    const auto* number = std::get_if<double>(&value);
    if (number && std::floor(*number) == *number && std::abs(*number) < exact) {
        return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
}

std::optional<double> as_real(const ConfigValue& value)
{
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return static_cast<double>(*number);
    }
    const auto* number = std::get_if<double>(&value);
    return number && std::isfinite(*number) ? std::optional(*number) : std::nullopt;
}

std::optional<bool> as_boolean(const ConfigValue& value)
{
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag;
    }
    const auto* number = std::get_if<std::int64_t>(&value);
    return number && (*number == 0 || *number == 1) ? std::optional(*number == 1) : std::nullopt;
}

template <class Value>
std::optional<Value> as_is(const ConfigValue& value)
{
    const auto* found = std::get_if<Value>(&value);
    return found ? std::optional(*found) : std::nullopt;
}

std::optional<std::int64_t> as_class_count(const ConfigValue& value)
{
    const std::optional<std::int64_t> count = as_integer(value);
    return count ? std::optional(std::max<std::int64_t>(*count, 0)) : std::nullopt;
}

std::optional<ProbeKind> as_probe(const ConfigValue& value)
{
    const auto* name = std::get_if<std::string>(&value);
    return name ? probe_kind(*name) : std::nullopt;
}

}  // namespace

std::optional<ProbeKind> probe_kind(std::string_view name)
{
    for (const ProbeKind kind :
         {ProbeKind::mlp_per_layer, ProbeKind::mlp_per_timestep, ProbeKind::mlp_per_layer_per_timestep,
          ProbeKind::attention, ProbeKind::certainty_map}) {
        if (name == to_string(kind)) {
            return kind;
        }
    }
    return name == "lte_per_layer" ? std::optional(ProbeKind::certainty_map) : std::nullopt;
}

ConfigSources::ConfigSources(std::string where, std::vector<ConfigSource> sources)
    : where_(std::move(where)), sources_(std::move(sources))
{
}

void ConfigSources::refuse(std::string what, std::string remedy) const
{
    throw EngineError(ErrorCode::bad_file, std::move(what), where_, std::move(remedy));
}

template <class Value, class Convert, class Same>
std::optional<Value> ConfigSources::agreed(std::string_view key, const char* type, Convert convert,
                                           Same same) const
{
    std::optional<Value> agreed_value;
    const ConfigSource* first = nullptr;
    for (const ConfigSource& source : sources_) {
        const auto found = source.values.find(std::string(key));
        if (found == source.values.end()) {
            continue;
        }
        const std::optional<Value> value = convert(found->second);
        if (!value) {
            refuse(fmt::format("{} is {} in {}, but should be {}", key, value_text(found->second),
                               source.name, type));
        }
        if (!first) {
            first = &source;
            agreed_value = value;
        } else if (!same(*agreed_value, *value)) {
            refuse(fmt::format("{0} is {1} in {2}, but {3} in {4}", key,
                               value_text(first->values.at(std::string(key))), first->name,
                               value_text(found->second), source.name),
                   "Correct the one that is wrong, or give the configuration that belongs to the file.");
        }
    }
    return agreed_value;
}

std::optional<std::int64_t> ConfigSources::integer(std::string_view key) const
{
    return agreed<std::int64_t>(key, "a whole number", as_integer, std::equal_to<>());
}

std::optional<double> ConfigSources::real(std::string_view key) const
{
    return agreed<double>(key, "a number", as_real, std::equal_to<>());
}

std::optional<bool> ConfigSources::boolean(std::string_view key) const
{
    return agreed<bool>(key, "true or false", as_boolean, std::equal_to<>());
}

std::optional<std::string> ConfigSources::text(std::string_view key) const
{
    return agreed<std::string>(key, "a text", as_is<std::string>, std::equal_to<>());
}

std::optional<std::vector<std::int64_t>> ConfigSources::integers(std::string_view key) const
{
    using Numbers = std::vector<std::int64_t>;
    return agreed<Numbers>(key, "a list of whole numbers", as_is<Numbers>, std::equal_to<>());
}

std::optional<std::int64_t> ConfigSources::class_count() const
{
    return agreed<std::int64_t>("num_classes", "a whole number", as_class_count, std::equal_to<>());
}

std::optional<double> ConfigSources::mlp_ratio(std::int64_t embed_dim) const
{
    const auto hidden = [embed_dim](double ratio) {
        return std::trunc(static_cast<double>(embed_dim) * ratio);
    };
    return agreed<double>("mlp_ratio", "a number", as_real,
                          [&](double a, double b) { return hidden(a) == hidden(b); });
}

std::optional<ProbeKind> ConfigSources::probe() const
{
    return agreed<ProbeKind>("classifier_type", "a known type of probe", as_probe, std::equal_to<>());
}

}  // namespace duodiff
