// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/synthetic_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace duodiff::test
{

namespace
{

NetworkRole networkAt(const SamplingSettings& settings, int t)
{
    if (settings.policy == PolicyKind::duodiff && t >= 1000 - settings.switch_step) {
        return NetworkRole::shallow;
    }
    const bool exits = settings.policy == PolicyKind::adadiff || settings.policy == PolicyKind::static_layer;
    return exits ? NetworkRole::early_exit : NetworkRole::full;
}

int layerAt(const ModelSummary& model, const SamplingSettings& settings, int t, int jump)
{
    switch (settings.policy) {
        case PolicyKind::duodiff:
            return networkAt(settings, t) == NetworkRole::shallow ? model.shallow_depth : model.depth;
        case PolicyKind::adadiff:
            return t > jump ? 2 : model.depth;
        case PolicyKind::static_layer:
            return settings.exit_layer;
        case PolicyKind::full:
            break;
    }
    return model.depth;
}

}  // namespace

ModelSummary syntheticModel()
{
    ModelSummary model;
    model.name = "synthetic";
    model.path = "models/synthetic";
    model.sha256 = {{"full", std::string(64, 'a')}, {"shallow", std::string(64, 'b')}};
    model.class_names = {"T-shirt", "Trouser", "Pullover", "Dress", "Coat",
                         "Sandal",  "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    model.image_size = 28;
    model.channels = 1;
    model.depth = 13;
    model.shallow_depth = 3;
    model.has_early_exit = true;
    model.full_gflops = 0.42;
    model.shallow_gflops = 0.11;
    for (int layer = 0; layer <= model.depth; ++layer) {
        model.gflops_by_exit_layer.push_back(0.03 + 0.03 * layer);
    }
    return model;
}

SamplingSettings syntheticSettings(PolicyKind policy, int steps, int count, int batch)
{
    SamplingSettings settings;
    settings.policy = policy;
    settings.steps = steps;
    settings.count = count;
    settings.batch = batch;
    settings.exit_layer = 5;
    settings.seed = 7;
    return settings;
}

std::vector<Frame> syntheticFrames(const ModelSummary& model, const SamplingSettings& settings)
{
    std::vector<Frame> frames;
    std::mt19937 random(11);
    int batch = 0;
    for (int first = 0; first < settings.count; first += settings.batch, ++batch) {
        const int size = std::min(settings.batch, settings.count - first);
        std::vector<int> jumps(static_cast<std::size_t>(size));
        std::generate(jumps.begin(), jumps.end(), [&] { return 560 + static_cast<int>(random() % 80); });
        for (int step = 0; step < settings.steps; ++step) {
            Frame frame;
            frame.batch = batch;
            frame.first_image = first;
            frame.step = step;
            frame.t = settings.steps == 1 ? 999
                                          : static_cast<int>(std::lround((settings.steps - 1 - step) * 999.0 /
                                                                         (settings.steps - 1)));
            frame.network = networkAt(settings, frame.t);
            frame.parameter = std::numeric_limits<double>::quiet_NaN();
            frame.ms = 20.0;
            for (const int jump : jumps) {
                frame.exit_layers.push_back(
                    static_cast<std::int16_t>(layerAt(model, settings, frame.t, jump)));
            }
            frames.push_back(std::move(frame));
        }
    }
    return frames;
}

RunRecord syntheticRecord(const SamplingSettings& settings)
{
    RunRecord record;
    record.settings = settings;
    record.model = syntheticModel();
    record.machine = {.cpu = "A processor",
                      .cores = 2,
                      .threads = 2,
                      .device = "cpu",
                      .precision = "bf16",
                      .attention = "flash",
                      .os = "Debian 12",
                      .libtorch = "2.13.0",
                      .program = "duodiff 0.1.0",
                      .memory_bytes = std::uint64_t{24} << 30};
    record.started_at = "2026-01-02T03:04:05Z";
    for (const Frame& frame : syntheticFrames(record.model, settings)) {
        record.add(frame);
    }
    for (int image = 0; image < settings.count; ++image) {
        record.images.push_back({image, settings.seed + static_cast<std::uint64_t>(image), image % 10, {}});
    }
    record.ledger.blocks = 17400;
    record.ledger.probes = 1200;
    record.ledger.heads = 1000;
    record.ledger.solver = 900;
    record.ledger.noise = 1000;
    record.ledger.previews = 300;
    record.ledger.wall = 22000;
    record.sampling_ms = 21990;
    return record;
}

}  // namespace duodiff::test
