// SPDX-License-Identifier: MIT
#include "kernels/parallel.h"

#include <omp.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace duodiff
{

void parallel_for(std::int64_t count, void (*work)(void* context, std::int64_t index), void* context)
{
    if (count <= 1 || omp_get_max_threads() == 1) {
        for (std::int64_t index = 0; index < count; ++index) {
            work(context, index);
        }
        return;
    }
#pragma omp parallel for schedule(dynamic, 1)
    for (std::int64_t index = 0; index < count; ++index) {
        work(context, index);
    }
}

int parallel_threads()
{
    return omp_get_max_threads();
}

OneThread::OneThread() : threads_(omp_get_max_threads())
{
    omp_set_num_threads(1);
}

OneThread::~OneThread()
{
    omp_set_num_threads(threads_);
}

void* thread_scratch(Scratch use, std::size_t bytes)
{
    constexpr std::size_t line = 64;
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    struct Buffer {
        std::unique_ptr<void, Free> memory;
        std::size_t bytes = 0;
    };
    thread_local std::array<Buffer, static_cast<std::size_t>(Scratch::count)> buffers;
    Buffer& buffer = buffers[static_cast<std::size_t>(use)];
    if (buffer.bytes < bytes) {
        const std::size_t whole = (bytes + line - 1) / line * line;
        buffer.memory.reset();
        buffer.bytes = 0;
        buffer.memory.reset(std::aligned_alloc(line, whole));
        if (!buffer.memory) {
            throw std::bad_alloc();
        }
        buffer.bytes = whole;
    }
    return buffer.memory.get();
}

}  // namespace duodiff
