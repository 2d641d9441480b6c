// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"

#include "support/golden.h"
#include "support/test_paths.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

/// The small golden models, and short runs of them.
namespace duodiff::test
{

inline std::filesystem::path golden(const char* name)
{
    return data_dir() / "golden" / name;
}

inline const std::vector<SolverKind> all_solvers = {SolverKind::ddpm, SolverKind::ddim,
                                                    SolverKind::dpm_solver_pp, SolverKind::euler_maruyama};

/// An early-exit model of attention probes, whose u is about -6..-4 here.
inline std::unique_ptr<Engine> engine_with_exits()
{
    auto engine = make_engine();
    engine->open({.model = golden("early_exit_attention_probe.pth"),
                  .late_model = {},
                  .config = {},
                  .late_config = {}});
    return engine;
}

/// A DuoDiff pair of bare checkpoints: the shallow one plays the part by being another network.
inline std::unique_ptr<Engine> engine_with_pair()
{
    auto engine = make_engine();
    engine->open({.model = golden("uvit_unconditional.pth"),
                  .late_model = golden("early_exit_attention_probe.pth"),
                  .config = {},
                  .late_config = {}});
    return engine;
}

inline SamplingSettings settings(PolicyKind policy, SolverKind solver = SolverKind::ddim, int steps = 12)
{
    SamplingSettings s;
    s.policy = policy;
    s.solver = solver;
    s.steps = steps;
    s.count = s.batch = 4;
    s.precision = Precision::fp32;
    s.device = "cpu";
    s.threshold = -5.2;
    s.switch_step = 300;
    return s;
}

inline RunOutcome run(Engine& engine, const SamplingSettings& s)
{
    FrameLog log;
    return engine.sample(s, 1, log);
}

inline std::vector<std::vector<float>> pixels(const RunOutcome& outcome)
{
    std::vector<std::vector<float>> all;
    for (const FinishedImage& image : outcome.images) {
        all.push_back(image.pixels);
    }
    return all;
}

/// A theta that this share of all u of a run lies below, no image leaving.
inline double threshold_at(Engine& engine, SamplingSettings s, double share)
{
    s.policy = PolicyKind::adadiff;
    s.threshold = -1e9;
    std::vector<float> all;
    for (const StepRecord& step : run(engine, s).record.steps) {
        std::copy_if(step.uncertainty.begin(), step.uncertainty.end(), std::back_inserter(all),
                     [](float u) { return !std::isnan(u); });
    }
    std::sort(all.begin(), all.end());
    return all.at(static_cast<std::size_t>(static_cast<double>(all.size()) * share));
}

}  // namespace duodiff::test
