// SPDX-License-Identifier: MIT
#include "data/parallel_items.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace duodiff
{
namespace
{

class Items
{
public:
    Items(const ReadJob& job, std::int64_t count, const std::function<void(std::int64_t)>& work)
        : job_(job), count_(count), work_(work)
    {
    }

    void run(bool reports)
    {
        for (;;) {
            const std::int64_t item = begin_next();
            if (item < 0) {
                return;
            }
            try {
                job_.check_stop();
                work_(item);
                const std::int64_t done = ++done_;
                if (reports) {
                    job_.report(done, count_);
                }
            } catch (...) {
                fail(item, std::current_exception());
            }
        }
    }

    void rethrow()
    {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

private:
    std::int64_t begin_next()
    {
        const std::lock_guard lock(mutex_);
        return failure_ || next_ == count_ ? -1 : next_++;
    }

    void fail(std::int64_t item, std::exception_ptr failure)
    {
        const std::lock_guard lock(mutex_);
        if (!failure_ || item < failed_item_) {
            failure_ = std::move(failure);
            failed_item_ = item;
        }
    }

    const ReadJob& job_;
    std::int64_t count_;
    const std::function<void(std::int64_t)>& work_;
    std::mutex mutex_;
    std::int64_t next_ = 0;
    std::atomic<std::int64_t> done_ = 0;
    std::exception_ptr failure_;
    std::int64_t failed_item_ = 0;
};

}  // namespace

void for_each_item(const ReadJob& job, std::int64_t count, const std::function<void(std::int64_t)>& work)
{
    Items items(job, count, work);
    {
        std::vector<std::jthread> helpers;
        for (std::int64_t i = 1; i < std::min<std::int64_t>(job.settings.threads, count); ++i) {
            helpers.emplace_back([&items] { items.run(false); });
        }
        items.run(true);
    }
    items.rethrow();
    job.report(count, count);
}

}  // namespace duodiff
