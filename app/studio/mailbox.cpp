// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/mailbox.h"

#include <utility>

namespace duodiff::studio
{

void Mailbox::beginRun(std::uint64_t runId)
{
    Contents old;
    const std::lock_guard lock(m_mutex);
    m_runId = runId;
    std::swap(old, m_contents);
}

void Mailbox::put(Frame&& frame)
{
    const std::lock_guard lock(m_mutex);
    if (frame.run_id != m_runId) {
        return;
    }
    const auto dropOlder = [&](std::optional<PictureStrip> Frame::*kind) {
        if (frame.*kind) {
            for (auto waiting = m_contents.frames.rbegin(); waiting != m_contents.frames.rend(); ++waiting) {
                if (waiting->batch == frame.batch && (*waiting).*kind) {
                    ((*waiting).*kind).reset();
                    break;
                }
            }
        }
    };
    dropOlder(&Frame::picture);
    dropOlder(&Frame::predicted);
    m_contents.frames.push_back(std::move(frame));
}

void Mailbox::put(std::uint64_t runId, FinishedBatch&& batch)
{
    const std::lock_guard lock(m_mutex);
    if (runId == m_runId) {
        m_contents.batches.push_back(std::move(batch));
    }
}

Mailbox::Contents Mailbox::take()
{
    Contents taken;
    const std::lock_guard lock(m_mutex);
    std::swap(taken, m_contents);
    return taken;
}

}  // namespace duodiff::studio
