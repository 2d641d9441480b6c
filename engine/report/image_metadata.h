// SPDX-License-Identifier: MIT
#pragma once

#include "report/png_file.h"
#include "stream/run_record.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace duodiff
{

/// One step as an image of the run saw it.
struct TracePoint {
    int t = 0;
    NetworkRole network = NetworkRole::full;
    double parameter = 0.0;   ///< theta, t_s or static layer in force; NaN: none
    int exit_layer = 0;       ///< of this image; -1 for the grid
    double mean_layer = 0.0;  ///< over the images of the run, to a thousandth
    double deviation = 0.0;   ///< one sigma, likewise

    bool operator==(const TracePoint&) const = default;
};

/// What a generated PNG says about how it was made: enough to repeat the run and to redraw its curve
/// without the model.
struct ImageMetadata {
    SamplingSettings settings;
    ModelSummary model;
    MachineInfo machine;  ///< the precision and device that `automatic` became
    std::string started_at;
    int index = 0;  ///< of the image in the run; -1: the grid of all images
    std::uint64_t seed = 0;
    std::int64_t label = -1;
    /// Solver steps that an unfinished image had: its picture is the x_0 predicted in the last of them. 0:
    /// it is finished.
    int steps_done = 0;
    /// Theta, t_s or the static layer was moved while the run went on; the settings alone do not repeat it.
    bool parameters_moved = false;
    std::vector<EarlierClasses> earlier_classes;  ///< likewise for classes, see RunRecord
    std::vector<TracePoint> trace;                ///< in the order the steps ran
};

/// The metadata of image `index` of a run, finished or not; of the grid for -1. Throws EngineError(usage)
/// for an image that the record does not have.
ImageMetadata image_metadata(const RunRecord& record, int index);

/// As PNG text: "Software", "Description" and "parameters" (see generation_parameters(); tEXt, or iTXt where
/// they are not Latin-1), iTXt "XML:com.adobe.xmp" (see xmp_packet()) and, last, iTXt "duodiff" (JSON).
std::vector<PngText> to_png_texts(const ImageMetadata& metadata);

/// Nothing where the texts hold no "duodiff" entry; EngineError(bad_file) where that is damaged.
std::optional<ImageMetadata> metadata_from_png_texts(const std::vector<PngText>& texts,
                                                     const std::string& where);

/// Reads it from a file. Throws EngineError(bad_file) where the file is no PNG, is damaged, or was not
/// made by this program (or was exported clean).
ImageMetadata read_image_metadata(const std::filesystem::path& path);

/// Writes image `index` of a run (-1: its grid) with all of that inside.
void write_image(const std::filesystem::path& path, const Image8& image, const RunRecord& record, int index);
/// "Export clean": no text, no date, nothing but the pixels and the chunks that a PNG has to have.
void write_clean_image(const std::filesystem::path& path, const Image8& image);

}  // namespace duodiff
