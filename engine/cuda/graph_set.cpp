// SPDX-License-Identifier: MIT
#include "cuda/graph_set.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <atomic>
#include <exception>
#include <utility>

namespace duodiff::cuda
{
namespace
{

/// Each graph holds some kilobytes of the driver's; a run with wild batch sizes must not pile them up.
constexpr std::size_t most_graphs = 1024;

struct Counters {
    std::atomic<std::uint64_t> warm_ups{0};
    std::atomic<std::uint64_t> captures{0};
    std::atomic<std::uint64_t> replays{0};
    std::atomic<std::uint64_t> fallbacks{0};
};

Counters& counters()
{
    static Counters all;
    return all;
}

/// Lets `later` wait until what is queued on `earlier` so far is done.
void order(const c10::Stream& earlier, const c10::Stream& later)
{
    c10::Event event(earlier.device_type());
    event.record(earlier);
    event.block(later);
}

/// Records on a stream of its own, and warms up there: what libraries keep for each stream (cuBLAS'
/// workspace) is there then, and does not become part of a graph's memory.
class StreamRecorder final : public GraphRecorder
{
public:
    explicit StreamRecorder(const c10::Device& device)
        : device_(device), stream_(side_stream(device)), pool_(make_graph_pool())
    {
    }

    void warm_up(const std::function<void()>& work) override
    {
        const c10::Stream current = current_stream(device_);
        order(current, stream_);
        {
            const c10::StreamGuard guard(stream_);
            work();
        }
        order(stream_, current);
    }

    std::unique_ptr<CapturedGraph> record(const std::function<void()>& work) override
    {
        order(current_stream(device_), stream_);
        const c10::StreamGuard guard(stream_);
        c10::impl::getDeviceGuardImpl(device_.type())->synchronizeDevice(device_.index());
        return capture(pool_, work);
    }

private:
    c10::Device device_;
    c10::Stream stream_;
    GraphPool pool_;
};

}  // namespace

GraphCounts GraphCounts::operator-(const GraphCounts& before) const
{
    return {warm_ups - before.warm_ups, captures - before.captures, replays - before.replays,
            fallbacks - before.fallbacks};
}

GraphCounts graph_counts()
{
    const Counters& all = counters();
    return {all.warm_ups.load(), all.captures.load(), all.replays.load(), all.fallbacks.load()};
}

GraphSet::GraphSet(const c10::Device& device)
    : recorder_(runs_on(device) && mode() == Mode::graphs ? std::make_unique<StreamRecorder>(device)
                                                          : nullptr)
{
}

GraphSet::GraphSet(std::unique_ptr<GraphRecorder> recorder) : recorder_(std::move(recorder)) {}

void GraphSet::run(const Key& key, const std::function<void()>& work)
{
    if (!recorder_) {
        work();
        return;
    }
    const bool known = entries_.contains(key);
    if (!known && entries_.size() >= most_graphs) {
        ++counters().fallbacks;
        work();
        return;
    }
    Entry& entry = entries_[key];
    if (!entry.warm) {
        recorder_->warm_up(work);
        entry.warm = true;
        ++counters().warm_ups;
        return;
    }
    if (!entry.graph && !entry.failed) {
        record(entry, work);
    }
    if (entry.graph) {
        entry.graph->replay();
        ++counters().replays;
    } else {
        ++counters().fallbacks;
        work();
    }
}

void GraphSet::record(Entry& entry, const std::function<void()>& work)
{
    try {
        entry.graph = recorder_->record(work);
        ++counters().captures;
    } catch (const std::exception&) {
        // Also where memory runs out: done as it is, the work needs less, or says so itself.
        entry.failed = true;
    }
}

}  // namespace duodiff::cuda
