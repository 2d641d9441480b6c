// SPDX-License-Identifier: MIT
#pragma once

#include "train/train_job.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

/// What a training run has written, for a program that looks on while this or another process trains. No
/// LibTorch, and nothing here writes to the run's log or locks its folder.
namespace duodiff
{

/// What a run calls its files: step-00001000.png.
inline constexpr std::string_view step_prefix = "step-";
/// Nothing for a file of another name.
std::optional<std::int64_t> step_in_name(const std::filesystem::path& file);

/// Pictures that a run has drawn.
struct TrainSample {
    std::int64_t step = 0;
    std::filesystem::path picture{};
    std::filesystem::path exits{};  ///< empty: without exits
};

/// Those of `folder`, by step; empty where there are none yet.
std::vector<TrainSample> find_samples(const std::filesystem::path& folder);

/// The file that tells of the exits of a sample's weights: JSON with `timesteps`, `layers` and
/// `uncertainty` (a list a timestep, null where nothing was read).
void write_exit_curve(const std::filesystem::path& path, const TrainExitCurve& curve);
/// Throws EngineError(bad_file).
TrainExitCurve read_exit_curve(const std::filesystem::path& path);

/// Follows a run's log.jsonl. Every update reads only what is new; a log that was begun again, as a resumed
/// run does, is read anew. Of a very long log every second, fourth, ... line is kept, and the last.
class LogFollower
{
public:
    explicit LogFollower(std::filesystem::path folder, std::size_t most_lines = 8192);

    /// Whether there was anything new. Throws EngineError(bad_file) where there is no log.
    bool update();
    const std::vector<TrainCurves>& lines() const { return lines_; }

private:
    bool continues() const;
    void start_anew();
    bool read_on();
    void add(TrainCurves line);

    std::filesystem::path log_;
    std::size_t most_lines_;
    std::vector<TrainCurves> lines_;
    std::uintmax_t position_ = 0;  ///< bytes read, a whole number of lines
    std::int64_t last_step_ = -1;  ///< of the line before
    std::size_t stride_ = 1;       ///< of the lines read, that are kept
    std::size_t lines_read_ = 0;
    bool last_is_extra_ = false;  ///< the last of `lines_` is kept only until another comes
};

}  // namespace duodiff
