// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/gpu.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace duodiff::cuda
{

/// How often work ran in which way.
struct GraphCounts {
    std::uint64_t warm_ups = 0;   ///< the first time, as it is, to have everything that it allocates
    std::uint64_t captures = 0;   ///< the second time, recorded
    std::uint64_t replays = 0;    ///< from the record
    std::uint64_t fallbacks = 0;  ///< as it is, since it could not be recorded

    GraphCounts operator-(const GraphCounts& before) const;
    bool operator==(const GraphCounts&) const = default;
};
/// Of all sets of this process.
GraphCounts graph_counts();

/// How work becomes a graph; an interface, so that tests need no GPU.
class GraphRecorder
{
public:
    virtual ~GraphRecorder() = default;
    /// Does `work` in the way in which record() will see it, so that everything that it allocates is there.
    virtual void warm_up(const std::function<void()>& work) = 0;
    /// Throws where `work` cannot be recorded.
    virtual std::unique_ptr<CapturedGraph> record(const std::function<void()>& work) = 0;
};

/// Pieces of work by key, recorded as CUDA graphs. Work of a key has to do the same every time: the same
/// kernels on the same addresses, nothing that waits, results in memory that lives outside of it.
class GraphSet
{
public:
    using Key = std::array<std::int64_t, 5>;

    /// On a CPU, and where graphs are not wanted, work is simply done.
    explicit GraphSet(const c10::Device& device);
    explicit GraphSet(std::unique_ptr<GraphRecorder> recorder);

    /// The first time the work of a key warms up, the second it is recorded, and from then on replayed.
    void run(const Key& key, const std::function<void()>& work);

private:
    struct Entry {
        bool warm = false;
        bool failed = false;
        std::unique_ptr<CapturedGraph> graph;
    };
    void record(Entry& entry, const std::function<void()>& work);

    std::unique_ptr<GraphRecorder> recorder_;  ///< null: no graphs
    std::map<Key, Entry> entries_;
};

}  // namespace duodiff::cuda
