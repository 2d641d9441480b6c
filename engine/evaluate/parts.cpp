// SPDX-License-Identifier: MIT
#include "evaluate/parts.h"

#include "base/error.h"
#include "report/atomic_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <system_error>
#include <utility>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

constexpr std::uint64_t largest_part = 1ULL << 31;
constexpr int format_version = 1;

std::uint32_t checksum(std::string_view bytes)
{
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

struct PartFile {
    std::string identity;
    std::string bytes;
};

/// Nothing for anything that `keep` has not written.
std::optional<PartFile> parse(const std::string& file)
{
    const std::size_t end = file.find('\n');
    if (end == std::string::npos) {
        return std::nullopt;
    }
    const auto head = nlohmann::json::parse(file.substr(0, end), nullptr, /*allow_exceptions=*/false);
    if (!head.is_object() || head.value("part", nlohmann::json()) != format_version ||
        !head.contains("identity") || !head["identity"].is_string()) {
        return std::nullopt;
    }
    PartFile part{head["identity"].get<std::string>(), file.substr(end + 1)};
    if (head.value("crc32", nlohmann::json()) != checksum(part.bytes)) {
        return std::nullopt;
    }
    return part;
}

}  // namespace

Parts::Parts(fs::path folder) : folder_(std::move(folder))
{
    std::error_code error;
    fs::create_directories(folder_ / "parts", error);
    if (error) {
        throw EngineError(ErrorCode::failed, "the folder cannot be made: " + error.message(),
                          folder_.string(), "Choose another folder.");
    }
}

std::optional<std::string> Parts::find(const std::string& name, const std::string& identity)
{
    const fs::path path = path_of(name);
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        return std::nullopt;
    }
    std::optional<PartFile> part;
    try {
        part = parse(read_whole_file(path, largest_part));
    } catch (const EngineError&) {
        part.reset();
    }
    if (!part) {
        damaged_.push_back(name);
        return std::nullopt;
    }
    if (part->identity != identity) {
        ++foreign_;
        return std::nullopt;
    }
    return std::move(part->bytes);
}

void Parts::keep(const std::string& name, const std::string& identity, std::string_view bytes) const
{
    const nlohmann::ordered_json head = {
        {"part", format_version}, {"identity", identity}, {"crc32", checksum(bytes)}};
    std::string file = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    file += bytes;
    write_file_atomically(path_of(name), file);
}

void Parts::forget(const std::string& name) const
{
    std::error_code ignored;
    fs::remove(path_of(name), ignored);
}

std::vector<std::string> Parts::notes() const
{
    std::vector<std::string> notes;
    if (foreign_ > 0) {
        notes.push_back(
            fmt::format("{} finished part{} in {} belonged to another model, other data or other "
                        "settings and {} made again.",
                        foreign_, foreign_ == 1 ? "" : "s", (folder_ / "parts").string(),
                        foreign_ == 1 ? "was" : "were"));
    }
    if (!damaged_.empty()) {
        notes.push_back(fmt::format("Damaged and made again: {}.", fmt::join(damaged_, ", ")));
    }
    return notes;
}

void throw_cancelled_with(const Parts& parts)
{
    throw EngineError(ErrorCode::cancelled, "what was finished is kept in " + parts.folder().string() +
                                                "; the same command goes on from there");
}

}  // namespace duodiff
