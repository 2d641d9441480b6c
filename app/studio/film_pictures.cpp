// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/film_pictures.h"

#include <QCoreApplication>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>

namespace duodiff::studio
{

namespace
{

QString tr(const char* text)
{
    return QCoreApplication::translate("Export", text);
}

/// The red, or the three colours, of one picture of a strip.
Image8 tileOf(const PictureStrip& strip, int tile, bool inColour)
{
    const std::size_t channels = inColour ? 3 : 1;
    const std::size_t area = static_cast<std::size_t>(strip.width) * static_cast<std::size_t>(strip.height);
    Image8 image{strip.width, strip.height, static_cast<int>(channels), {}};
    image.pixels.reserve(area * channels);
    const std::uint8_t* pixel = strip.rgbx->data() + static_cast<std::size_t>(tile) * area * 4;
    for (std::size_t i = 0; i < area; ++i, pixel += 4) {
        image.pixels.insert(image.pixels.end(), pixel, pixel + channels);
    }
    return image;
}

}  // namespace

ui::FilmFacts filmFacts(const KeptRun& run)
{
    ui::FilmFacts facts;
    const auto of = run.trajectory ? run.trajectory->run() : nullptr;
    if (!run.trajectory) {
        facts.unavailable = tr("The steps of this run are not kept any more: generate it again for a film.");
        return facts;
    }
    std::set<int> noisy;
    std::set<int> predicted;
    for (int batch = 0; batch < run.trajectory->batches(); ++batch) {
        for (const int done : run.trajectory->held(batch)) {
            const StatePointer state = run.trajectory->state(batch, done);
            noisy.insert(done);
            if (!state->predicted.empty()) {
                predicted.insert(done);
            }
            facts.picture = {state->shape.width, state->shape.height};
            facts.inColour =
                of->preview_map.empty()
                    ? state->shape.channels > 2
                    : of->preview_map.size() / static_cast<std::size_t>(state->shape.channels + 1) > 2;
        }
        if (const StatePointer last = run.trajectory->nearest(batch, std::numeric_limits<int>::max())) {
            facts.images += last->shape.count;
        }
    }
    if (noisy.size() < 2) {
        facts.unavailable =
            tr("No more than one step of this run is kept: it did not fit into the memory that "
               "is set aside for steps.");
        return facts;
    }
    facts.approximate = !of->preview_map.empty();
    facts.noisy.assign(noisy.begin(), noisy.end());
    facts.predicted.assign(predicted.begin(), predicted.end());
    return facts;
}

FilmPictures::FilmPictures(const KeptRun& run, PictureKind kind)
    : m_run(run), m_kind(kind), m_facts(filmFacts(run))
{
}

std::vector<FilmPictures::Picture> FilmPictures::picturesAt(int stepsDone, int most) const
{
    const Trajectory& trajectory = *m_run.trajectory;
    const int steps = trajectory.run()->steps;
    std::vector<Picture> pictures;
    for (int batch = 0; batch < trajectory.batches(); ++batch) {
        StatePointer state = trajectory.nearest(batch, stepsDone);
        if (!state || (m_kind == PictureKind::predicted && state->predicted.empty())) {
            // Of a batch whose first states are not held: what it had first.
            for (const int done : trajectory.held(batch)) {
                state = trajectory.state(batch, done);
                if (m_kind == PictureKind::noisy || !state->predicted.empty()) {
                    break;
                }
            }
        }
        const auto strip = state ? trajectory.picture(batch, state->steps_done, m_kind) : std::nullopt;
        if (!strip) {
            continue;
        }
        const int last = trajectory.held(batch).back();
        const bool stopped = last < steps && stepsDone >= last && m_run.record.state != RunState::done;
        for (int tile = 0; tile < strip->count && static_cast<int>(pictures.size()) < most; ++tile) {
            pictures.push_back({tileOf(*strip, tile, m_facts.inColour), stopped});
        }
    }
    return pictures;
}

Image8 FilmPictures::grid(int stepsDone) const
{
    std::vector<Image8> images;
    GridOptions options;
    for (Picture& picture : picturesAt(stepsDone, std::numeric_limits<int>::max())) {
        images.push_back(std::move(picture.image));
        options.dashed.push_back(picture.stopped);
    }
    return enlarged(compose_grid(images, options), ui::gifFactor(m_facts));
}

Image8 FilmPictures::strip(int pictures) const
{
    const std::vector<int>& held = m_facts.held(m_kind);
    std::vector<PictureSequence> images;
    std::vector<std::vector<bool>> stopped;
    for (const std::size_t place :
         equally_spaced(held.size(), static_cast<std::size_t>(std::max(pictures, 1)))) {
        auto column = picturesAt(held[place], ui::mostStripRows);
        images.resize(column.size());
        stopped.resize(column.size());
        for (std::size_t row = 0; row < column.size(); ++row) {
            images[row].push_back(std::move(column[row].image));
            stopped[row].push_back(column[row].stopped);
        }
    }
    StripOptions options;
    options.steps = images.empty() ? 1 : images.front().size();
    for (const std::vector<bool>& row : stopped) {
        options.grid.dashed.insert(options.grid.dashed.end(), row.begin(), row.end());
    }
    return enlarged(compose_strip(images, options), ui::stripFactor(m_facts));
}

}  // namespace duodiff::studio
