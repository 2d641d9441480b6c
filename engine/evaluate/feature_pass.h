// SPDX-License-Identifier: MIT
#pragma once

#include "data/dataset.h"
#include "evaluate/feature_network.h"
#include "evaluate/feature_statistics.h"
#include "stream/frame.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>

namespace duodiff
{

/// Statistics that are kept in a file while they grow. The file is gone on with if its `about` has all of
/// these entries; else they begin anew.
class KeptStatistics
{
public:
    KeptStatistics(std::filesystem::path path, std::int64_t dimension,
                   std::map<std::string, std::string> about);

    /// Whether the file held something of another `about`.
    bool replaces_other() const { return replaces_other_; }
    FeatureStatistics& statistics() { return statistics_; }
    const FeatureStatistics& statistics() const { return statistics_; }
    /// A number that is kept beside them; 0 at the beginning.
    double number(const std::string& key) const;
    void set_number(const std::string& key, double value);
    void save() const;

private:
    std::filesystem::path path_;
    std::map<std::string, std::string> about_;
    FeatureStatistics statistics_;
    bool replaces_other_ = false;
};

/// The features of the examples in `order` (numbers of the dataset), from where `kept` has come to; saved
/// every now and then and at the end. Throws EngineError(cancelled) when stopped, after saving.
void add_examples(KeptStatistics& kept, const FeatureNetwork& network, const Dataset& data,
                  std::span<const std::uint32_t> order, const std::function<void(double fraction)>& progress,
                  const std::stop_token& stop);

/// The features of images as a file of theirs would have them: in 8 bits. Throws EngineError(usage) for
/// latents.
void add_images(FeatureStatistics& statistics, const FeatureNetwork& network,
                std::span<const FinishedImage> images);

}  // namespace duodiff
