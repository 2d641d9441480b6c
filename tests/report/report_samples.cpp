// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/report_samples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace duodiff::test
{

namespace
{

constexpr int depth = 13;
constexpr int shallow_depth = 3;

bool same(double a, double b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

template <class Value>
bool same(const std::vector<Value>& a, const std::vector<Value>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](Value x, Value y) { return same(static_cast<double>(x), static_cast<double>(y)); });
}

Frame frame_of(const RunRecord& run, int step, int batch, int first, int images)
{
    Frame frame;
    frame.step = step;
    frame.batch = batch;
    frame.first_image = first;
    frame.t = 999 - step * 1000 / run.settings.steps;
    frame.ms = 1.25 + step % 7;
    const double progress = static_cast<double>(step) / run.settings.steps;
    for (int i = 0; i < images; ++i) {
        int layer = depth;
        switch (run.settings.policy) {
            case PolicyKind::full:
                frame.parameter = std::numeric_limits<double>::quiet_NaN();
                break;
            case PolicyKind::duodiff:
                frame.parameter = run.settings.switch_step;
                frame.network = progress < 0.3 ? NetworkRole::shallow : NetworkRole::full;
                layer = progress < 0.3 ? shallow_depth : depth;
                break;
            case PolicyKind::adadiff:
                frame.parameter = run.settings.threshold;
                frame.network = NetworkRole::early_exit;
                layer = progress < 0.4 + 0.01 * ((first + i) % 5) ? 2 : depth;
                break;
            case PolicyKind::static_layer:
                frame.parameter = run.settings.exit_layer;
                layer = run.settings.exit_layer;
                break;
        }
        frame.exit_layers.push_back(static_cast<std::int16_t>(layer));
    }
    if (run.settings.policy == PolicyKind::adadiff) {
        for (int probe = 0; probe < depth; ++probe) {
            for (int i = 0; i < images; ++i) {
                const bool ran = probe <= frame.exit_layers[static_cast<std::size_t>(i)];
                frame.uncertainty.push_back(ran ? 0.01F * static_cast<float>(probe + i) + 0.1F / 3.0F
                                                : std::numeric_limits<float>::quiet_NaN());
            }
        }
    }
    return frame;
}

std::string step_difference(const StepRecord& a, const StepRecord& b)
{
    if (a.step != b.step || a.t != b.t || a.network != b.network || !same(a.ms, b.ms)) {
        return "step";
    }
    if (!same(a.parameters, b.parameters)) {
        return "parameters";
    }
    if (a.exit_layers != b.exit_layers) {
        return "exit_layers";
    }
    if (a.networks != b.networks) {
        return "networks";
    }
    return same(a.uncertainty, b.uncertainty) ? "" : "uncertainty";
}

}  // namespace

RunRecord new_run(PolicyKind policy, int images, int steps)
{
    RunRecord run;
    run.settings.policy = policy;
    run.settings.exit_layer = 4;
    run.settings.threshold = 0.1;
    run.settings.count = images;
    run.settings.batch = std::max((images + 1) / 2, 1);
    run.settings.steps = steps;
    run.settings.seed = 18'446'744'073'709'551'000ULL;
    run.settings.classes = {0, 2};
    run.settings.save_steps = {999, 500};
    run.machine = {"A processor",   8,           4, "cpu", "bf16", "math", "Debian GNU/Linux 12", "2.13.0",
                   "duodiff 0.1.0", 25ULL << 30U};
    run.model.name = "fashion-mnist";
    run.model.path = "models/fashion-mnist";
    run.model.late_path = "full.pth";
    run.model.config_path = "shallow.yaml";
    run.model.late_config_path = "full.yaml";
    run.model.sha256 = {{"full", std::string(64, 'a')}, {"shallow", std::string(64, 'b')}};
    run.model.class_names = {"T-shirt", "Trouser", "Sac \u00e0 main"};
    run.model.image_size = 28;
    run.model.channels = 1;
    run.model.depth = depth;
    run.model.shallow_depth = shallow_depth;
    run.model.has_early_exit = true;
    run.model.full_gflops = 0.107;
    run.model.shallow_gflops = 0.028;
    for (int layer = 0; layer <= depth; ++layer) {
        run.model.gflops_by_exit_layer.push_back(0.004 + 0.0081 * layer);
    }
    run.started_at = "2026-01-02T03:04:05Z";
    return run;
}

