// SPDX-License-Identifier: MIT
#pragma once

#include "model/bundle.h"
#include "session/engine.h"

namespace duodiff
{

/// Opens what a person names: a pack folder or bare checkpoints.
ModelFiles read_model(const ModelSource& source);

/// What there is to know of `files` without building its networks.
ModelInfo describe_model(const ModelFiles& files);

/// "DuoDiff authors", "AdaDiff authors", "U-ViT authors", "latent diffusion authors".
std::string convention_of(const ModelConfig& config);
/// "U-ViT", "U-ViT with early exit", "KL autoencoder".
std::string kind_of(const ModelConfig& config);

}  // namespace duodiff
