// SPDX-License-Identifier: MIT
#include "model/fused_block.h"

#include "model/packed_linear.h"
#include "model/row_product.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>

namespace duodiff
{
namespace
{

template <class T>
class FusedBlock final : public Block
{
public:
    FusedBlock(const BlockShape& shape, const TensorSource& source, bool int8)
        : shape_(shape),
          kernels_(best_kernels<T>()),
          norm1_(source.under("norm1.")),
          norm2_(source.under("norm2.")),
          qkv_(load_linear(source.under("attn.qkv."), int8)),
          proj_(load_linear(source.under("attn.proj."), int8)),
          fc1_(load_linear(source.under("mlp.fc1."), int8)),
          fc2_(load_linear(source.under("mlp.fc2."), int8)),
          skip_(source.has("skip_linear.weight") ? load_linear(source.under("skip_linear."), int8) : nullptr)
    {
    }

    at::Tensor run(const at::Tensor& x, const at::Tensor& skip) const override
    {
        const at::Tensor input = x.contiguous();
        const at::Tensor second = skip.defined() ? skip.contiguous() : skip;
        const at::Tensor result = at::empty_like(input);
        const Pass pass{.x = data_of<T>(input),
                        .skip = second.defined() ? data_of<T>(second) : nullptr,
                        .out = static_cast<T*>(result.data_ptr()),
                        .batch = x.size(0),
                        .length = x.size(1)};
        if (shares_out_evenly(pass.batch)) {
            run_image_by_image(pass);
        } else {
            run_in_rows(pass);
        }
        return result;
    }

    std::size_t bytes() const override
    {
        return tensor_bytes(norm1_.weight) + tensor_bytes(norm1_.bias) + tensor_bytes(norm2_.weight) +
               tensor_bytes(norm2_.bias) + qkv_->bytes() + proj_->bytes() + fc1_->bytes() + fc2_->bytes() +
               (skip_ ? skip_->bytes() : 0);
    }

private:
    using Linear = std::unique_ptr<const RowProduct<T>>;
    static Linear load_linear(const TensorSource& source, bool int8)
    {
        return int8 ? load_int8_row_product<T>(source) : load_row_product<T>(source);
    }

    /// What one call of run reads and writes: (batch, length, dim) each.
    struct Pass {
        const T* x;
        const T* skip;  ///< or null
        T* out;
        std::int64_t batch;
        std::int64_t length;
    };

    /// Images that are computed together, and what is kept of them between the products: the calling thread's
    /// memory.
    struct Job {
        Job(const FusedBlock& block, const Pass& pass)
            : batch(pass.batch),
              length(pass.length),
              rows(batch * length),
              x_in(pass.x),
              skip_in(pass.skip),
              joined(pass.skip != nullptr ? scratch_of<T>(Scratch::skipped, rows * block.shape_.embed_dim)
                                          : nullptr),
              qkv(scratch_of<T>(Scratch::queries_keys_values, rows * block.qkv_->columns())),
              attended(scratch_of<T>(Scratch::attended, rows * block.shape_.embed_dim)),
              out(pass.out)
        {
        }
        /// The residual stream that the block begins with.
        const T* stream() const { return joined != nullptr ? joined : x_in; }

        std::int64_t batch;
        std::int64_t length;
        std::int64_t rows;
        const T* x_in;
        const T* skip_in;
        T* joined;
        T* qkv;
        T* attended;
        T* out;
    };
    using ChunkWork = void (FusedBlock::*)(const Job&, std::int64_t first, std::int64_t rows) const;

    /// So many rows that reading the weights anew for them costs little, and few enough for a core's cache.
    static constexpr std::int64_t most_rows = 132;

    /// Whether the threads have the same number of images each, or nearly: then they need to meet only once a
    /// block.
    static bool shares_out_evenly(std::int64_t batch)
    {
        const std::int64_t threads = parallel_threads();
        return threads == 1 || batch % threads == 0 || batch >= 8 * threads;
    }

    void run_image_by_image(const Pass& pass) const
    {
        const std::int64_t image_size = pass.length * shape_.embed_dim;
        guarded_parallel_for(pass.batch, [&](std::int64_t image) {
            const Job job(*this, {.x = pass.x + image * image_size,
                                  .skip = pass.skip != nullptr ? pass.skip + image * image_size : nullptr,
                                  .out = pass.out + image * image_size,
                                  .batch = 1,
                                  .length = pass.length});
            for (std::int64_t first = 0; first < job.rows; first += most_rows) {
                to_queries_keys_values(job, first, std::min(most_rows, job.rows - first));
            }
            for (std::int64_t head = 0; head < shape_.num_heads; ++head) {
                attend(job, head, 0, job.length);
            }
            for (std::int64_t first = 0; first < job.rows; first += most_rows) {
                to_output(job, first, std::min(most_rows, job.rows - first));
            }
        });
    }

    void run_in_rows(const Pass& pass) const
    {
        const Job job(*this, pass);
        over_chunks(job, &FusedBlock::to_queries_keys_values);
        over_heads(job);
        over_chunks(job, &FusedBlock::to_output);
    }

