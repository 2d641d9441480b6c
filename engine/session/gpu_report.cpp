// SPDX-License-Identifier: MIT
#include "session/gpu_report.h"

#include "base/device.h"
#include "cuda/choice.h"
#include "cuda/gpu.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace duodiff
{
namespace
{

constexpr double giga = 1e9;

std::string graphs_text(const cuda::GraphCounts& counts)
{
    if (cuda::mode() != cuda::Mode::graphs) {
        return "CUDA graphs off";
    }
    return fmt::format("CUDA graphs: {} recorded, {} replays, {} fallbacks", counts.captures, counts.replays,
                       counts.fallbacks);
}

void add(std::vector<Finding>& findings, std::string name, std::string value, Finding::Level level,
         std::string remedy = {})
{
    findings.push_back({"GPU", std::move(name), std::move(value), level, std::move(remedy)});
}

}  // namespace

void describe_gpu(MachineInfo& machine, const c10::Device& device, const cuda::GraphCounts& before)
{
    if (device.is_cpu()) {
        return;
    }
    const std::string label = cuda::device_label(device);
    machine.device = describe_device(device) + (label.empty() ? "" : " (" + label + ")");
    if (cuda::runs_on(device)) {
        const std::string kernels = cuda::attention_kernels();
        machine.attention = (kernels.empty() ? std::string("not chosen yet") : kernels) + "; " +
                            graphs_text(cuda::graph_counts() - before);
    }
}

void add_gpu_findings(std::vector<Finding>& findings, const c10::Device& device)
{
    using Level = Finding::Level;
    const bool own = cuda::has_kernels();
    if (own && !device.is_cpu() && cuda::mode() != cuda::Mode::eager && !cuda::runs_on(device)) {
        add(findings, "own kernels", "this GPU or its driver refuses them", Level::warning,
            "Build for this GPU (CMAKE_CUDA_ARCHITECTURES) with a toolkit that is not newer than the driver; "
            "LibTorch's kernels run meanwhile.");
        return;
    }
    add(findings, "own kernels", own ? "in this program" : "not in this program",
        own || device.is_cpu() ? Level::info : Level::warning,
        own || device.is_cpu()
            ? ""
            : "Build where a CUDA toolkit (nvcc) is found; LibTorch's kernels run meanwhile.");
    if (device.is_cpu()) {
        return;
    }
    const std::string label = cuda::device_label(device);
    add(findings, describe_device(device), label.empty() ? "no name" : label, Level::ok);
    if (const auto memory = cuda::device_memory(device)) {
        add(findings, "memory",
            fmt::format("{:.1f} GB, {:.1f} GB free", static_cast<double>(memory->total) / giga,
                        static_cast<double>(memory->free) / giga),
            Level::info);
    }
    if (cuda::runs_on(device)) {
        add(findings, "graphs", graphs_text(cuda::graph_counts()), Level::info);
        for (const std::string& choice : cuda::choices()) {
            const auto colon = choice.find(": ");
            add(findings, choice.substr(0, colon), choice.substr(colon + 2), Level::info);
        }
    }
}

}  // namespace duodiff
