// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"

#include <cstdint>
#include <mutex>
#include <vector>

namespace duodiff::studio
{

/// The images of one batch, as they left the sampler.
struct FinishedBatch {
    int batch = 0;
    std::vector<FinishedImage> images;
};

/// Where the engine thread leaves frames and the window thread fetches them. Trace points are never
/// lost; of the pictures of a batch only the newest waits. What belongs to another run than the one
/// begun last is dropped on arrival. Every member may be called on any thread.
class Mailbox
{
public:
    struct Contents {
        std::vector<Frame> frames;
        std::vector<FinishedBatch> batches;
        bool empty() const { return frames.empty() && batches.empty(); }
    };

    /// Forgets what waits and takes only frames of `runId` from now on; 0: none.
    void beginRun(std::uint64_t runId);
    void put(Frame&& frame);
    void put(std::uint64_t runId, FinishedBatch&& batch);
    /// Moves everything out.
    Contents take();

private:
    std::mutex m_mutex;
    std::uint64_t m_runId = 0;
    Contents m_contents;
};

}  // namespace duodiff::studio
