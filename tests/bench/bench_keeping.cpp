// SPDX-License-Identifier: GPL-3.0-or-later
// What keeping every step costs a run, and what the previews cost it: bench_keeping PACK [STEPS [ROUNDS]].
// The same run without both, with kept steps, with previews as often as the window asks for them, and with
// both, in turn; prints the sampling time over that of the bare run beside it, and what the run's own ledger
// says.
#include "common/passive_threads.h"
#include "session/engine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace
{

using namespace duodiff;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds previewInterval{33};

class Sink : public FrameSink
{
public:
    explicit Sink(bool previews) : m_previews(previews) {}

    void on_frame(Frame&&) override {}
    PicturesWanted wanted_pictures() override
    {
        const auto now = Clock::now();
        const bool wanted = m_previews && now - m_last >= previewInterval;
        if (wanted) {
            m_last = now;
        }
        return {.noisy = wanted, .predicted = false};
    }

private:
    bool m_previews;
    Clock::time_point m_last;
};

struct Case {
    const char* name;
    bool keeps;
    bool previews;
    std::vector<double> ratios{};
    std::vector<double> shares{};  ///< of copies and previews in the wall time
};

Ledger run(Engine& engine, const SamplingSettings& settings, const Case& of)
{
    Sink sink(of.previews);
    Trajectory keep;
    SampleOptions options;
    options.keep = of.keeps ? &keep : nullptr;
    return engine.sample(settings, 1, sink, {}, nullptr, options).record.ledger;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv)
{
    app::use_passive_openmp_waiting(argv);
    if (argc < 2) {
        std::fputs("usage: bench_keeping PACK [STEPS [ROUNDS]]\n", stderr);
        return 2;
    }
    const int steps = argc > 2 ? std::max(10, std::atoi(argv[2])) : 100;
    const int rounds = argc > 3 ? std::max(1, std::atoi(argv[3])) : 7;
    const auto engine = make_engine();
    ModelSource source;
    source.model = argv[1];
    engine->open(source);
    for (const PolicyKind policy : {PolicyKind::full, PolicyKind::duodiff}) {
        SamplingSettings settings;
        settings.policy = policy;
        settings.switch_step = 1000;  // the shallow network throughout: the steps that cost least
        settings.steps = steps;
        settings.count = settings.batch = 16;
        std::array<Case, 3> cases = {Case{"kept steps", true, false}, Case{"previews", false, true},
                                     Case{"both", true, true}};
        run(*engine, settings, {"warming up", true, true});
        for (int round = 0; round < rounds; ++round) {
            for (Case& of : cases) {
                const Ledger before = run(*engine, settings, {"bare", false, false});
                const Ledger ledger = run(*engine, settings, of);
                const Ledger after = run(*engine, settings, {"bare", false, false});
                of.ratios.push_back(2.0 * ledger.wall / (before.wall + after.wall));
                of.shares.push_back((ledger.previews + ledger.transfers) / ledger.wall);
            }
        }
        for (const Case& of : cases) {
            std::printf(
                "%s network, %-10s: time over that without %.3f (%.3f .. %.3f), by the ledger %.2f %%\n",
                policy == PolicyKind::full ? "full" : "shallow", of.name, median(of.ratios),
                *std::min_element(of.ratios.begin(), of.ratios.end()),
                *std::max_element(of.ratios.begin(), of.ratios.end()), 100.0 * median(of.shares));
        }
    }
    return 0;
}
