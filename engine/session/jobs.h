// SPDX-License-Identifier: MIT
#pragma once

#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The engine's work besides sampling: everything the command line does to files. Each call blocks
/// until done and throws EngineError and nothing else.
namespace duodiff
{

/// `duodiff forward`: for every suffix S of the input's `x.S` (and `y.S`), S being the timestep, one
/// network call; writes `output.S`, for early exit also `uncertainty.S` (depth, B) and
/// `exit_outputs.S` (depth, B, C, H, W), for the AdaDiff authors' form also `certainty_map.S`.
struct ForwardRequest {
    std::filesystem::path model;
    std::filesystem::path config;
    std::filesystem::path input;
    std::filesystem::path output;
    std::string device = "cpu";
    Precision precision = Precision::fp32;
    /// Told what of the input the model has no use for; null: nobody wants to know.
    std::function<void(const std::string& note)> note{};
};
void forward_file(const ForwardRequest& request);

/// `duodiff decode`: reads `z` (B, C, h, w), writes `decoded` (B, 3, H, W), and where the input has
/// `image` (B, 3, H, W) also `moments` (B, 2 C, h, w).
struct DecodeRequest {
    std::filesystem::path autoencoder;
    std::filesystem::path config;
    std::filesystem::path input;
    std::filesystem::path output;
    std::string device = "cpu";
};
void decode_file(const DecodeRequest& request);

/// One network of a pack, or the one of a bare checkpoint.
struct PartInfo {
    std::string role;        ///< "full", "shallow", "early_exit", "autoencoder"
    std::string file;        ///< name of the file
    std::string kind;        ///< "U-ViT", "U-ViT with early exit", "KL autoencoder"
    std::string convention;  ///< "DuoDiff authors", "AdaDiff authors", "U-ViT authors", ...
    std::string probes;      ///< "mlp_probe_per_layer", ...; empty: none
    std::string sha256;
    std::uint64_t file_bytes = 0;
    std::int64_t parameters = 0;
    double gflops_per_step = 0.0;                             ///< all blocks, one image
    std::vector<std::pair<std::string, std::string>> config;  ///< key, value
    std::vector<std::pair<std::string, double>>
        gflops_by_part;            ///< "embedding", "block 0", ..., "head", "probe 0"
    bool shares_backbone = false;  ///< with the pack's full network
};

struct InfoReport {
    std::filesystem::path path;
    bool is_pack = false;
    std::string name;
    std::string description;
    std::string licence;
    std::string provenance;
    std::vector<std::string> class_names;
    std::string parametrization;
    std::string schedule;  ///< "linear 0.0001 .. 0.02, 1000 steps"
    int switch_step_default = 0;
    double threshold_default = 0.0, threshold_minimum = 0.0, threshold_maximum = 0.0;
    std::vector<PartInfo> parts;
};

/// `duodiff info`. `config` may be empty.
InfoReport inspect(const std::filesystem::path& path, const std::filesystem::path& config = {});

/// `duodiff import`: makes a pack folder (pack.json and safetensors files), whole or not at all. The
/// early-exit part stores only probes and heads where its backbone equals the full model's tensors.
struct ImportRequest {
    std::filesystem::path full;
    std::filesystem::path shallow;
    std::filesystem::path early_exit;
    std::filesystem::path autoencoder;
    /// YAML files; each is used for the checkpoints with the same stem, and one alone for all U-ViTs.
    std::vector<std::filesystem::path> configs;
    std::filesystem::path output;
    std::string name;
    std::string licence;
    std::string provenance;
    std::vector<std::string> class_names;
    bool overwrite = false;
};
/// Returns what the new pack holds. Runs a short probe run to find the useful range of theta.
InfoReport import_pack(const ImportRequest& request, const Progress& progress = {});

/// Of the LibTorch that the engine was built with, such as "2.13.0".
std::string libtorch_version();

/// One line of `duodiff doctor`.
struct Finding {
    enum class Level { info, ok, warning, missing };
    std::string topic;  ///< "Versions", "Devices", ...
    std::string name;
    std::string value;
    Level level = Level::info;
    std::string remedy;
};
struct DoctorReport {
    std::vector<Finding> findings;
    MachineInfo machine;
};
/// `speed_check`: about five seconds of matrix products and U-ViT blocks in fp32 and bf16.
DoctorReport examine(bool speed_check, const Progress& progress = {});

/// Median, smallest and largest of some samples.
struct Spread {
    double median = 0.0;
    double minimum = 0.0;
    double maximum = 0.0;
};

/// `duodiff bench`. All figures that are compared come from one process, in turn, after two calls (a run of a
/// few steps) to warm up.
enum class BenchPart { steps, runs, loading, accuracy };
struct BenchRequest {
    ModelSource source;
    SamplingSettings base;  ///< steps, count, batch, seed, device, precision
    std::vector<BenchPart> parts{BenchPart::steps, BenchPart::runs, BenchPart::loading, BenchPart::accuracy};
    /// "cifar10", "imagenet64", "imagenet256": these, with random weights, besides the model (accuracy left
    /// out: it would say nothing).
    std::vector<std::string> shapes;
    int shape_steps = 8;                     ///< solver steps of the shapes' whole runs
    std::vector<int> batches{1, 4, 16, 64};  ///< of the single steps
    std::vector<int> switch_steps;
    std::vector<double>
        thresholds;  ///< empty: those that skip about 25, 50 and 75 % of the blocks, where there are
    int rounds = 5;
    int accuracy_images = 64;
};
/// The rate of the matrix product (B L, D) by (D, 4 D) alone, through LibTorch.
struct ProductRate {
    std::string model;
    int batch = 0;
    Precision precision = Precision::fp32;
    double gflops = 0.0;
};
/// One way to compute a step of a network for all images of a batch.
struct StepTiming {
    std::string name;  ///< "plain LibTorch fp32" (the baseline), "plain LibTorch bf16", "duodiff fp32", ...
    Precision precision = Precision::fp32;
    Spread ms;
    Spread speedup;  ///< the baseline's time over this one's, in the same round
    double gflops = 0.0;
    double share_of_product = 0.0;  ///< of the product's rate in the same precision, same rounds
};
struct StepBenchRow {
    std::string model;
    std::string network;  ///< "full" or "shallow"
    int depth = 0;
    int batch = 0;
    double gflop = 0.0;  ///< of the step, all images
    std::vector<StepTiming> timings;
};
struct BenchRow {
    std::string name;        ///< "full", "duodiff t_s=300", "adadiff theta=0.08"
    std::vector<double> ms;  ///< sampling wall time, one a round
    double median_ms = 0.0;
    double speedup = 1.0;              ///< median over rounds of full's time / this time, same round
    Spread speedups;                   ///< of which `speedup` is the median
    double blocks_skipped = 0.0;       ///< share of the full network's blocks that did not run
    double skipped_became_time = 0.0;  ///< (1 - time ratio) / blocks_skipped; NaN for full
    double mean_exit_layer = 0.0;
    Ledger ledger;
};
struct LoadingBench {
    Spread ms;                        ///< opening the model, files in the page cache
    std::uint64_t weight_bytes = 0;   ///< in the precision of the runs
    std::uint64_t loaded_bytes = 0;   ///< resident memory that opening added
    std::uint64_t running_bytes = 0;  ///< and that a run of one batch added to that
};
/// The same runs in `precision` and in fp32.
struct AccuracyRow {
    std::string name;
    Precision precision = Precision::bf16;
    int images = 0;
    double psnr_median = 0.0;  ///< dB, of the final images in [-1, 1]; infinite where they are equal
    double psnr_minimum = 0.0;
    double exit_layer_difference = 0.0;  ///< of the mean exit layers, less that of fp32
};
/// What concerns whole runs of one model.
struct ModelBench {
    ModelSummary model;
    SamplingSettings settings;       ///< of its runs
    std::vector<double> thresholds;  ///< those of the request, or those found
    std::vector<BenchRow> rows;
    std::optional<LoadingBench> loading;
    std::vector<AccuracyRow> accuracy;
};
struct BenchReport {
    MachineInfo machine;
    BenchRequest request;
    std::vector<StepBenchRow> steps;
    std::vector<ProductRate> products;
    std::vector<ModelBench> models;  ///< the model asked for first, then the shapes
};
/// Shapes with random weights are written to a folder for temporary files and deleted at the end.
BenchReport bench(const BenchRequest& request, const Progress& progress = {}, std::stop_token stop = {});

/// `--save-tensors`: samples (B, C, H, W) before clipping, exit_layers (steps, B) int64, uncertainty
/// (steps, probes, B) with NaN where a layer was not run, timesteps (steps).
void save_tensors(const std::filesystem::path& path, const RunOutcome& outcome);

}  // namespace duodiff
