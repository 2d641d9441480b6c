// SPDX-License-Identifier: MIT
#include "cuda/device_code.h"
#include "cuda/formulas.h"

#include <algorithm>

namespace duodiff::cuda
{
namespace
{

constexpr int most_warps = 32;
constexpr int decision_threads = 256;

/// A block of up to most_warps an image, a warp a token. The sums run in a fixed order, so that u is the same
/// every time.
template <class T, int width>
__global__ void __launch_bounds__(most_warps* warp_lanes) probe_kernel(Probe<T> work)
{
    __shared__ float sums[most_warps];
    const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
    const int warp = static_cast<int>(threadIdx.x) / warp_lanes;
    const int warps = static_cast<int>(blockDim.x) / warp_lanes;
    const std::int64_t image = blockIdx.x;
    const T* tokens = work.tokens + image * work.length * work.dim;
    float sum = 0.0F;
    for (int token = warp; token < work.length; token += warps) {
        const T* row = tokens + static_cast<std::int64_t>(token) * work.dim;
        float dot = 0.0F;
        for (int d = lane * width; d < work.dim; d += warp_lanes * width) {
            const Values<width> value = load_values<width>(row + d);
            const Values<width> weight = load_values<width>(work.weight + d);
            for (int i = 0; i < width; ++i) {
                dot = fma_rn(value.v[i], weight.v[i], dot);
            }
        }
        sum += sigmoid(warp_sum(dot) + *work.bias);
    }
    if (lane == 0) {
        sums[warp] = sum;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        float total = 0.0F;
        for (int i = 0; i < warps; ++i) {
            total += sums[i];
        }
        work.u[image] = div_rn(total, static_cast<float>(work.length));
    }
}

/// One block goes over the rows in pieces of its size; ballots keep the order.
__global__ void decide_kernel(Decision work)
{
    constexpr int warps = decision_threads / warp_lanes;
    __shared__ int leaving_of_warp[warps];
    const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
    const int warp = static_cast<int>(threadIdx.x) / warp_lanes;
    int leaving = 0;  // in the pieces before; the same in every thread
    for (int base = 0; base < work.rows; base += decision_threads) {
        const int row = base + static_cast<int>(threadIdx.x);
        const bool is_row = row < work.rows;
        const float u = is_row ? work.u[row] : 0.0F;
        const bool leaves = is_row && u <= work.theta;
        const unsigned votes = __ballot_sync(whole_warp, leaves);
        if (lane == 0) {
            leaving_of_warp[warp] = __popc(votes);
        }
        __syncthreads();
        int before = leaving + __popc(votes & ((1U << lane) - 1U));
        int in_piece = 0;
        for (int w = 0; w < warps; ++w) {
            before += w < warp ? leaving_of_warp[w] : 0;
            in_piece += leaving_of_warp[w];
        }
        if (is_row) {
            const std::int64_t place = work.places[row];
            if (work.u_of_place) {
                work.u_of_place[place] = u;
            }
            if (leaves) {
                work.leaving_rows[before] = row;
                work.leaving_places[before] = place;
                if (work.exit_layer_of_place) {
                    work.exit_layer_of_place[place] = work.layer;
                }
            } else {
                work.staying_rows[row - before] = row;
            }
        }
        leaving += in_piece;
        __syncthreads();
    }
    // leaving_rows ascend, so the holes are its beginning: the one thread that sees its end counts them.
    const int staying = work.rows - leaving;
    if (threadIdx.x == 0) {
        work.counts[0] = staying;
        if (leaving == 0) {
            work.counts[1] = 0;
        }
    }
    for (int i = static_cast<int>(threadIdx.x); i < leaving; i += decision_threads) {
        const bool is_hole = work.leaving_rows[i] < staying;
        const bool next_is_hole = i + 1 < leaving && work.leaving_rows[i + 1] < staying;
        if (is_hole && !next_is_hole) {
            work.counts[1] = i + 1;
        } else if (i == 0 && !is_hole) {
            work.counts[1] = 0;
        }
    }
}

}  // namespace

template <class T>
void probe(const Probe<T>& work, Stream stream)
{
    const int warps = std::clamp(work.length, 1, most_warps);
    const bool wide =
        access_width<T>(work.dim, work.tokens) > 1 && access_width<float>(work.dim, work.weight) > 1;
    launch("probe", wide ? probe_kernel<T, 4> : probe_kernel<T, 1>, work.images, warps * warp_lanes, stream,
           work);
}
template void probe(const Probe<float>& work, Stream stream);
template void probe(const Probe<Bf16>& work, Stream stream);

void decide(const Decision& work, Stream stream)
{
    launch("decide", decide_kernel, work.rows > 0 ? 1 : 0, decision_threads, stream, work);
}

}  // namespace duodiff::cuda
