// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace duodiff
{

/// Calls `work(context, index)` for every index in [0, count), on the threads that LibTorch uses too (one
/// OpenMP pool, as many as at::set_num_threads said). Indices are taken one by one, so a thread that
/// something else delays takes fewer of them. `work` must not throw.
void parallel_for(std::int64_t count, void (*work)(void* context, std::int64_t index), void* context);

template <class Work>
void parallel_for(std::int64_t count, Work&& work)
{
    parallel_for(
        count, [](void* context, std::int64_t index) { (*static_cast<Work*>(context))(index); }, &work);
}

/// The same where `work` may run out of memory: throws std::bad_alloc after all that was begun has ended.
template <class Work>
void guarded_parallel_for(std::int64_t count, Work&& work)
{
    std::atomic<bool> out_of_memory = false;
    parallel_for(count, [&](std::int64_t index) {
        try {
            work(index);
        } catch (const std::bad_alloc&) {
            out_of_memory = true;
        }
    });
    if (out_of_memory) {
        throw std::bad_alloc();
    }
}

/// Threads that parallel_for would use.
int parallel_threads();

/// While it lives, parallel work that the calling thread begins, LibTorch's too, runs on that thread alone.
class OneThread
{
public:
    OneThread();
    ~OneThread();
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    int threads_;
};

/// What a thread keeps memory for between calls, so that the steady state allocates nothing.
enum class Scratch { rows, row_scales, hidden, attention, queries_keys_values, attended, skipped, count };

/// At least `bytes`, aligned to 64, of the calling thread's own; what it held before is not kept. Lives until
/// the thread ends. Throws std::bad_alloc.
void* thread_scratch(Scratch use, std::size_t bytes);

}  // namespace duodiff
