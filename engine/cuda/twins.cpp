// SPDX-License-Identifier: MIT
#include "cuda/twins.h"

#include "cuda/formulas.h"
#include "cuda/normal_noise.h"

#include <cmath>
#include <cstring>

namespace duodiff::cuda::twin
{

template <class T>
void probe(const Probe<T>& work)
{
    for (std::int64_t image = 0; image < work.images; ++image) {
        double sum = 0.0;
        for (std::int64_t token = 0; token < work.length; ++token) {
            const T* row = work.tokens + (image * work.length + token) * work.dim;
            double dot = 0.0;
            for (int d = 0; d < work.dim; ++d) {
                dot += static_cast<double>(load(row[d])) * static_cast<double>(work.weight[d]);
            }
            sum += 1.0 / (1.0 + std::exp(-(dot + static_cast<double>(*work.bias))));
        }
        work.u[image] = static_cast<float>(sum / work.length);
    }
}
template void probe(const Probe<float>& work);
template void probe(const Probe<Bf16>& work);

void decide(const Decision& work)
{
    int staying = 0;
    int leaving = 0;
    for (int row = 0; row < work.rows; ++row) {
        const std::int64_t place = work.places[row];
        if (work.u_of_place) {
            work.u_of_place[place] = work.u[row];
        }
        if (work.u[row] <= work.theta) {
            work.leaving_rows[leaving] = row;
            work.leaving_places[leaving] = place;
            ++leaving;
            if (work.exit_layer_of_place) {
                work.exit_layer_of_place[place] = work.layer;
            }
        } else {
            work.staying_rows[staying++] = row;
        }
    }
    int holes = 0;
    while (holes < leaving && work.leaving_rows[holes] < staying) {
        ++holes;
    }
    if (work.rows > 0) {
        work.counts[0] = staying;
        work.counts[1] = holes;
    }
}

void move_rows(const RowMove& work)
{
    for (int t = 0; t < work.tensor_count; ++t) {
        const RowMove::Tensor& tensor = work.tensors[t];
        for (std::int64_t row = 0; row < work.rows; ++row) {
            const std::int64_t from = work.from_rows ? work.from_rows[row] : row;
            const std::int64_t to = work.to_rows ? work.to_rows[row] : row;
            std::memcpy(static_cast<char*>(tensor.to) + to * tensor.row_bytes,
                        static_cast<const char*>(tensor.from) + from * tensor.row_bytes,
                        static_cast<std::size_t>(tensor.row_bytes));
        }
    }
}

void solver_update(const SolverUpdate& work)
{
    const SolverCoefficients& c = work.coefficients;
    float drawn[normals_a_counter] = {};
    for (std::int64_t image = 0; image < work.images; ++image) {
        for (std::int64_t i = 0; i < work.values; ++i) {
            const std::int64_t at = image * work.values + i;
            float z = 0.0F;
            if (c.noise != 0.0F && work.z) {
                z = work.z[at];
            } else if (c.noise != 0.0F) {
                if (i % normals_a_counter == 0) {
                    normals_of_counter(static_cast<std::uint32_t>(i / normals_a_counter), work.seeds[image],
                                       work.noise_stream, work.step, drawn);
                }
                z = drawn[i % normals_a_counter];
            }
            const float x = work.x[at];
            const float before = c.history != 0.0F ? work.before[at] : 0.0F;
            work.next[at] = solver_next(c, x, work.prediction[at], before, z);
            work.original[at] = solver_original(c, x, work.prediction[at]);
        }
    }
}

void make_pictures(const Pictures& work)
{
    for (std::int64_t image = 0; image < work.images; ++image) {
        for (std::int64_t place = 0; place < work.area; ++place) {
            const std::uint32_t pixel = picture_pixel(work, image, place);
            std::memcpy(work.rgbx + (image * work.area + place) * 4, &pixel, sizeof(pixel));
        }
    }
}

template <class T>
void residual_norm(const ResidualNorm<T>& work)
{
    for (std::int64_t row = 0; row < work.rows; ++row) {
        const T* values = work.residual + row * work.dim;
        if (work.product) {
            for (std::int64_t d = 0; d < work.dim; ++d) {
                const float bias = work.bias ? load(work.bias[d]) : 0.0F;
                store(work.sum[row * work.dim + d],
                      load(values[d]) + (load(work.product[row * work.dim + d]) + bias));
            }
            values = work.sum + row * work.dim;
        }
        if (!work.normalised) {
            continue;
        }
        double mean = 0.0;
        for (int d = 0; d < work.dim; ++d) {
            mean += static_cast<double>(load(values[d])) / work.dim;
        }
        double variance = 0.0;
        for (int d = 0; d < work.dim; ++d) {
            const double away = static_cast<double>(load(values[d])) - mean;
            variance += away * away / work.dim;
        }
        const double scale = 1.0 / std::sqrt(variance + static_cast<double>(work.epsilon));
        for (std::int64_t d = 0; d < work.dim; ++d) {
            const double away = (static_cast<double>(load(values[d])) - mean) * scale;
            store(work.normalised[row * work.dim + d],
                  static_cast<float>(away * static_cast<double>(load(work.weight[d])) +
                                     static_cast<double>(load(work.shift[d]))));
        }
    }
}
template void residual_norm(const ResidualNorm<float>& work);
template void residual_norm(const ResidualNorm<Bf16>& work);

template <class T>
void bias_gelu(const BiasGelu<T>& work)
{
    for (std::int64_t i = 0; i < work.rows * work.dim; ++i) {
        const float bias = work.bias ? load(work.bias[i % work.dim]) : 0.0F;
        store(work.out[i], gelu(load(work.product[i]) + bias));
    }
}
template void bias_gelu(const BiasGelu<float>& work);
template void bias_gelu(const BiasGelu<Bf16>& work);

}  // namespace duodiff::cuda::twin
