// SPDX-License-Identifier: MIT
#include "evaluate/feature_network.h"

#include "checkpoint/checkpoint.h"
#include "evaluate/classifier.h"
#include "evaluate/inception.h"

namespace duodiff
{

std::shared_ptr<const FeatureNetwork> open_feature_network(const std::filesystem::path& path,
                                                           c10::Device device)
{
    // Only a classifier's file says what it is; Inception's is told by its tensors.
    if (read_checkpoint(path).metadata.contains("kind")) {
        return Classifier::load(path, device);
    }
    return Inception::load(path, device);
}

}  // namespace duodiff
