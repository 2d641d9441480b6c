// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/film_facts.h"

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

constexpr int gap = 2;  ///< GridOptions::padding

/// Pixels of a grid before it is enlarged.
QSize gridSize(const QSize& picture, int columns, int rows)
{
    return {columns * (picture.width() + gap) + gap, rows * (picture.height() + gap) + gap};
}

QSize filmGrid(const FilmFacts& facts)
{
    const int columns = std::max(1, static_cast<int>(std::ceil(std::sqrt(facts.images))));
    return gridSize(facts.picture, columns, (facts.images + columns - 1) / columns);
}

int stripRows(const FilmFacts& facts)
{
    return std::min(facts.images, mostStripRows);
}

}  // namespace

std::vector<int> filmSteps(const std::vector<int>& held, int every)
{
    std::vector<int> steps;
    int next = 0;
    for (const int step : held) {
        if (step >= next || step == held.back()) {
            steps.push_back(step);
            next = (step / std::max(every, 1) + 1) * std::max(every, 1);
        }
    }
    return steps;
}

int proposedEvery(const std::vector<int>& held)
{
    constexpr int frames = 100;
    return held.empty() ? 1 : std::max(1, (held.back() + frames - 1) / frames);
}

int gifFactor(const FilmFacts& facts)
{
    const QSize grid = filmGrid(facts);
    return std::clamp(480 / std::max({grid.width(), grid.height(), 1}), 1, 8);
}

int stripFactor(const FilmFacts& facts)
{
    return std::clamp(96 / std::max({facts.picture.width(), facts.picture.height(), 1}), 1, 4);
}

QSize gifSize(const FilmFacts& facts)
{
    return filmGrid(facts) * gifFactor(facts);
}

QSize stripSize(const FilmFacts& facts, int pictures)
{
    return gridSize(facts.picture, pictures, stripRows(facts)) * stripFactor(facts);
}

qint64 gifBytes(const FilmFacts& facts, PictureKind kind, int every)
{
    const QSize grid = filmGrid(facts);
    const auto frames = static_cast<double>(filmSteps(facts.held(kind), every).size());
    // A run of equal pixels costs little: an enlarged row is about as long as the row itself, once a copy.
    const double bytes = frames * grid.width() * grid.height() * gifFactor(facts) * 0.8;
    return static_cast<qint64>(bytes);
}

qint64 stripBytes(const FilmFacts& facts, int pictures)
{
    const QSize grid = gridSize(facts.picture, pictures, stripRows(facts));
    return static_cast<qint64>(grid.width()) * grid.height() * (facts.inColour ? 3 : 1);
}

}  // namespace duodiff::ui
