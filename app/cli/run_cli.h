// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "evaluate/classifier_job.h"
#include "evaluate/frechet_job.h"
#include "evaluate/losses_job.h"
#include "session/engine.h"
#include "session/jobs.h"
#include "train/export_job.h"
#include "train/train_job.h"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace duodiff::cli
{

/// What the two output streams are connected to.
struct Terminal {
    bool out_is_terminal = false;
    bool err_is_terminal = false;  ///< progress is drawn only then
    bool colour = false;           ///< never true where NO_COLOR is set
    int width = 80;                ///< columns
};

/// Everything that the command line asks of the world, so that tests can run it on a scripted engine.
struct Hooks {
    std::function<std::unique_ptr<Engine>()> make_engine;
    std::function<void(const ForwardRequest&)> forward;
    std::function<void(const DecodeRequest&)> decode;
    std::function<InfoReport(const std::filesystem::path&, const std::filesystem::path&)> inspect;
    std::function<InfoReport(const ImportRequest&, const Progress&)> import_pack;
    std::function<DoctorReport(bool, const Progress&)> examine;
    std::function<BenchReport(const BenchRequest&, const Progress&, std::stop_token)> bench;
    std::function<void(const std::filesystem::path&, const RunOutcome&)> save_tensors;
    std::function<TrainResult(const TrainRequest&, const std::function<void(const TrainProgress&)>&,
                              std::stop_token)>
        train;
    std::function<ExportResult(const ExportRequest&)> export_model;
    std::function<FrechetReport(const FrechetRequest&, const Progress&, std::stop_token)> evaluate_frechet;
    std::function<LossesReport(const LossesRequest&, const Progress&, std::stop_token)> evaluate_losses;
    std::function<ClassifierReport(const ClassifierRequest&, const Progress&, std::stop_token)>
        make_classifier;

    /// Requested by the first interrupt once a command has said, by calling `watch_stop`, that it looks
    /// at the token; until then an interrupt ends the process at once.
    std::stop_token stop;
    std::function<void()> watch_stop;

    Terminal terminal;
    std::filesystem::path bundled_pack;  ///< empty: none was found
    std::string libtorch_version;
};

/// The whole program but its process: `arguments` without the program's name; returns the exit status.
/// Throws nothing.
int run_cli(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
            const Hooks& hooks);

}  // namespace duodiff::cli
