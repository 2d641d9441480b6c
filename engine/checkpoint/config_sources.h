// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/model_config.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// One place that tells something of a model.
struct ConfigSource {
    std::string name;  ///< as it reads after "in": "tiny.yaml", "the tensors"
    ConfigValues values;
};

/// Several sources read as one: each getter gives what they agree on, or nothing if none of them tells.
/// Throws EngineError(bad_file) if a value is not of the right type, or if two sources contradict each other.
class ConfigSources
{
public:
    ConfigSources(std::string where, std::vector<ConfigSource> sources);

    std::optional<std::int64_t> integer(std::string_view key) const;
    std::optional<double> real(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::string> text(std::string_view key) const;
    std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
    /// num_classes: everything below 1 means unconditional and is the same.
    std::optional<std::int64_t> class_count() const;
    /// mlp_ratio: two values are the same if they give the same number of hidden units.
    std::optional<double> mlp_ratio(std::int64_t embed_dim) const;
    /// classifier_type, where two names may mean the same.
    std::optional<ProbeKind> probe() const;

    [[noreturn]] void refuse(std::string what, std::string remedy = {}) const;

private:
    template <class Value, class Convert, class Same>
    std::optional<Value> agreed(std::string_view key, const char* type, Convert convert, Same same) const;

    std::string where_;
    std::vector<ConfigSource> sources_;
};

/// A probe's kind by the names that configurations use for it.
std::optional<ProbeKind> probe_kind(std::string_view name);

}  // namespace duodiff
