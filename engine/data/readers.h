// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "report/image8.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace duodiff
{

/// What open_dataset was called with.
struct ReadJob {
    DataSettings settings;
    DataProgress progress;
    std::stop_token stop;

    void report(std::int64_t done, std::int64_t total) const
    {
        if (progress) {
            progress(done, total);
        }
    }
    /// Throws EngineError(cancelled) when the work was asked to stop.
    void check_stop() const;
    /// Throws for what is wrong with a file or record if the settings are strict, else lists it by its path
    /// within the data.
    void skip(std::vector<BadFile>& list, const std::filesystem::path& file, std::string reason) const;
};

/// One reader a format. Each gives at least one example or throws.
Examples read_image_folder(const ReadJob& job);
Examples read_cifar10(const ReadJob& job);
Examples read_idx(const ReadJob& job);
Examples read_latents(const ReadJob& job);

/// True if the folder or file is what the reader takes.
bool is_cifar10(const std::filesystem::path& path);
bool is_idx(const std::filesystem::path& path);

/// Whether the set has the files of this part.
bool has_cifar10_part(const std::filesystem::path& path, DataSettings::Split split);
bool has_idx_part(const std::filesystem::path& path, DataSettings::Split split);
bool has_image_part(const std::filesystem::path& path, DataSettings::Split split);

/// Throws EngineError(out_of_memory) where `count` examples of so many bytes would not fit into what is free.
void require_data_memory(std::int64_t count, std::int64_t bytes_an_example,
                         const std::filesystem::path& path);

/// Which of the examples with these classes (all in one class if empty) `limit` keeps; 0 keeps all.
std::vector<std::uint8_t> within_limit(std::span<const std::int32_t> labels, std::int64_t count,
                                       std::int64_t limit);

/// The shape that images become, from the settings and that of the first good image. Throws
/// EngineError(usage) if the settings leave open how an oblong becomes a square.
struct ImageShape {
    std::int64_t channels = 0;
    std::int64_t side = 0;
    std::int64_t bytes() const { return channels * side * side; }
};
ImageShape image_shape(const DataSettings& settings, int width, int height, int channels);

/// Takes out the examples whose entry is 0.
void keep_only(Examples& examples, std::span<const std::uint8_t> kept);

/// Throws EngineError(bad_file) if everything was left out.
void require_examples(const ReadJob& job, const Examples& examples);

/// "0", "1", ...
std::vector<std::string> numbered_classes(std::int64_t count);

}  // namespace duodiff
