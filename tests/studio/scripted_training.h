// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "scripted_engine.h"
#include "studio/trainer.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace duodiff::test
{

/// What the scripted trainer is to do, and what it has seen. Its runs write a log, pictures, checkpoints and
/// weights where a real one does, and obey pause and stop; what they compute is made up.
struct TrainingScript {
    Gate gate;  ///< before every step
    std::int64_t steps = 12;
    std::int64_t logEvery = 2;
    std::int64_t sampleEvery = 4;
    bool exits = false;
    std::string startFrom;
    std::optional<Failure> planFailure;
    std::optional<Failure> trainFailure;  ///< thrown after the first step
    std::vector<std::string> notes;

    std::mutex mutex;  ///< for what follows
    std::vector<TrainRequest> requests;
    std::thread::id thread;
    std::atomic<std::int64_t> stepsDone{0};
    std::atomic<bool> saved{false};
};

studio::TrainingServices scriptedTraining(std::shared_ptr<TrainingScript> script);

/// Lines of a log for these steps, added to the one of `folder`.
void addLogLines(const std::filesystem::path& folder, std::int64_t first, std::int64_t last, bool exits);

/// A grey picture of this step, and where its network has exits their curve.
void writeSample(const std::filesystem::path& folder, std::int64_t step, bool exits);

}  // namespace duodiff::test
