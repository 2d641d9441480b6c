// SPDX-License-Identifier: MIT
#include "cuda/graph_set.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <atomic>
#include <exception>

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
    : device_(device), captures_(runs_on(device) && mode() == Mode::graphs)
{
    if (captures_) {
        stream_ = side_stream(device);
        pool_ = make_graph_pool();
    }
}

void GraphSet::run(const Key& key, const std::function<void()>& work)
{
    if (!captures_) {
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
        run_beside(work);
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

/// On the stream that records, so that what libraries keep for each stream (cuBLAS' workspace) is there and
/// does not become part of a graph's memory.
void GraphSet::run_beside(const std::function<void()>& work)
{
    const c10::Stream current = current_stream(device_);
    order(current, *stream_);
    {
        const c10::StreamGuard guard(*stream_);
        work();
    }
    order(*stream_, current);
}

void GraphSet::record(Entry& entry, const std::function<void()>& work)
{
    const c10::Stream current = current_stream(device_);
    order(current, *stream_);
    try {
        const c10::StreamGuard guard(*stream_);
        c10::impl::getDeviceGuardImpl(device_.type())->synchronizeDevice(device_.index());
        entry.graph = capture(pool_, work);
        ++counters().captures;
    } catch (const std::exception&) {
        // Also where memory runs out: done as it is, the work needs less, or says so itself.
        entry.failed = true;
    }
}

}  // namespace duodiff::cuda
