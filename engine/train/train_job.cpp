// SPDX-License-Identifier: MIT
#include "train/train_job.h"

#include "base/device.h"
#include "base/only_engine_errors.h"
#include "train/log_file.h"
#include "train/train_config.h"
#include "train/train_run.h"

#include <ATen/Parallel.h>

namespace duodiff
{
namespace
{

TrainConfig resolved(TrainConfig config, c10::Device device)
{
    config.training.device = describe_device(device);
    if (config.training.precision == Precision::automatic) {
        config.training.precision = has_fast_bf16(device) ? Precision::bf16 : Precision::fp32;
    }
    if (config.training.threads == 0) {
        config.training.threads = at::get_num_threads();
    }
    return config;
}

TrainResult do_train(const TrainRequest& request, const TrainControls& controls)
{
    TrainConfig config = read_train_config(request.config, request.overrides);
    const c10::Device device = resolve_device(config.training.device);
    config = resolved(std::move(config), device);
    at::set_num_threads(static_cast<int>(config.training.threads));
    TrainRun run(config, device, request.resume, controls);
    return run.run();
}

}  // namespace

TrainResult train(const TrainRequest& request, const std::function<void(const TrainProgress&)>& progress,
                  std::stop_token stop, PauseSwitch* pause)
{
    return only_engine_errors(request.config.string(), [&] {
        return do_train(request, {.progress = progress, .stop = stop, .pause = pause});
    });
}

std::vector<TrainCurves> read_train_log(const std::filesystem::path& folder)
{
    return only_engine_errors(folder.string(), [&] { return read_log(folder / "log.jsonl"); });
}

}  // namespace duodiff
