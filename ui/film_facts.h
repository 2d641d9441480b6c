// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/frame.h"

#include <QSize>
#include <QString>

#include <vector>

namespace duodiff::ui
{

/// What pictures of its steps a run can give.
struct FilmFacts {
    QString unavailable;  ///< why there are none; empty: there are
    int images = 0;       ///< whose states are held
    QSize picture;        ///< of one image, in its own pixels
    bool inColour = false;
    bool approximate = false;    ///< of a latent model
    std::vector<int> noisy;      ///< numbers of steps done with x_t held, ascending
    std::vector<int> predicted;  ///< likewise with the predicted x_0

    const std::vector<int>& held(PictureKind kind) const
    {
        return kind == PictureKind::noisy ? noisy : predicted;
    }
};

/// Rows of a strip, at most.
inline constexpr int mostStripRows = 64;

/// Every `every`-th of the steps that are held, the nearest after it where it is not; the last always.
std::vector<int> filmSteps(const std::vector<int>& held, int every);
/// A step for about a hundred frames.
int proposedEvery(const std::vector<int>& held);
/// How many times a pixel is enlarged, so that small pictures can be looked at.
int gifFactor(const FilmFacts& facts);
int stripFactor(const FilmFacts& facts);
QSize gifSize(const FilmFacts& facts);
QSize stripSize(const FilmFacts& facts, int pictures);
/// About; noise does not compress, so that it comes near.
qint64 gifBytes(const FilmFacts& facts, PictureKind kind, int every);
qint64 stripBytes(const FilmFacts& facts, int pictures);

}  // namespace duodiff::ui
