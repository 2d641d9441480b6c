// SPDX-License-Identifier: GPL-3.0-or-later
// How good the time left is that a run would have said: bench_time_left PACK [STEPS]. Prints the estimate
// over the time that was really left, at a quarter, a half and three quarters of each run, and the range from
// the quarter to nine tenths.
#include "common/passive_threads.h"
#include "session/engine.h"
#include "stream/time_estimate.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace
{

using namespace duodiff;
using Clock = std::chrono::steady_clock;

struct Said {
    double at = 0.0;  ///< seconds since the start
    double left = 0.0;
    bool bound = false;
};

class Sink : public FrameSink
{
public:
    Sink(const ModelSummary& model, const SamplingSettings& settings,
         std::shared_ptr<const ExpectedSteps> expected)
    {
        m_estimate.begin(model, settings);
        m_estimate.expect(std::move(expected));
    }

    void on_frame(Frame&& frame) override
    {
        m_estimate.add(frame);
        said.push_back({seconds(), m_estimate.seconds_left().value_or(-1.0), m_estimate.is_bound()});
    }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - m_start).count(); }

    std::vector<Said> said;

private:
    TimeEstimate m_estimate;
    Clock::time_point m_start = Clock::now();
};

RunRecord measure(Engine& engine, const ModelInfo& info, const char* name, const SamplingSettings& settings,
                  std::shared_ptr<const ExpectedSteps> expected = nullptr)
{
    Sink sink(info.summary, settings, std::move(expected));
    RunRecord record = engine.sample(settings, 1, sink).record;
    const double end = sink.seconds();
    const auto ratio = [&](std::size_t place) {
        return sink.said[place].left / std::max(1e-9, end - sink.said[place].at);
    };
    const std::size_t frames = sink.said.size();
    double least = 1e9;
    double most = 0.0;
    for (std::size_t place = frames / 4; place < frames * 9 / 10; ++place) {
        least = std::min(least, ratio(place));
        most = std::max(most, ratio(place));
    }
    std::printf("%-34s %6.1f s; said / true at 1/4 %.2f%s, 1/2 %.2f, 3/4 %.2f; from 1/4 on %.2f .. %.2f\n",
                name, end, ratio(frames / 4), sink.said[frames / 4].bound ? " (up to)" : "",
                ratio(frames / 2), ratio(frames * 3 / 4), least, most);
    std::fflush(stdout);
    return record;
}

}  // namespace

int main(int argc, char** argv)
{
    app::use_passive_openmp_waiting(argv);
    if (argc < 2) {
        std::fputs("usage: bench_time_left PACK [STEPS]\n", stderr);
        return 2;
    }
    const auto engine = make_engine();
    ModelSource source;
    source.model = argv[1];
    const ModelInfo info = engine->open(source);
    SamplingSettings settings;
    settings.steps = argc > 2 ? std::max(20, std::atoi(argv[2])) : 200;
    settings.count = settings.batch = 8;
    measure(*engine, info, "full", settings);
    if (info.has_shallow) {
        settings.policy = PolicyKind::duodiff;
        for (const int switch_step : {300, 700}) {
            settings.switch_step = switch_step;
            measure(*engine, info, switch_step == 300 ? "DuoDiff, t_s = 300" : "DuoDiff, t_s = 700",
                    settings);
        }
    }
    if (info.has_early_exit) {
        settings.policy = PolicyKind::adadiff;
        settings.threshold = info.threshold_default;
        const RunRecord first = measure(*engine, info, "AdaDiff, the first", settings);
        const auto learned = std::make_shared<const ExpectedSteps>(first);
        settings.seed = 1000;
        measure(*engine, info, "AdaDiff, the next", settings, learned);
        settings.steps /= 2;
        measure(*engine, info, "AdaDiff, half the steps", settings, learned);
        settings.steps *= 2;
        const double range = info.threshold_maximum - info.threshold_minimum;
        for (const double share : {0.05, 0.4, 0.8}) {
            settings.threshold = info.threshold_minimum + share * range;
            std::printf("theta = %.3f: ", settings.threshold);
            measure(*engine, info, "AdaDiff, another theta", settings, learned);
        }
    }
    return 0;
}
