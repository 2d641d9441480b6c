// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "run_cli.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace duodiff::cli::test
{

/// What an engine that computes nothing is told to do, and what it was asked for.
struct Script {
    ModelInfo info;
    std::optional<Failure> open_failure;
    std::optional<Failure> check_failure;
    std::optional<Failure> sample_failure;  ///< thrown after `batches_before_failure` batches
    int batches_before_failure = 0;
    /// Called before each step; lets a test interrupt a run at a known place.
    std::function<void(int batch, int step)> before_step = [](int, int) {};

    // Asked for:
    int opened = 0;
    std::vector<ModelSource> sources;
    std::vector<SamplingSettings> sampled;
    std::vector<SampleOptions> options;  ///< of each run
    std::vector<double> parameters;      ///< theta, t_s or layer in force in each step, batch after batch
    std::string forward_note;            ///< what the job has to say of its input
    std::optional<ForwardRequest> forward;
    std::optional<DecodeRequest> decode;
    std::optional<ImportRequest> import;
    std::optional<BenchRequest> bench;
    std::optional<TrainRequest> train;
    std::optional<ExportRequest> export_model;
    std::optional<FrechetRequest> frechet;
    std::optional<LossesRequest> losses;
    std::optional<ClassifierRequest> classifier;
    std::optional<bool> speed_check;
    std::vector<std::filesystem::path> tensors;
};

struct Result {
    int status = -1;
    std::string out;
    std::string err;
};

/// One run of the command line in this process, on a scripted engine.
class World
{
public:
    World();
    Result run(const std::vector<std::string>& arguments);

    Script script;
    Hooks hooks;
    std::stop_source stop;
    InfoReport info;
    DoctorReport doctor;
    BenchReport bench;
    TrainResult trained;
    ExportResult exported;
    std::vector<TrainProgress> train_progress;  ///< said on the way
    FrechetReport frechet;
    LossesReport losses;
    ClassifierReport classifier;
    /// Thrown by every job but sampling, when set.
    std::optional<Failure> job_failure;
};

/// The only JSON object in `text`; fails the test where there is anything else.
nlohmann::json only_object(const std::string& text);

std::size_t lines(const std::string& text);
std::string content(const std::filesystem::path& path);
void make_file(const std::filesystem::path& path, const std::string& text = "x");

}  // namespace duodiff::cli::test
