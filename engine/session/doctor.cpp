// SPDX-License-Identifier: MIT
#include "base/device.h"
#include "base/process_memory.h"
#include "model/cost.h"
#include "model/network.h"
#include "session/gpu_report.h"
#include "session/guard.h"
#include "session/jobs.h"
#include "session/machine.h"
#include "session/memory.h"
#include "session/random_model.h"
#include "session/settings_check.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace duodiff
{
namespace
{

using Level = Finding::Level;
using Clock = std::chrono::steady_clock;

constexpr double giga = 1e9;
constexpr std::uint64_t little_memory = 2ULL << 30U;

/// The CIFAR-10 U-ViT of the DuoDiff paper, three blocks of it.
UVitConfig check_shape()
{
    return shallow_partner(standard_shapes().front().config);
}

/// Calls of `work` a second, over about `seconds` after one call to warm up.
template <class Work>
double calls_a_second(double seconds, const c10::Device& device, const Work& work)
{
    work();
    synchronize(device);
    const auto start = Clock::now();
    int calls = 0;
    double elapsed = 0.0;
    while (elapsed < seconds) {
        work();
        synchronize(device);
        ++calls;
        elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return calls / elapsed;
}

void check_speed(std::vector<Finding>& findings, const c10::Device& device, const Progress& progress)
{
    constexpr std::int64_t side = 1024;
    constexpr std::int64_t batch = 4;
    constexpr double seconds = 1.0;
    const UVitConfig shape = check_shape();
    const auto tensors = random_weights(shape, 1);
    const double step_flops = UVitCost(shape).all_blocks() * batch;
    double done = 0.0;
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        const auto report = [&](const char* what) {
            if (progress) {
                progress(fmt::format("{} in {}", what, to_string(precision)), done / 4.0);
            }
            done += 1.0;
        };
        const auto options = at::TensorOptions().device(device).dtype(arithmetic_of(precision).type);
        report("matrix products");
        const at::Tensor a = at::randn({side, side}, options);
        const Linear product(at::randn({side, side}, options), {}, side);
        const double products =
            calls_a_second(seconds, device, [&] { product(a); }) * 2.0 * side * side * side;
        findings.push_back({"Speed",
                            fmt::format("matrix product, {}", to_string(precision)),
                            fmt::format("{:.0f} GFLOP/s", products / giga),
                            Level::info,
                            {}});
        report("U-ViT steps");
        const Network network(
            std::make_shared<const UVit>(shape, TensorSource(tensors, device), arithmetic_of(precision)));
        const at::Tensor x = at::randn({batch, shape.in_chans, shape.img_size, shape.img_size},
                                       at::TensorOptions().device(device).dtype(at::kFloat));
        const double steps = calls_a_second(seconds, device, [&] {
            Activations activations = network.begin(x, 500, {});
            while (activations.layer < network.depth()) {
                network.advance(activations);
            }
            network.leave(network.depth(), activations.tokens);
        });
        findings.push_back({"Speed",
                            fmt::format("U-ViT, 3 blocks of 512, batch {}, {}", batch, to_string(precision)),
                            fmt::format("{:.0f} GFLOP/s, {:.0f} % of the product", steps * step_flops / giga,
                                        100.0 * steps * step_flops / products),
                            Level::info,
                            {}});
    }
}

std::set<std::string> loaded_libraries(std::string_view part)
{
    std::ifstream maps("/proc/self/maps");
    std::set<std::string> found;
    std::string line;
    while (std::getline(maps, line)) {
        const auto slash = line.find('/');
        if (slash != std::string::npos && line.find(part, slash) != std::string::npos) {
            found.insert(line.substr(slash));
        }
    }
    return found;
}

void check_threads(std::vector<Finding>& findings, const MachineInfo& machine)
{
    findings.push_back({"Threads", "processors", fmt::format("{}", machine.cores), Level::info, {}});
    findings.push_back({"Threads", "LibTorch threads", fmt::format("{}", machine.threads),
                        machine.threads > machine.cores ? Level::warning : Level::ok,
                        machine.threads > machine.cores ? "Unset OMP_NUM_THREADS, or lower it." : ""});
    const char* policy = std::getenv("OMP_WAIT_POLICY");
    const bool passive =
        policy && (std::string_view(policy) == "PASSIVE" || std::string_view(policy) == "passive");
    findings.push_back(
        {"Threads", "waiting threads", passive ? "sleep" : "spin", passive ? Level::ok : Level::warning,
         passive ? "" : "Set OMP_WAIT_POLICY=PASSIVE before starting: spinning threads slow each other."});
    const std::size_t runtimes = loaded_libraries("libgomp").size() + loaded_libraries("libiomp").size();
    findings.push_back({"Threads", "OpenMP runtimes loaded", fmt::format("{}", runtimes),
                        runtimes <= 1 ? Level::ok : Level::warning,
                        runtimes <= 1 ? "" : "Two thread pools compete: link one OpenMP runtime only."});
}

void check_devices(std::vector<Finding>& findings)
{
    const std::vector<std::string> names = device_names();
    findings.push_back({"Devices", "usable", fmt::format("{}", fmt::join(names, ", ")), Level::ok, {}});
    const bool driver = std::ifstream("/proc/driver/nvidia/version").good();
    if (!at::globalContext().hasCUDART()) {
        findings.push_back({"Devices", "CUDA", "this LibTorch is built without it",
                            driver ? Level::warning : Level::info,
                            driver ? "Build with a CUDA LibTorch (DUODIFF_TORCH_DIR) to use the GPU." : ""});
    } else if (names.size() == 1) {
        findings.push_back({"Devices", "CUDA", "LibTorch has it, but no GPU answers", Level::warning,
                            "Check the driver with nvidia-smi."});
    }
}

void check_precision(std::vector<Finding>& findings, const c10::Device& device)
{
    const bool fast = has_fast_bf16(device);
    findings.push_back({"Precision", "bf16 in hardware", fast ? "yes" : "no", Level::info, {}});
    UVitConfig small = check_shape();
    small.embed_dim = 128;
    findings.push_back({"Precision",
                        "auto, narrow models",
                        std::string(to_string(resolve_precision(Precision::automatic, device, small))),
                        Level::info,
                        {}});
    findings.push_back(
        {"Precision",
         "auto, wide models",
         std::string(to_string(resolve_precision(Precision::automatic, device, check_shape()))),
         Level::info,
         {}});
}

/// What runs the blocks of the CIFAR-10 shape here, and the measurement behind it.
void check_blocks(std::vector<Finding>& findings, const c10::Device& device)
{
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        const Arithmetic arithmetic = arithmetic_of(precision);
        const BlockChoice choice = UVit::block_choice(check_shape(), device, arithmetic);
        std::string text = describe(choice.path, arithmetic);
        if (choice.own_ms > 0.0) {
            text += fmt::format(" (LibTorch's operators take {:.2f}x their time)",
                                choice.libtorch_ms / choice.own_ms);
        }
        findings.push_back(
            {"Precision", fmt::format("blocks in {}", to_string(precision)), text, Level::info, {}});
    }
    const std::string obstacle = UVit::int8_obstacle(check_shape(), device);
    const std::string text =
        obstacle.empty()
            ? fmt::format("{} (only where asked for)", describe(BlockPath::own_kernels, int8_arithmetic()))
            : "not possible: " + obstacle;
    findings.push_back({"Precision", "blocks in int8", text, Level::info, {}});
}

DoctorReport do_examine(bool speed_check, const Progress& progress)
{
    DoctorReport report;
    const c10::Device device = resolve_device("auto");
    report.machine = describe_machine(device, Precision::automatic, check_shape());
    std::vector<Finding>& findings = report.findings;
    findings.push_back({"Versions", "program", program_version(), Level::info, {}});
    findings.push_back({"Versions", "LibTorch", report.machine.libtorch, Level::info, {}});
    findings.push_back({"Versions", "system", report.machine.os, Level::info, {}});
    findings.push_back({"Devices", "processor", report.machine.cpu, Level::info, {}});
    check_devices(findings);
    const std::uint64_t available = available_memory();
    findings.push_back(
        {"Devices", "memory",
         fmt::format("{:.1f} GB, {:.1f} GB free", static_cast<double>(report.machine.memory_bytes) / giga,
                     static_cast<double>(available) / giga),
         available > 0 && available < little_memory ? Level::warning : Level::ok,
         available > 0 && available < little_memory ? "Close other programs, or use small batches." : ""});
    check_threads(findings, report.machine);
    check_precision(findings, device);
    check_blocks(findings, device);
    if (speed_check) {
        check_speed(findings, device, progress);
    }
    add_gpu_findings(findings, device);
    return report;
}

}  // namespace

DoctorReport examine(bool speed_check, const Progress& progress)
{
    return guarded("doctor", [&] { return do_examine(speed_check, progress); });
}

}  // namespace duodiff
