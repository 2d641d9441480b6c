// SPDX-License-Identifier: GPL-3.0-or-later
// How long a move of the theta slider takes on a run of 1000 steps, 13 layers and 256 images.
#include "stream/what_if.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

using namespace duodiff;

namespace
{

constexpr int depth = 13;
constexpr int images = 256;
constexpr int steps = 1000;

RunRecord probe_run()
{
    RunRecord record;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.threshold = -1.0;
    record.settings.count = images;
    record.settings.batch = images;
    record.settings.steps = steps;
    record.model.depth = depth;
    record.model.shallow_depth = 3;
    record.model.has_early_exit = true;
    std::mt19937 generator(1);
    std::uniform_real_distribution<float> u(0.0F, 1.0F);
    for (int step = 0; step < steps; ++step) {
        Frame frame;
        frame.step = step;
        frame.t = steps - 1 - step;
        frame.network = NetworkRole::early_exit;
        frame.ms = 100.0;
        frame.exit_layers.assign(images, depth);
        for (int i = 0; i < depth * images; ++i) {
            frame.uncertainty.push_back(u(generator));
        }
        record.add(frame);
    }
    return record;
}

template <class Work>
void report(const char* name, int rounds, Work work)
{
    std::vector<double> ms;
    for (int round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        work(round);
        ms.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(ms.begin(), ms.end());
    std::printf("%-24s median %7.3f ms   worst %7.3f ms\n", name, ms[ms.size() / 2], ms.back());
}

}  // namespace

int main()
{
    const RunRecord record = probe_run();
    WhatIfIndex index;
    report("index", 5, [&](int) { index.update(record); });
    WhatIf result;
    report("theta moved", 200, [&](int round) {
        index.predict({.policy = PolicyKind::adadiff, .threshold = 0.001 * round}, result);
    });
    report("t_s moved", 200, [&](int round) {
        index.predict({.policy = PolicyKind::duodiff, .switch_step = 5 * round}, result);
    });
    return 0;
}
