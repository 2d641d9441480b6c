// SPDX-License-Identifier: MIT
#pragma once

// Shared by the files of this room that read and write JSON; not for others, who need no JSON library.

#include "base/error.h"
#include "stream/run_record.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duodiff::json_codec
{

using Json = nlohmann::ordered_json;

/// Parses `text`: no duplicate keys, at most 16 levels. Throws EngineError(bad_file) with one clear line.
Json parse(std::string_view text, const std::string& where);

/// `text` as UTF-8 whatever bytes it holds (paths may hold any): what is no UTF-8 becomes U+FFFD.
std::string dump(const Json& json);

/// A value of a document and the place it is at; getting anything out of it checks type and range and
/// throws EngineError(bad_file) that names the place.
class Place
{
public:
    Place(const Json& json, const std::string& where, std::string path = {})
        : json_(&json), where_(&where), path_(std::move(path))
    {
    }

    Place operator[](const char* key) const;
    bool has(const char* key) const;
    bool is_null() const { return json_->is_null(); }
    bool is_text() const { return json_->is_string(); }
    const std::string& path() const { return path_; }

    /// Number of elements of an array of at most `most`.
    std::size_t size(std::size_t most) const;
    Place at(std::size_t index) const;
    /// Keys and values of an object of at most `most`.
    std::vector<std::pair<std::string, Place>> entries(std::size_t most) const;

    std::string text() const;
    bool flag() const;
    std::int64_t integer(std::int64_t least, std::int64_t most) const;
    int small(int least, int most) const { return static_cast<int>(integer(least, most)); }
    std::uint64_t natural() const;
    double number() const;                   ///< finite
    double number_or_nan() const;            ///< null is NaN
    double number_from(double least) const;  ///< finite and at least `least`
    std::vector<std::int64_t> integers(std::size_t most, std::int64_t least, std::int64_t largest) const;
    std::vector<std::string> texts(std::size_t most) const;

    template <class Enum>
    Enum name() const
    {
        const std::string given = text();
        const std::optional<Enum> value = from_string<Enum>(given);
        if (!value) {
            fail_name(given);
        }
        return *value;
    }

    [[noreturn]] void fail(const std::string& what) const;

private:
    void expect(bool holds, const char* what) const;
    [[noreturn]] void fail_name(const std::string& given) const;

    const Json* json_;
    const std::string* where_;
    std::string path_;
};

/// NaN and infinities become null.
Json number(double value);
/// With as few digits as give the same float back.
Json number(float value);

Json encode(const SamplingSettings& settings);
Json encode(const ModelSummary& model);
Json encode(const MachineInfo& machine);
Json encode(const std::vector<EarlierClasses>& earlier);
SamplingSettings decode_settings(const Place& place);
ModelSummary decode_model(const Place& place);
MachineInfo decode_machine(const Place& place);
/// Of a run of so many steps.
std::vector<EarlierClasses> decode_earlier_classes(const Place& place, int steps);

/// `format` with a name and a version; the reader refuses other names and later versions.
Json encode_format(std::string_view name, int version);
void check_format(const Place& document, std::string_view name, int version);

inline constexpr int most_images = 1'000'000;
inline constexpr int most_layers = 4096;
inline constexpr int most_steps = 1000;
inline constexpr int last_timestep = 1000;

}  // namespace duodiff::json_codec
