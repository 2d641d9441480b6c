// SPDX-License-Identifier: MIT
#include "data/batch_loader.h"

#include "base/error.h"
#include "data/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace duodiff
{
namespace
{

using Order = std::shared_ptr<const std::vector<std::uint32_t>>;

/// The permutations of the last epochs that were asked for.
class Orders
{
public:
    Orders(std::uint32_t count, std::uint64_t seed) : count_(count), seed_(seed) {}

    Order of(std::uint64_t epoch)
    {
        const std::lock_guard lock(mutex_);
        Order& order = orders_[epoch];
        if (!order) {
            order = std::make_shared<const std::vector<std::uint32_t>>(epoch_order(count_, seed_, epoch));
        }
        const Order wanted = order;
        constexpr std::size_t kept = 2;
        while (orders_.size() > kept) {
            orders_.erase(orders_.begin());
        }
        return wanted;
    }

private:
    std::uint32_t count_;
    std::uint64_t seed_;
    std::mutex mutex_;
    std::map<std::uint64_t, Order> orders_;
};

void check(const Dataset& data, const LoaderSettings& settings, std::int64_t start)
{
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (settings.batch < 1 || settings.threads < 0 || settings.prefetch < 1 || start < 0) {
        throw EngineError(
            ErrorCode::usage,
            fmt::format("a loader cannot have a batch of {}, {} threads, {} batches ahead and a "
                        "start of {}",
                        settings.batch, settings.threads, settings.prefetch, start));
    }
    if (data.size() > std::numeric_limits<std::uint32_t>::max() || start > most / settings.batch / 2) {
        throw EngineError(ErrorCode::usage, fmt::format("{} examples from batch {} are too many to number",
                                                        data.size(), start));
    }
}

}  // namespace

class BatchLoader::Work
{
public:
    Work(std::shared_ptr<const Dataset> data, LoaderSettings settings, std::int64_t start)
        : data_(std::move(data)),
          settings_(settings),
          orders_(static_cast<std::uint32_t>(data_->size()), settings.seed),
          started_(start),
          given_(start)
    {
        const int threads = std::min(settings_.threads, settings_.prefetch);
        for (int i = 0; i < threads; ++i) {
            threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
        }
    }

    Batch next()
    {
        if (threads_.empty()) {
            return make(given_++);
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return failure_ || ready_.contains(given_); });
        if (!ready_.contains(given_)) {
            std::rethrow_exception(failure_);
        }
        Batch batch = std::move(ready_.extract(given_).mapped());
        ++given_;
        lock.unlock();
        changed_.notify_all();
        return batch;
    }

    std::int64_t position() const { return given_; }

private:
    Batch make(std::int64_t number)
    {
        const auto count = static_cast<std::size_t>(settings_.batch);
        const auto width = static_cast<std::size_t>(data_->values_an_example());
        Batch batch;
        batch.count = settings_.batch;
        batch.images.resize(count * width);
        batch.labels.reserve(count);
        batch.indices.reserve(count);
        const auto size = static_cast<std::uint64_t>(data_->size());
        const std::uint64_t first = static_cast<std::uint64_t>(number) * count;
        Order order;
        std::uint64_t epoch = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!order || (first + i) / size != epoch) {
                epoch = (first + i) / size;
                order = orders_.of(epoch);
            }
            const std::uint32_t index = (*order)[static_cast<std::size_t>((first + i) % size)];
            const bool flip = settings_.flip && epoch_flip(settings_.seed, epoch, index);
            data_->read(index, flip, std::span(batch.images).subspan(i * width, width));
            batch.labels.push_back(data_->label(index));
            batch.indices.push_back(index);
        }
        return batch;
    }

    void run(const std::stop_token& stop)
    {
        std::unique_lock lock(mutex_);
        const auto may_start = [this] { return started_ < given_ + settings_.prefetch; };
        while (changed_.wait(lock, stop, may_start)) {
            const std::int64_t number = started_++;
            lock.unlock();
            Batch batch;
            std::exception_ptr failure;
            try {
                batch = make(number);
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            if (failure) {
                failure_ = failure;
            } else {
                ready_.emplace(number, std::move(batch));
            }
            changed_.notify_all();
            if (failure) {
                return;
            }
        }
    }

    std::shared_ptr<const Dataset> data_;
    LoaderSettings settings_;
    Orders orders_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::int64_t, Batch> ready_;
    std::exception_ptr failure_;
    std::int64_t started_;
    std::int64_t given_;
    std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

BatchLoader::BatchLoader(std::shared_ptr<const Dataset> data, LoaderSettings settings, std::int64_t start)
{
    check(*data, settings, start);
    work_ = std::make_unique<Work>(std::move(data), settings, start);
}

BatchLoader::~BatchLoader() = default;

Batch BatchLoader::next()
{
    return work_->next();
}

std::int64_t BatchLoader::position() const
{
    return work_->position();
}

}  // namespace duodiff
