// SPDX-License-Identifier: MIT
#pragma once

// What a picture says about itself to other programs; our own record is in image_metadata.h.

#include "report/image_metadata.h"

#include <string>

namespace duodiff
{

/// Name of the picture's class, or what stands for it; empty for an unconditional model.
std::string subject_of(const ImageMetadata& metadata);

/// One line for people: model, policy, sampler, seed, class.
std::string picture_description(const ImageMetadata& metadata);

/// The text that AUTOMATIC1111's web UI and the tools after it read under the keyword "parameters": the
/// prompt on a line (here the class), then "Steps: 50, Sampler: DDIM, Seed: 7, Size: 28x28, Model hash:
/// ..., Model: ...". Values with a comma, a colon or a quote are quoted as JSON, as those tools do.
std::string generation_parameters(const ImageMetadata& metadata);

/// An XMP packet (Adobe XMP part 1) with IPTC's DigitalSourceType trainedAlgorithmicMedia, the program and
/// the description. Well-formed XML whatever the names hold.
std::string xmp_packet(const ImageMetadata& metadata);

}  // namespace duodiff
