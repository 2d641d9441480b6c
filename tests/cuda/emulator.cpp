// SPDX-License-Identifier: GPL-3.0-or-later
#include "cuda/emulator.h"

#include <ucontext.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

namespace duodiff::test::gpu
{

Index thread_index;
Index block_index;
Index block_size;
Index grid_size;

namespace
{

constexpr unsigned lanes = 32;
constexpr std::size_t stack_bytes = 32768;

struct Fiber {
    ucontext_t context{};
    std::unique_ptr<std::array<char, stack_bytes>> stack = std::make_unique<std::array<char, stack_bytes>>();
    bool finished = false;
    unsigned block_barriers = 0;  ///< that this thread has come to
    unsigned warp_barriers = 0;
    float value = 0.0F;  ///< what it shows its warp
    bool vote = false;
};

std::vector<Fiber> fibers;
ucontext_t scheduler;
unsigned current = 0;
unsigned in_use = 0;
const std::function<void()>* work = nullptr;

void enter()
{
    (*work)();
    fibers[current].finished = true;
    swapcontext(&fibers[current].context, &scheduler);
}

void give_way()
{
    swapcontext(&fibers[current].context, &scheduler);
}

/// Gives way until every thread in [first, last) has come as far, or has returned.
void wait_for(unsigned first, unsigned last, unsigned Fiber::*barriers)
{
    const unsigned mine = ++(fibers[current].*barriers);
    const auto all_here = [&] {
        for (unsigned i = first; i < last; ++i) {
            if (!fibers[i].finished && fibers[i].*barriers < mine) {
                return false;
            }
        }
        return true;
    };
    while (!all_here()) {
        give_way();
    }
}

void warp_barrier()
{
    const unsigned first = current / lanes * lanes;
    wait_for(first, std::min(first + lanes, in_use), &Fiber::warp_barriers);
}

void run_block(unsigned threads)
{
    for (unsigned i = 0; i < threads; ++i) {
        Fiber& fiber = fibers[i];
        fiber.finished = false;
        fiber.block_barriers = fiber.warp_barriers = 0;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack->data();
        fiber.context.uc_stack.ss_size = stack_bytes;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, enter, 0);
    }
    unsigned left = threads;
    while (left > 0) {
        for (unsigned i = 0; i < threads; ++i) {
            if (!fibers[i].finished) {
                current = i;
                thread_index.x = i;
                swapcontext(&scheduler, &fibers[i].context);
                left -= fibers[i].finished ? 1 : 0;
            }
        }
    }
}

}  // namespace

void run_grid(unsigned blocks, unsigned threads, const std::function<void()>& thread)
{
    if (threads == 0 || threads > 1024) {
        throw std::runtime_error("a block has 1 to 1024 threads");
    }
    if (fibers.size() < threads) {
        fibers.resize(threads);
    }
    work = &thread;
    in_use = threads;
    block_size.x = threads;
    grid_size.x = blocks;
    for (unsigned block = 0; block < blocks; ++block) {
        block_index.x = block;
        run_block(threads);
    }
}

void block_barrier()
{
    wait_for(0, in_use, &Fiber::block_barriers);
}

float exchange(float value, int distance)
{
    const unsigned lane = current % lanes;
    const unsigned partner = current - lane + (lane ^ static_cast<unsigned>(distance));
    fibers[current].value = value;
    warp_barrier();
    const float theirs = fibers[partner].value;
    warp_barrier();
    return theirs;
}

unsigned ballot(bool vote)
{
    fibers[current].vote = vote;
    warp_barrier();
    const unsigned first = current / lanes * lanes;
    unsigned bits = 0;
    for (unsigned i = first; i < std::min(first + lanes, in_use); ++i) {
        bits |= !fibers[i].finished && fibers[i].vote ? 1U << (i - first) : 0U;
    }
    warp_barrier();
    return bits;
}

}  // namespace duodiff::test::gpu
