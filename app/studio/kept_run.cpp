// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/kept_run.h"

#include <fmt/format.h>

#include <set>

namespace duodiff::studio
{

std::string imageFileName(const ImageRecord& image, int steps)
{
    return image.steps_done > 0
               ? fmt::format("{:04}-unfinished-{}-of-{}-steps.png", image.index, image.steps_done, steps)
               : fmt::format("{:04}.png", image.index);
}

void nameImages(RunRecord& record, const KeptRun& run)
{
    std::set<int> there;
    for (const FinishedImage& image : run.images) {
        there.insert(image.index);
    }
    for (const UnfinishedImage& image : run.unfinished) {
        there.insert(image.picture.index);
    }
    for (auto* images : {&record.images, &record.unfinished}) {
        for (ImageRecord& image : *images) {
            image.file =
                there.contains(image.index) ? imageFileName(image, record.settings.steps) : std::string();
        }
    }
}

}  // namespace duodiff::studio
