// SPDX-License-Identifier: MIT
#include "session/memory.h"

#include "base/error.h"
#include "base/process_memory.h"
#include "cuda/gpu.h"
#include "session/settings_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

namespace duodiff
{
namespace
{

constexpr double bytes_a_gigabyte = 1e9;

/// Buffers of (L, D) that a block holds at its peak besides the skips: the residual, the normalised
/// tokens, q, k, v, and the MLP's hidden layer.
double live_buffers(const UVitConfig& shape)
{
    return 7.0 + 2.0 * shape.mlp_ratio;
}

std::string gigabytes(double bytes)
{
    return fmt::format("{:.1f} GB", bytes / bytes_a_gigabyte);
}

/// A GPU holds the activations of a batch; what is kept of the images lies in the host's memory.
void require_gpu_memory(const MemoryNeed& need, const SamplingSettings& settings, const c10::Device& device)
{
    const auto memory = cuda::device_memory(device);
    if (!memory || need.batch_bytes <= static_cast<double>(memory->free)) {
        return;
    }
    const int batch = std::min(settings.batch, settings.count);
    const auto available = static_cast<double>(memory->free);
    const int fitting = std::max(1, static_cast<int>(available / (need.batch_bytes / batch) * 0.8));
    throw EngineError(ErrorCode::out_of_memory,
                      fmt::format("a batch of {} images needs about {} of the GPU's memory, and {} are free",
                                  batch, gigabytes(need.batch_bytes), gigabytes(available)),
                      "sampling", fmt::format("Use a batch of {} or fewer.", fitting));
}

}  // namespace

MemoryNeed memory_need(const SamplingSettings& settings, const ModelFiles& files, const Trajectory* keep)
{
    const UVitConfig& shape = files.shape();
    const double element = arithmetic_of(settings.precision).type == c10::kBFloat16 ? 2.0 : 4.0;
    const double skips = static_cast<double>(shape.depth) / 2.0;
    const double tokens = static_cast<double>(shape.tokens() * shape.embed_dim);
    const double pixels = static_cast<double>(shape.in_chans * shape.img_size * shape.img_size);
    const double batch = std::min(settings.batch, settings.count);

    MemoryNeed need;
    need.batch_bytes = batch * (tokens * element * (skips + live_buffers(shape)) + pixels * 4.0 * 6.0);
    double kept_an_image = pixels * 4.0 * (1.0 + static_cast<double>(settings.save_steps.size()));
    kept_an_image += settings.steps * 2.0;
    if (settings.policy == PolicyKind::adadiff) {
        kept_an_image += settings.steps * static_cast<double>(shape.depth) * 4.0;
    }
    need.run_bytes = settings.count * kept_an_image;
    if (keep) {
        const double a_state = pixels * 4.0 * (keep->options().keep_predicted ? 2.0 : 1.0);
        need.kept_bytes =
            std::min(settings.count * (settings.steps + 1.0) * a_state, static_cast<double>(keep->room()));
    }
    return need;
}

Failure with_smaller_batch(Failure failure, const SamplingSettings& settings)
{
    const int batch = std::min(settings.batch, settings.count);
    failure.remedy = batch > 1
                         ? fmt::format("Use a batch of {} or fewer.", batch / 2)
                         : "Close other programs that use this device's memory, or sample on another device.";
    return failure;
}

void require_memory_of(const MemoryNeed& need, const SamplingSettings& settings, double available)
{
    if (need.batch_bytes + need.run_bytes + need.kept_bytes <= available) {
        return;
    }
    if (need.run_bytes > 0.9 * available) {
        throw EngineError(ErrorCode::out_of_memory,
                          fmt::format("{} images with all their steps need about {}, and {} are free",
                                      settings.count, gigabytes(need.run_bytes), gigabytes(available)),
                          "sampling", "Make fewer images in one run.");
    }
    const double for_batches = available - need.run_bytes;
    if (need.batch_bytes <= for_batches) {
        throw EngineError(
            ErrorCode::out_of_memory,
            fmt::format("the steps that are kept of this run need up to {} beside the {} of the run, "
                        "and {} are free",
                        gigabytes(need.kept_bytes), gigabytes(need.batch_bytes + need.run_bytes),
                        gigabytes(available)),
            "sampling", "Lower the bound on kept steps, or make fewer images in one run.");
    }
    const double an_image = need.batch_bytes / std::min(settings.batch, settings.count);
    const int fitting = std::max(1, static_cast<int>(for_batches / an_image * 0.8));
    throw EngineError(ErrorCode::out_of_memory,
                      fmt::format("a batch of {} images needs about {}, and {} are free",
                                  std::min(settings.batch, settings.count), gigabytes(need.batch_bytes),
                                  gigabytes(available)),
                      "sampling", fmt::format("Use a batch of {} or fewer.", fitting));
}

void require_memory(const SamplingSettings& settings, const ModelFiles& files, c10::Device device,
                    const Trajectory* keep)
{
    MemoryNeed need = memory_need(settings, files, keep);
    if (!device.is_cpu()) {
        require_gpu_memory(need, settings, device);
        need.batch_bytes = 0.0;  // the host holds the rest
    }
    const auto available = static_cast<double>(available_memory());
    if (available > 0.0) {
        require_memory_of(need, settings, available);
    }
}

}  // namespace duodiff
