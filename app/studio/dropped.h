// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/moved_parameters.h"
#include "studio/kept_run.h"

#include <QString>

#include <filesystem>
#include <vector>

namespace duodiff::studio
{

/// A run that an image or a run file tells of.
struct EarlierRun {
    RunRecord record;             ///< without pictures; of an image, with its own exit layers alone
    SamplingSettings settings;    ///< as they were, with the precision that `auto` became
    std::uint64_t seed = 0;       ///< of the image itself, or of the run
    MovedParameters moved;        ///< empty: the settings alone repeat the run
    bool movedIsPartial = false;  ///< an image knows the parameters of its own batch only
    std::vector<EarlierClasses> earlierClasses;  ///< of a branch that had other classes at first
    QString what;                                ///< "Image 3 of a run", "A run of 16 images"
    QString notice;                              ///< what of it could not be read; empty: nothing
    /// Of the record's images and then of its unfinished ones, where they lie beside it; of a grid, it.
    std::vector<std::filesystem::path> pictures;
};

enum class DroppedKind { pack, checkpoint, image, runFile };

struct Dropped {
    DroppedKind kind = DroppedKind::pack;
    std::filesystem::path path;  ///< of the pack its folder, of a run its run.json
};

/// What `path` is, by its content where the name does not tell. Throws EngineError(bad_file) that says
/// why it is nothing the studio opens.
Dropped classify(const std::filesystem::path& path);

/// Reads a PNG or a run.json. Throws EngineError(bad_file).
EarlierRun readEarlierRun(const Dropped& dropped);

/// The run with its pictures, as far as eight bits hold them. A picture that cannot be read is left out, or,
/// where all are needed, an EngineError.
KeptRun readPictures(const EarlierRun& run, bool needsAll);

/// Whether what both models have has the same weights.
bool isSameModel(const ModelSummary& earlier, const ModelSummary& now);

}  // namespace duodiff::studio
