// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/job.h"

namespace duodiff::studio
{

bool Job::begin()
{
    if (stopRequested()) {
        end(JobState::cancelled);
        return false;
    }
    auto expected = JobState::waiting;
    return m_state.compare_exchange_strong(expected, JobState::running);
}

bool Job::end(JobState state)
{
    auto current = m_state.load();
    while (current == JobState::waiting || current == JobState::running) {
        if (m_state.compare_exchange_weak(current, state)) {
            return true;
        }
    }
    return false;
}

}  // namespace duodiff::studio
