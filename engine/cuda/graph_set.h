// SPDX-License-Identifier: MIT
#pragma once

#include "cuda/gpu.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

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

/// Pieces of work by key, recorded as CUDA graphs. Work of a key has to do the same every time: the same
/// kernels on the same addresses, nothing that waits, results in memory that lives outside of it. On a CPU,
/// and where graphs are not wanted, it is simply done.
class GraphSet
{
public:
    using Key = std::array<std::int64_t, 5>;

    explicit GraphSet(const c10::Device& device);
    void run(const Key& key, const std::function<void()>& work);

private:
    struct Entry {
        bool warm = false;
        bool failed = false;
        std::unique_ptr<CapturedGraph> graph;
    };
    void run_beside(const std::function<void()>& work);
    void record(Entry& entry, const std::function<void()>& work);

    c10::Device device_;
    bool captures_;
    std::optional<c10::Stream> stream_;  ///< for warming up and recording
    GraphPool pool_;
    std::map<Key, Entry> entries_;
};

}  // namespace duodiff::cuda
