// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "report/image8.h"
#include "session/engine.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace duodiff::cli
{

/// A finished image as it is written: kept while a run goes on, so that an error late in the run does not
/// take it.
struct KeptImage {
    int index = 0;
    std::uint64_t seed = 0;
    std::int64_t label = -1;
    Image8 picture;
};

KeptImage kept_image(const FinishedImage& image);

/// Where a run's files go: `0000.png ...`, `grid.png`, `run.json`, `steps.csv`, `report.html`, and
/// `step-TTTT/0000.png ...` for saved states.
class RunFolder
{
public:
    /// Makes the folder where it is missing. Throws EngineError when it cannot be written to.
    explicit RunFolder(std::filesystem::path folder);

    /// Writes all files; `record.images` is made to name the written ones. What an earlier run left in the
    /// folder is removed first, and only now: a run that fails at its start takes nothing.
    void write(RunRecord& record, const std::vector<KeptImage>& images,
               const std::vector<SavedState>& saved) const;

    const std::filesystem::path& path() const { return folder_; }
    static std::string image_name(int index);
    static std::string step_name(int t);

private:
    void remove_earlier_run() const;

    std::filesystem::path folder_;
};

}  // namespace duodiff::cli
