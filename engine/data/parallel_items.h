// SPDX-License-Identifier: MIT
#pragma once

#include "data/readers.h"

#include <cstdint>
#include <functional>

namespace duodiff
{

/// Calls work(0) ... work(count - 1) on the job's threads, of which the calling one is one and reports
/// progress. Each is begun after all before it. After an exception no more are begun; that of the smallest
/// number is thrown on, so it is the same one whatever the number of threads.
void for_each_item(const ReadJob& job, std::int64_t count, const std::function<void(std::int64_t)>& work);

}  // namespace duodiff
