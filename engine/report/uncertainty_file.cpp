// SPDX-License-Identifier: MIT
#include "report/uncertainty_file.h"

#include "base/error.h"
#include "report/atomic_file.h"

#include <zlib.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace duodiff
{

namespace
{

static_assert(std::endian::native == std::endian::little, "the file is written as memory has it");

constexpr std::string_view magic = "ddU1";
constexpr std::uint64_t largest_file = 1ULL << 31;
constexpr std::size_t checksum_at = magic.size();
constexpr std::size_t body_at = checksum_at + sizeof(std::uint32_t);

void put(std::string& bytes, std::uint32_t value)
{
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint32_t checksum(std::string_view body)
{
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(body.data()), body.size()));
}

/// Reads on, and never past the end.
class Reader
{
public:
    Reader(std::string_view bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}

    std::uint32_t number()
    {
        std::uint32_t value = 0;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::vector<float> floats(std::size_t count)
    {
        const std::string_view raw = take(count * sizeof(float));
        std::vector<float> values(count);
        std::memcpy(values.data(), raw.data(), raw.size());
        return values;
    }
    bool at_end() const { return bytes_.empty(); }

    [[noreturn]] void fail(const char* what) const
    {
        throw EngineError(ErrorCode::bad_file, what, path_.string(),
                          "The run is shown without what other values would have given.");
    }

private:
    std::string_view take(std::size_t size)
    {
        if (size > bytes_.size()) {
            fail("the file of uncertainties is cut off");
        }
        const std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }

    std::string_view bytes_;
    const std::filesystem::path& path_;
};

}  // namespace

std::size_t uncertainty_values(const RunRecord& record)
{
    std::size_t values = 0;
    for (const StepRecord& step : record.steps) {
        values += step.uncertainty.size();
    }
    return values;
}

void write_uncertainty(const std::filesystem::path& path, const RunRecord& record)
{
    std::string body;
    body.reserve((uncertainty_values(record) + record.steps.size() + 3) * sizeof(float));
    put(body, static_cast<std::uint32_t>(record.steps.size()));
    put(body, static_cast<std::uint32_t>(record.probes));
    put(body, static_cast<std::uint32_t>(record.settings.count));
    for (const StepRecord& step : record.steps) {
        put(body, static_cast<std::uint32_t>(step.uncertainty.size()));
        body.append(reinterpret_cast<const char*>(step.uncertainty.data()),
                    step.uncertainty.size() * sizeof(float));
    }
    std::string head(magic);
    put(head, checksum(body));
    write_file_atomically(path, head + body);
}

void read_uncertainty(const std::filesystem::path& path, RunRecord& record)
{
    const std::string bytes = read_whole_file(path, largest_file);
    const std::string_view all(bytes);
    Reader head(all, path);
    if (!all.starts_with(magic) || all.size() < body_at) {
        head.fail("this is no file of uncertainties");
    }
    const std::string_view body = all.substr(body_at);
    if (Reader(all.substr(checksum_at), path).number() != checksum(body)) {
        head.fail("the file of uncertainties is damaged");
    }
    Reader reader(body, path);
    const std::uint32_t steps = reader.number();
    const std::uint32_t probes = reader.number();
    const std::uint32_t images = reader.number();
    if (steps != record.steps.size() || probes != static_cast<std::uint32_t>(record.probes) ||
        images != static_cast<std::uint32_t>(record.settings.count)) {
        reader.fail("the file of uncertainties is another run's");
    }
    std::vector<std::vector<float>> rows;
    for (std::uint32_t step = 0; step < steps; ++step) {
        const std::size_t values = reader.number();
        if (values != 0 && values != std::size_t{probes} * images) {
            reader.fail("the file of uncertainties is damaged");
        }
        rows.push_back(reader.floats(values));
    }
    if (!reader.at_end()) {
        reader.fail("the file of uncertainties is damaged");
    }
    for (std::size_t step = 0; step < rows.size(); ++step) {
        if (!rows[step].empty()) {
            record.steps[step].uncertainty = std::move(rows[step]);
            record.steps[step].mean_uncertainty.clear();
        }
    }
}

}  // namespace duodiff
