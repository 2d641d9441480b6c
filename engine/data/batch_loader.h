// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace duodiff
{

struct Batch {
    std::int64_t count = 0;
    std::vector<float> images;          ///< (B, C, H, W)
    std::vector<std::int64_t> labels;   ///< (B); -1: the data have no labels
    std::vector<std::int64_t> indices;  ///< (B), of the dataset
};

struct LoaderSettings {
    std::uint64_t seed = 0;
    std::int64_t batch = 1;  ///< may be larger than the dataset
    bool flip = false;       ///< mirror half of the images, others in every epoch
    int threads = 2;         ///< 0: each batch is made when it is asked for
    int prefetch = 4;        ///< batches that are ready or in work at most, at least 1
};

/// Batches in order, made ahead on threads; the same whatever the number of threads.
///
/// The batches cut the endless row epoch 0, epoch 1, ... (see epoch_order) into equal pieces, so every batch
/// is full and a batch may span epochs. Which examples batch k holds follows from (seed, k) alone: to resume
/// is to start at k. Not thread-safe.
class BatchLoader
{
public:
    /// `start`: batches that earlier runs have consumed.
    explicit BatchLoader(std::shared_ptr<const Dataset> data, LoaderSettings settings,
                         std::int64_t start = 0);
    ~BatchLoader();
    BatchLoader(const BatchLoader&) = delete;
    BatchLoader& operator=(const BatchLoader&) = delete;

    /// The next batch; waits until it is ready.
    Batch next();
    /// Number of the batch that next() gives.
    std::int64_t position() const;

private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace duodiff