RunRecord finished_run(PolicyKind policy, int images, int steps)
{
    RunRecord run = new_run(policy, images, steps);
    for (int batch = 0, first = 0; first < images; ++batch, first += run.settings.batch) {
        const int size = std::min(run.settings.batch, images - first);
        for (int step = 0; step < steps; ++step) {
            run.add(frame_of(run, step, batch, first, size));
        }
    }
    for (int i = 0; i < images; ++i) {
        run.images.push_back({i, run.settings.seed + static_cast<std::uint64_t>(i), i % 2 * 2, "0000.png"});
    }
    run.ledger.embed = 12.5;
    run.ledger.blocks = 0.7 * static_cast<double>(blocks_run(run));
    run.ledger.probes = policy == PolicyKind::adadiff ? 20.0 : 0.0;
    run.ledger.heads = 30.0;
    run.ledger.compaction = policy == PolicyKind::adadiff ? 5.0 : 0.0;
    run.ledger.solver = 7.0;
    run.ledger.wall = run.ledger.sum_of_parts() + 3.25;
    run.sampling_ms = run.ledger.wall;
    return run;
}

std::string difference(const RunRecord& a, const RunRecord& b)
{
    const auto images = [](const std::vector<ImageRecord>& of) {
        std::string text;
        for (const ImageRecord& image : of) {
            text += std::to_string(image.index) + ' ' + std::to_string(image.seed) + ' ' +
                    std::to_string(image.label) + ' ' + std::to_string(image.steps_done) + ' ' + image.file +
                    '\n';
        }
        return text;
    };
    const auto machine = [](const RunRecord& run) {
        const MachineInfo& m = run.machine;
        return m.cpu + m.device + m.precision + m.attention + m.os + m.libtorch + m.program + ' ' +
               std::to_string(m.cores) + ' ' + std::to_string(m.threads) + ' ' +
               std::to_string(m.memory_bytes);
    };
    const auto baseline = [](const RunRecord& run) {
        return run.baseline ? run.baseline->what + std::to_string(run.baseline->ms_per_image) : std::string();
    };
    if (!(a.settings == b.settings)) {
        return "settings";
    }
    if (machine(a) != machine(b)) {
        return "machine";
    }
    if (a.model.name != b.model.name || a.model.path != b.model.path ||
        a.model.late_path != b.model.late_path || a.model.config_path != b.model.config_path ||
        a.model.late_config_path != b.model.late_config_path || a.model.sha256 != b.model.sha256 ||
        a.model.class_names != b.model.class_names || a.model.image_size != b.model.image_size ||
        a.model.channels != b.model.channels || a.model.depth != b.model.depth ||
        a.model.shallow_depth != b.model.shallow_depth || a.model.has_early_exit != b.model.has_early_exit ||
        !same(a.model.full_gflops, b.model.full_gflops) ||
        !same(a.model.shallow_gflops, b.model.shallow_gflops) ||
        !same(a.model.gflops_by_exit_layer, b.model.gflops_by_exit_layer)) {
        return "model";
    }
    if (a.state != b.state || a.started_at != b.started_at || !same(a.sampling_ms, b.sampling_ms) ||
        a.ledger.parts() != b.ledger.parts() || a.ledger.wall != b.ledger.wall || a.probes != b.probes ||
        images(a.images) != images(b.images) || baseline(a) != baseline(b)) {
        return "run";
    }
    if (images(a.unfinished) != images(b.unfinished)) {
        return "unfinished";
    }
    if (a.branch.has_value() != b.branch.has_value() ||
        (a.branch &&
         (a.branch->step != b.branch->step || !same(a.branch->taken_over_ms, b.branch->taken_over_ms)))) {
        return "branch";
    }
    if (a.earlier_classes != b.earlier_classes) {
        return "earlier_classes";
    }
    if (a.all_uncertainties != b.all_uncertainties) {
        return "all_uncertainties";
    }
    if (a.steps.size() != b.steps.size()) {
        return "steps";
    }
    for (std::size_t i = 0; i < a.steps.size(); ++i) {
        if (const std::string place = step_difference(a.steps[i], b.steps[i]); !place.empty()) {
            return "steps[" + std::to_string(i) + "]." + place;
        }
    }
    return {};
}

Image8 gradient(int width, int height, int channels)
{
    Image8 image{width, height, channels, {}};
    for (int i = 0; i < width * height * channels; ++i) {
        image.pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
    }
    return image;
}

}  // namespace duodiff::test
