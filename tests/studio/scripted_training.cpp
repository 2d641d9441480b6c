// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_training.h"

#include "train/log_file.h"
#include "train/looking_on.h"

#include <QImage>
#include <QString>

#include <cmath>
#include <fstream>

namespace duodiff::test
{

namespace
{

namespace fs = std::filesystem;

constexpr int depth = 3;

std::string numbered(std::int64_t step, const char* suffix)
{
    return QStringLiteral("step-%1.%2")
        .arg(step, 8, 10, QLatin1Char('0'))
        .arg(QLatin1String(suffix))
        .toStdString();
}

std::optional<std::int64_t> newestCheckpoint(const fs::path& folder)
{
    std::optional<std::int64_t> newest;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "checkpoints", none)) {
        const std::int64_t step = std::stoll(entry.path().stem().string().substr(5));
        newest = std::max(newest.value_or(0), step);
    }
    return newest;
}

LogLine lineOf(std::int64_t step, bool exits)
{
    LogLine line;
    line.step = step;
    line.learning_rate = 1e-3;
    line.loss = 1.0 / std::sqrt(static_cast<double>(step));
    line.images_per_second = 100.0;
    line.seconds = static_cast<double>(step);
    for (int part = 0; part < 10; ++part) {
        line.loss_by_timestep.push_back(line.loss * (2.0 - 0.15 * part));
    }
    if (exits) {
        line.loss_by_layer = {line.loss * 2.0, line.loss * 1.5, line.loss};
        line.uncertainty_error_by_layer = {0.03, 0.02, 0.01};
    }
    return line;
}

TrainPlan planOf(const TrainingScript& script, const fs::path& config,
                 const studio::TrainOverrides& overrides)
{
    if (script.planFailure) {
        throw EngineError(*script.planFailure);
    }
    if (!fs::exists(config)) {
        throw EngineError(ErrorCode::bad_file, "there is no such file", config.string());
    }
    TrainPlan plan;
    plan.kind = script.exits ? "early_exit" : "full";
    plan.parametrization = "predict_noise";
    plan.image_size = 28;
    plan.channels = 1;
    plan.patch_size = 4;
    plan.width = 128;
    plan.depth = depth;
    plan.heads = 4;
    plan.classes = 10;
    plan.parameters = 3'200'000;
    plan.batch_size = 64;
    plan.learning_rate = 1e-3;
    plan.precision = "auto";
    plan.device = "auto";
    plan.steps = script.steps;
    plan.data = config.parent_path().string();
    plan.folder = (config.parent_path() / "run").string();
    plan.start_from = script.startFrom;
    if (script.exits) {
        plan.probe = "mlp_probe_per_layer";
        plan.exit_layers = {0, 1, 2};
        plan.backbone = config.string();
    }
    for (const auto& [key, value] : overrides) {
        plan.steps = key == "training.steps" ? std::stoll(value) : plan.steps;
        plan.threads = key == "training.threads" ? std::stoll(value) : plan.threads;
        plan.folder = key == "output.folder" ? value : plan.folder;
        plan.data = key == "data.path" ? value : plan.data;
        plan.start_from = key == "training.start_from" ? value : plan.start_from;
    }
    plan.resumes_from = newestCheckpoint(plan.folder);
    const fs::path weights = fs::path(plan.folder) / (plan.kind + ".safetensors");
    plan.weights = fs::exists(weights) ? weights : fs::path();
    return plan;
}

TrainResult run(TrainingScript& script, const TrainRequest& request,
                const std::function<void(const TrainProgress&)>& progress, const std::stop_token& stop,
                PauseSwitch& pause)
{
    {
        const std::lock_guard lock(script.mutex);
        script.requests.push_back(request);
        script.thread = std::this_thread::get_id();
    }
    using Kind = TrainProgress::Kind;
    const TrainPlan plan = planOf(script, request.config, request.overrides);
    const fs::path folder = plan.folder;
    for (const char* part : {"checkpoints", "samples"}) {
        fs::create_directories(folder / part);
    }
    progress({.kind = Kind::preparing, .fraction = 0.5, .text = "Reading the training data"});
    for (const std::string& note : script.notes) {
        progress({.kind = Kind::note, .text = note});
    }
    std::int64_t step = request.resume ? plan.resumes_from.value_or(0) : 0;
    std::ofstream(folder / "config.yaml") << "kind: full\n";
    LogFile log(folder / "log.jsonl", step);
    progress({.kind = Kind::started, .step = step, .steps = plan.steps, .folder = folder});
    while (step < plan.steps && !stop.stop_requested()) {
        if (pause.is_paused()) {
            pause.wait_while_paused(stop);
            continue;
        }
        script.gate.pass(stop);
        if (stop.stop_requested()) {
            break;
        }
        ++step;
        ++script.stepsDone;
        progress({.kind = Kind::step,
                  .step = step,
                  .steps = plan.steps,
                  .loss = 0.5,
                  .images_per_second = 100.0,
                  .seconds_left = static_cast<double>(plan.steps - step)});
        if (script.trainFailure) {
            throw EngineError(*script.trainFailure);
        }
        if (step % script.logEvery == 0) {
            log.add(lineOf(step, script.exits));
            progress({.kind = Kind::logged, .step = step, .curves = lineOf(step, script.exits)});
        }
        if (step % script.sampleEvery == 0) {
            writeSample(folder, step, script.exits);
            progress({.kind = Kind::sampled, .step = step});
        }
    }
    const fs::path checkpoint = folder / "checkpoints" / numbered(step, "safetensors");
    std::ofstream(checkpoint) << "x";
    const fs::path weights = folder / (plan.kind + ".safetensors");
    std::ofstream(weights) << "x";
    progress({.kind = Kind::saved, .step = step, .file = checkpoint});
    script.saved = true;
    return {.step = step,
            .steps = plan.steps,
            .finished = step == plan.steps,
            .seconds = 61.0,
            .loss = 0.5,
            .weights = weights,
            .checkpoint = checkpoint};
}

}  // namespace

studio::TrainingServices scriptedTraining(std::shared_ptr<TrainingScript> script)
{
    studio::TrainingServices services;
    services.plan = [script](const fs::path& config, const studio::TrainOverrides& overrides) {
        return planOf(*script, config, overrides);
    };
    services.train = [script](const TrainRequest& request,
                              const std::function<void(const TrainProgress&)>& progress, std::stop_token stop,
                              PauseSwitch* pause) { return run(*script, request, progress, stop, *pause); };
    return services;
}

void addLogLines(const fs::path& folder, std::int64_t first, std::int64_t last, bool exits)
{
    fs::create_directories(folder / "samples");
    LogFile log(folder / "log.jsonl", first - 1);
    for (std::int64_t step = first; step <= last; ++step) {
        log.add(lineOf(step, exits));
    }
}

void writeSample(const fs::path& folder, std::int64_t step, bool exits)
{
    QImage image(8, 8, QImage::Format_Grayscale8);
    image.fill(static_cast<uint>(step) % 256U);
    image.save(QString::fromStdString((folder / "samples" / numbered(step, "png")).string()));
    if (exits) {
        write_exit_curve(
            folder / "samples" / numbered(step, "json"),
            {{900, 500, 100}, {0, 1, 2}, {0.5F, 0.3F, 0.1F, 0.5F, 0.4F, 0.3F, 0.6F, 0.5F, 0.4F}});
    }
}

}  // namespace duodiff::test
