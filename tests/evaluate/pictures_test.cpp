// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluate/grid_job.h"
#include "evaluate/maps_job.h"
#include "report/png_file.h"

#include "evaluate/evaluation_support.h"
#include "support/doctest_torch.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

GridRequest grid_of_pair(const TemporaryFolder& folder)
{
    GridRequest request;
    request.source = source_of("uvit_unconditional.pth");
    request.source.late_model = golden("early_exit_attention_probe.pth");
    request.base = few_images(3);
    request.switch_steps = {300, 600};
    request.thresholds = {-5.2};
    request.folder = folder / "out";
    return request;
}

MapsRequest maps_of(const char* model, const TemporaryFolder& folder)
{
    return {.source = source_of(model), .base = few_images(2), .columns = 3, .folder = folder / "out"};
}

}  // namespace

TEST_CASE("a grid has the pictures that a run of each policy makes, the full network first")
{
    const TemporaryFolder folder;
    const GridRequest request = grid_of_pair(folder);
    const GridReport report = evaluate_grid(*make_engine(), request);
    REQUIRE(report.rows.size() == 4);
    CHECK(report.rows[0].at.policy == PolicyKind::full);
    CHECK(report.rows[0].difference == 0.0);
    const auto engine = make_engine();
    engine->open(request.source);
    for (const GridRow& row : report.rows) {
        const RunOutcome outcome = run(*engine, settings_at(request.base, row.at));
        REQUIRE(row.pictures.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(row.pictures[i] == to_image8(outcome.images[i]));
        }
        CHECK(row.block_share == doctest::Approx(block_share(outcome.record)));
        CHECK((row.at.policy == PolicyKind::full) == (row.difference == 0.0));
    }
    write_grid_files(report, request.folder);
    const Image8 picture = read_png(request.folder / "grid.png");
    CHECK(picture.channels == 3);
    CHECK(picture.height > 4 * 72);
    CHECK(picture.width > 3 * 72);
    CHECK(nlohmann::json::parse(text_of(request.folder / "grid.json"))["rows"][2]["switch_step"] == 600);
}

TEST_CASE("a grid that was stopped goes on to the same files")
{
    const TemporaryFolder folder;
    const GridRequest whole = grid_of_pair(folder);
    write_grid_files(evaluate_grid(*make_engine(), whole), whole.folder);
    for (const int stop_at : {5, 14, 30}) {
        const TemporaryFolder other;
        const GridRequest request = grid_of_pair(other);
        StopAt stopper(stop_at);
        CHECK_THROWS_AS(
            (void)evaluate_grid(*make_engine(), request, stopper.callback(), stopper.stop.get_token()),
            EngineError);
        write_grid_files(evaluate_grid(*make_engine(), request), request.folder);
        CHECK(files_of(request.folder) == files_of(whole.folder));
    }
}

TEST_CASE(
    "a grid of a model with one network has one row, and says what is missing; asked for, it is refused")
{
    const TemporaryFolder folder;
    GridRequest request = grid_of_pair(folder);
    request.source = source_of("uvit_unconditional.pth");
    CHECK_THROWS_AS((void)evaluate_grid(*make_engine(), request), EngineError);
    request.switch_steps.clear();
    request.thresholds.clear();
    const GridReport report = evaluate_grid(*make_engine(), request);
    CHECK(report.rows.size() == 1);
    CHECK(report.notes.size() == 2);
}

TEST_CASE("maps are those of the states on the full network's way, their mean is u")
{
    const TemporaryFolder folder;
    const MapsRequest request = maps_of("adadiff_original.pth", folder);
    const MapsReport report = evaluate_maps(*make_engine(), request);
    REQUIRE(report.images.size() == 2);
    const auto engine = make_engine();
    engine->open(request.source);
    Trajectory trajectory;
    FrameLog log;
    SampleOptions options;
    options.keep = &trajectory;
    (void)engine->sample(settings_at(request.base, {}), 0, log, {}, nullptr, options);
    for (std::size_t i = 0; i < 2; ++i) {
        const MapsImage& image = report.images[i];
        REQUIRE(image.steps.size() == 3);
        CHECK(image.steps.front().t == 999);
        CHECK(image.steps.back().t == 0);
        for (const MapsStep& step : image.steps) {
            const LayerUncertainty expected = engine->uncertainty_of(trajectory, 0, step.step);
            CHECK(report.layers == expected.layers);
            for (int layer = 0; layer < expected.probes; ++layer) {
                const auto map = expected.map(layer, static_cast<int>(i));
                const auto& found = step.maps[static_cast<std::size_t>(layer)];
                REQUIRE(found.size() == map.size());
                double sum = 0.0;
                for (std::size_t k = 0; k < map.size(); ++k) {
                    CHECK(found[k] == doctest::Approx(map[k]).epsilon(1e-4));
                    sum += static_cast<double>(found[k]);
                }
                CHECK(sum / static_cast<double>(map.size()) ==
                      doctest::Approx(step.uncertainty[static_cast<std::size_t>(layer)]).epsilon(1e-3));
            }
        }
    }
    const std::vector<std::string> files = write_maps_files(report, request.folder);
    CHECK(files.size() == 5);
    const auto expected = files_of(request.folder);
    // Finished images are not made again; a stopped evaluation comes to the same files.
    const TemporaryFolder other;
    const MapsRequest stopped = maps_of("adadiff_original.pth", other);
    StopAt stopper(17);
    CHECK_THROWS_AS(
        (void)evaluate_maps(*make_engine(), stopped, stopper.callback(), stopper.stop.get_token()),
        EngineError);
    (void)write_maps_files(evaluate_maps(*make_engine(), stopped), stopped.folder);
    CHECK(files_of(stopped.folder) == expected);
    StopAt counter(1000);
    (void)write_maps_files(evaluate_maps(*make_engine(), stopped, counter.callback()), stopped.folder);
    CHECK(1000 - counter.left < 8);
    CHECK(files_of(stopped.folder) == expected);
}

TEST_CASE("models without maps are refused in words")
{
    const TemporaryFolder folder;
    for (const char* model : {"uvit_unconditional.pth", "early_exit_attention_probe.pth"}) {
        try {
            (void)evaluate_maps(*make_engine(), maps_of(model, folder));
            FAIL("not refused");
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::usage);
            CHECK(error.failure().what.find("map") != std::string::npos);
        }
    }
}
