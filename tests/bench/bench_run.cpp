// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench_run.h"

#include "stream/what_if.h"
#include "ui/cursor_panel.h"
#include "ui/exit_plot.h"
#include "ui/prediction_card.h"
#include "ui/preview_grid.h"
#include "ui/qcustomplot_wrapper.h"

#include <QApplication>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

namespace duodiff::bench
{

namespace
{

constexpr int steps = 1000;
constexpr int depth = 13;
constexpr int images = 256;
constexpr int frames = 100;

RunRecord largeRun()
{
    RunRecord record;
    record.model.depth = depth;
    record.model.shallow_depth = 3;
    record.model.has_early_exit = true;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.threshold = 0.08;
    record.settings.steps = steps;
    record.settings.count = record.settings.batch = images;
    record.probes = depth;
    record.ledger.blocks = 50'000.0;
    record.ledger.wall = record.sampling_ms = 60'000.0;
    std::mt19937 random(3);
    std::uniform_real_distribution<float> noise(0.0F, 0.03F);
    for (int step = 0; step < steps; ++step) {
        StepRecord s;
        s.step = step;
        s.t = steps - 1 - step;
        s.network = NetworkRole::early_exit;
        s.ms = 55.0;
        s.parameters = {0.08};
        s.uncertainty.resize(static_cast<std::size_t>(depth * images));
        const float level = 0.02F + 0.25F / (1.0F + std::exp((static_cast<float>(s.t) - 600.0F) / 60.0F));
        for (int image = 0; image < images; ++image) {
            int exit = depth;
            for (int probe = 0; probe < depth; ++probe) {
                const float u = level * (1.2F - 0.06F * static_cast<float>(probe)) + noise(random);
                s.uncertainty[static_cast<std::size_t>(probe * images + image)] = u;
                exit = u <= 0.08F ? std::min(exit, probe) : exit;
            }
            s.exit_layers.push_back(static_cast<std::int16_t>(exit));
        }
        record.steps.push_back(std::move(s));
    }
    return record;
}

const RunRecord& run()
{
    static const RunRecord record = largeRun();
    return record;
}

std::unique_ptr<ui::ExitPlot> shownPlot()
{
    auto plot = std::make_unique<ui::ExitPlot>();
    plot->resize(900, 300);
    plot->showRecord(run());
    plot->show();
    plot->plot()->replot(QCustomPlot::rpImmediateRefresh);
    return plot;
}

void predictInto(ui::ExitPlot& plot, const WhatIfIndex& index, WhatIf& whatIf, int frame)
{
    index.predict({.policy = PolicyKind::adadiff, .threshold = 0.05 + 0.0005 * frame}, whatIf);
    const auto text = ui::predictionText(whatIf, run().sampling_ms, true, false);
    plot.setPrediction(ui::PredictedCurve{whatIf.steps, text.legend});
}

}  // namespace

Times plotReplot()
{
    const auto plot = shownPlot();
    const WhatIfIndex index(run());
    WhatIf whatIf;
    predictInto(*plot, index, whatIf, 40);
    Times times;
    for (int frame = 0; frame < frames; ++frame) {
        addTime(times, [&] { plot->plot()->replot(QCustomPlot::rpImmediateRefresh); });
    }
    return times;
}

Times plotFinishedRun()
{
    const auto plot = shownPlot();
    Times times;
    for (int frame = 0; frame < frames / 5; ++frame) {
        addTime(times, [&] {
            plot->showRecord(run());
            plot->plot()->replot(QCustomPlot::rpImmediateRefresh);
        });
    }
    return times;
}

Times gridRepaint()
{
    ui::PreviewGrid grid;
    grid.resize(900, 460);
    grid.beginRun(images, 28, 28, {});
    std::vector<int> marked;
    for (int image = 0; image < images; ++image) {
        QImage picture(28, 28, QImage::Format_RGB32);
        picture.fill(qRgb(image, 90, 255 - image));
        grid.setImage(image, picture);
        if (image % 3 == 0) {
            marked.push_back(image);
        }
    }
    grid.show();
    QApplication::processEvents();
    Times times;
    for (int frame = 0; frame < frames; ++frame) {
        grid.setMarked(frame % 2 == 0 ? marked : std::vector<int>());
        addTime(times, [&] { grid.viewport()->repaint(); });
    }
    return times;
}

Times whatIfIndex()
{
    WhatIfIndex index;
    Times times;
    for (int frame = 0; frame < frames / 5; ++frame) {
        addTime(times, [&] { index.update(run()); });
    }
    return times;
}

Times whatIfNextStep()
{
    WhatIfIndex index(run());
    Times times;
    for (int frame = 0; frame < frames; ++frame) {
        addTime(times, [&] { index.update(run(), static_cast<std::size_t>(steps - 1)); });
    }
    return times;
}

Times whatIfSlider()
{
    const auto plot = shownPlot();
    const WhatIfIndex index(run());
    WhatIf whatIf;
    Times times;
    for (int frame = 0; frame < frames; ++frame) {
        addTime(times, [&] {
            predictInto(*plot, index, whatIf, frame);
            plot->plot()->replot(QCustomPlot::rpImmediateRefresh);
        });
    }
    return times;
}

Times cursorMove()
{
    const auto plot = shownPlot();
    ui::CursorPanel panel;
    panel.resize(240, 400);
    panel.show();
    QApplication::processEvents();
    Times times;
    for (int frame = 0; frame < frames; ++frame) {
        addTime(times, [&] {
            const int step = frame * 9;
            plot->setCursor(step);
            panel.display(ui::atCursor(run(), step, 5));
            panel.repaint();
        });
    }
    return times;
}

}  // namespace duodiff::bench
