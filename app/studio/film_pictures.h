// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "report/film.h"
#include "studio/kept_run.h"
#include "ui/film_facts.h"

#include <vector>

namespace duodiff::studio
{

ui::FilmFacts filmFacts(const KeptRun& run);

/// Point 17: pictures of a run's steps, made of its kept states when they are asked for. An image that was
/// stopped stays as it was last, in a dashed frame. May be used on any thread.
class FilmPictures
{
public:
    /// `run` outlives it, and has a film, see filmFacts().
    FilmPictures(const KeptRun& run, PictureKind kind);

    /// All images after so many steps, enlarged as ui::gifFactor() says.
    Image8 grid(int stepsDone) const;
    /// A row an image, at most ui::mostStripRows; at most so many equally spaced steps from left to right.
    Image8 strip(int pictures) const;

private:
    struct Picture {
        Image8 image;
        bool stopped = false;
    };
    std::vector<Picture> picturesAt(int stepsDone, int most) const;

    const KeptRun& m_run;
    PictureKind m_kind;
    ui::FilmFacts m_facts;
};

}  // namespace duodiff::studio