    void over_chunks(const Job& job, ChunkWork work) const
    {
        // Enough chunks that a thread held up by something else can be waited for shortly.
        constexpr std::int64_t chunks_a_thread = 4;
        const std::int64_t unit = kernels_.layout.rows;
        const std::int64_t even =
            (job.rows + parallel_threads() * chunks_a_thread - 1) / (parallel_threads() * chunks_a_thread);
        const std::int64_t size =
            std::clamp((even + unit - 1) / unit * unit, unit, std::max(unit, most_rows));
        const std::int64_t chunks = (job.rows + size - 1) / size;
        guarded_parallel_for(chunks, [&](std::int64_t chunk) {
            const std::int64_t first = chunk * size;
            (this->*work)(job, first, std::min(size, job.rows - first));
        });
    }

    void to_queries_keys_values(const Job& job, std::int64_t first, std::int64_t rows) const
    {
        const std::int64_t dim = shape_.embed_dim;
        if (job.joined != nullptr) {
            skip_->run(job.x_in + first * dim, job.skip_in + first * dim, rows,
                       {.out = job.joined + first * dim});
        }
        qkv_->run_normalised(norm1_, job.stream() + first * dim, rows,
                             {.out = job.qkv + first * qkv_->columns()});
    }

    void over_heads(const Job& job) const
    {
        // Where there are more threads than heads, each head's queries are shared out.
        const std::int64_t heads = job.batch * shape_.num_heads;
        const std::int64_t unit = kernels_.layout.rows;
        const std::int64_t parts = std::clamp<std::int64_t>((parallel_threads() + heads - 1) / heads, 1,
                                                            (job.length + unit - 1) / unit);
        const std::int64_t queries = ((job.length + parts - 1) / parts + unit - 1) / unit * unit;
        guarded_parallel_for(heads * parts, [&](std::int64_t index) {
            const std::int64_t first = index % parts * queries;
            if (first < job.length) {
                attend(job, index / parts, first, std::min(queries, job.length - first));
            }
        });
    }

    void attend(const Job& job, std::int64_t index, std::int64_t first, std::int64_t queries) const
    {
        const std::int64_t image = index / shape_.num_heads;
        const std::int64_t offset = index % shape_.num_heads * shape_.head_dim();
        const T* qkv = job.qkv + image * job.length * qkv_->columns() + offset;
        AttentionHead<T> head;
        head.q = qkv + first * qkv_->columns();
        head.k = qkv + shape_.embed_dim;
        head.v = qkv + 2 * shape_.embed_dim;
        head.stride = qkv_->columns();
        head.out = job.attended + (image * job.length + first) * shape_.embed_dim + offset;
        head.out_stride = shape_.embed_dim;
        head.queries = queries;
        head.length = job.length;
        head.head_dim = shape_.head_dim();
        head.scratch =
            thread_scratch(Scratch::attention, kernels_.attention_scratch(job.length, head.head_dim));
        kernels_.attention(head);
    }

    void to_output(const Job& job, std::int64_t first, std::int64_t rows) const
    {
        const std::int64_t dim = shape_.embed_dim;
        T* out = job.out + first * dim;
        proj_->run(job.attended + first * dim, nullptr, rows,
                   {.out = out, .residual = job.stream() + first * dim});
        T* hidden = scratch_of<T>(Scratch::hidden, rows * fc1_->columns());
        fc1_->run_normalised(norm2_, out, rows, {.out = hidden, .activation = Activation::gelu});
        fc2_->run(hidden, nullptr, rows, {.out = out, .residual = out});
    }

    BlockShape shape_;
    const Kernels<T>& kernels_;
    NormWeights norm1_;
    NormWeights norm2_;
    Linear qkv_;
    Linear proj_;
    Linear fc1_;
    Linear fc2_;
    Linear skip_;  ///< or null
};

}  // namespace

bool has_fused_block(const BlockShape& shape, c10::Device device, c10::ScalarType type)
{
    if (!device.is_cpu() || (type != at::kFloat && type != at::kBFloat16)) {
        return false;
    }
    const bool is_float = type == at::kFloat;
    const Isa isa = is_float ? best_float_isa() : best_bfloat16_isa();
    const std::int64_t step = is_float ? float_kernels(isa).layout.step : bfloat16_kernels(isa).layout.step;
    return isa != Isa::plain && shape.head_dim() % step == 0 && shape.embed_dim % step == 0 &&
           shape.hidden_dim % step == 0;
}

std::unique_ptr<const Block> load_fused_block(const BlockShape& shape, const TensorSource& source,
                                              Arithmetic arithmetic)
{
    if (arithmetic.type == at::kBFloat16) {
        return std::make_unique<FusedBlock<BFloat16>>(shape, source, arithmetic.int8);
    }
    return std::make_unique<FusedBlock<float>>(shape, source, arithmetic.int8);
}

}  // namespace duodiff
