// SPDX-License-Identifier: MIT
#include "checkpoint/config_yaml.h"

#include "base/error.h"
#include "checkpoint/config_keys.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/tensor_record.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace duodiff
{
namespace
{

constexpr std::size_t max_yaml = std::size_t{1} << 20;
constexpr std::size_t max_list = 64;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what)
{
    throw EngineError(ErrorCode::bad_file, what, path.string(),
                      "It should hold lines such as 'depth: 13', alone or under 'model_params:'.");
}

template <class Number>
std::optional<Number> parse_number(std::string_view text)
{
    Number number{};
    text.remove_prefix(text.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// A scalar by the rules of YAML 1.1, as Python's reader has them; empty for null.
std::optional<ConfigValue> scalar_value(const YAML::Node& node)
{
    const std::string& text = node.Scalar();
    const bool in_quotes_there = node.Tag() == "!";
    if (in_quotes_there) {
        return text;
    }
    for (const std::string_view none : {"", "~", "null", "Null", "NULL"}) {
        if (text == none) {
            return std::nullopt;
        }
    }
    for (const std::string_view yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
        if (text == yes) {
            return true;
        }
    }
    for (const std::string_view no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
        if (text == no) {
            return false;
        }
    }
    if (const auto number = parse_number<std::int64_t>(text)) {
        return *number;
    }
    if (const auto number = parse_number<double>(text); number && std::isfinite(*number)) {
        return *number;
    }
    return text;
}

std::optional<ConfigValue> list_value(const YAML::Node& node)
{
    std::vector<std::int64_t> numbers;
    for (const YAML::Node& item : node) {
        const auto number = item.IsScalar() ? parse_number<std::int64_t>(item.Scalar()) : std::nullopt;
        if (!number || numbers.size() == max_list) {
            return std::nullopt;
        }
        numbers.push_back(*number);
    }
    return numbers;
}

ConfigValues values_of(const std::filesystem::path& path, const YAML::Node& mapping)
{
    ConfigValues values;
    for (const auto& entry : mapping) {
        if (!entry.first.IsScalar()) {
            continue;
        }
        const std::string& key = entry.first.Scalar();
        std::optional<ConfigValue> value;
        if (entry.second.IsScalar()) {
            value = scalar_value(entry.second);
        } else if (entry.second.IsSequence()) {
            value = list_value(entry.second);
        }
        const bool is_null = entry.second.IsNull() || entry.second.IsScalar();
        if (!value && !is_null && is_config_key(key)) {
            refuse(path, "the value of " + in_quotes(key) + " is not a number, a text or a list of numbers");
        }
        if (value && !values.emplace(key, std::move(*value)).second) {
            refuse(path, "the key " + in_quotes(key) + " is there twice");
        }
    }
    return values;
}

YAML::Node load(const std::filesystem::path& path)
{
    const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
    if (file->bytes().size() > max_yaml) {
        refuse(path, "the file is too large for a YAML configuration");
    }
    const std::string text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    if (text.find('\0') != std::string::npos) {
        refuse(path, "this is not a YAML file");
    }
    YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) {
        refuse(path, "the YAML file holds no keys and values");
    }
    return root;
}

ConfigValues read_section(const std::filesystem::path& path, const char* wanted, const char* other)
{
    try {
        const YAML::Node root = load(path);
        const YAML::Node section = root[wanted];
        if (section && !section.IsMap()) {
            refuse(path, std::string("'") + wanted + "' holds no keys and values");
        }
        ConfigValues outer = values_of(path, root);
        if (!section) {
            return other && root[other] ? ConfigValues{} : outer;
        }
        ConfigValues values = values_of(path, section);
        for (const char* key : {"parametrization", "classifier_type"}) {
            if (const auto found = outer.find(key); found != outer.end()) {
                values.insert(*found);
            }
        }
        return values;
    } catch (const YAML::Exception& error) {
        refuse(path, "line " + std::to_string(error.mark.line + 1) + " is not valid YAML: " + error.msg);
    }
}

}  // namespace

ConfigValues read_config_section(const std::filesystem::path& path, ModelKind kind)
{
    return kind == ModelKind::autoencoder ? read_section(path, "autoencoder", "model_params")
                                          : read_section(path, "model_params", "autoencoder");
}

ConfigValues read_config_yaml(const std::filesystem::path& path)
{
    ConfigValues values = read_config_section(path, ModelKind::uvit);
    return values.empty() ? read_config_section(path, ModelKind::autoencoder) : values;
}

}  // namespace duodiff
