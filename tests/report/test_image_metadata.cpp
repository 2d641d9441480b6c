// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/image_metadata.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

std::vector<PngText> with_record(const std::string& json)
{
    return {{"duodiff", json, true, false}};
}

}  // namespace

TEST_CASE("a picture tells the settings, its seed and class, and its own exit layers")
{
    const TemporaryFolder folder;
    for (const PolicyKind policy : policies) {
        const RunRecord run = test::finished_run(policy, 5, 200);
        for (int index = 0; index < 5; ++index) {
            write_image(folder / "a.png", test::gradient(8, 8, 1), run, index);
            CHECK(read_png(folder / "a.png") == test::gradient(8, 8, 1));
            const ImageMetadata read = read_image_metadata(folder / "a.png");
            CHECK(read.settings == run.settings);
            CHECK(read.model.sha256 == run.model.sha256);
            CHECK(read.model.path == run.model.path);
            CHECK(read.machine.program == run.machine.program);
            CHECK(read.machine.precision == run.machine.precision);
            CHECK(read.index == index);
            CHECK(read.seed == run.settings.seed + static_cast<std::uint64_t>(index));
            CHECK(read.label == index % 2 * 2);
            CHECK_FALSE(read.parameters_moved);
            REQUIRE(read.trace.size() == run.steps.size());
            for (std::size_t i = 0; i < read.trace.size(); ++i) {
                const StepRecord& step = run.steps[i];
                const TracePoint& point = read.trace[i];
                REQUIRE(point.t == step.t);
                REQUIRE(point.network == step.network);
                REQUIRE(point.exit_layer == step.exit_layers[static_cast<std::size_t>(index)]);
                REQUIRE(std::abs(point.mean_layer - exit_statistics(step).mean) <= 0.0005);
                REQUIRE(std::abs(point.deviation - exit_statistics(step).deviation) <= 0.0005);
                const bool none = std::isnan(point.parameter);
                REQUIRE(none == (policy == PolicyKind::full));
            }
        }
    }
}

TEST_CASE("a grid tells the settings and the mean curve")
{
    const TemporaryFolder folder;
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 50);
    write_image(folder / "grid.png", test::gradient(20, 20, 3), run, -1);
    const ImageMetadata read = read_image_metadata(folder / "grid.png");
    CHECK(read.index == -1);
    CHECK(read.seed == run.settings.seed);
    CHECK(read.settings == run.settings);
    REQUIRE(read.trace.size() == 50);
    CHECK(read.trace[49].exit_layer == -1);
    CHECK(read.trace[49].mean_layer == 13.0);
}

TEST_CASE("a parameter that was moved during the run is told, step by step")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 10);
    for (std::size_t i = 6; i < 10; ++i) {
        run.steps[i].parameters[1] = 0.2;
    }
    const auto texts = to_png_texts(image_metadata(run, 3));
    const auto read = metadata_from_png_texts(texts, "a.png");
    REQUIRE(read.has_value());
    CHECK(read->parameters_moved);
    CHECK(read->trace[5].parameter == 0.1);
    CHECK(read->trace[6].parameter == 0.2);
    const auto description = std::find_if(texts.begin(), texts.end(),
                                          [](const PngText& text) { return text.keyword == "Description"; });
    REQUIRE(description != texts.end());
    CHECK(description->text.find("moved during the run") != std::string::npos);
}

TEST_CASE("people can read what a picture is in its Description and Software")
{
    const auto texts = to_png_texts(image_metadata(test::finished_run(PolicyKind::duodiff, 2, 20), 1));
    REQUIRE(texts.size() == 3);
    CHECK(texts[0].text == "duodiff 0.1.0");
    for (const char* piece : {"fashion-mnist", "duodiff", "switch step 300", "ddpm", "20 steps", "image 1"}) {
        CHECK(texts[1].text.find(piece) != std::string::npos);
    }
}

TEST_CASE("a clean picture has nothing inside, and says so when asked")
{
    const TemporaryFolder folder;
    write_clean_image(folder / "clean.png", test::gradient(8, 8, 3));
    CHECK(read_png_texts(folder / "clean.png").empty());
    CHECK_THROWS_AS(read_image_metadata(folder / "clean.png"), EngineError);
    CHECK_FALSE(metadata_from_png_texts({{"Software", "another", false, false}}, "a").has_value());
}

TEST_CASE("a thousand steps of text in a picture of one pixel stay below ten kilobytes")
{
    const TemporaryFolder folder;
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 256, 1000);
    write_image(folder / "a.png", test::gradient(1, 1, 1), run, 255);
    CHECK(std::filesystem::file_size(folder / "a.png") < 10'000);
    CHECK(read_image_metadata(folder / "a.png").trace.size() == 1000);
}

TEST_CASE("there is no metadata of an image that the run does not have")
{
    const RunRecord run = test::finished_run(PolicyKind::full, 2, 3);
    CHECK_THROWS_AS(image_metadata(run, 2), EngineError);
    CHECK_THROWS_AS(image_metadata(run, -2), EngineError);
}

TEST_CASE("damaged records in a picture are refused as bad files")
{
    const std::string good =
        to_png_texts(image_metadata(test::finished_run(PolicyKind::adadiff, 2, 4), 1))[2].text;
    REQUIRE(metadata_from_png_texts(with_record(good), "a.png").has_value());
    const auto refused = [&](const std::string& from, const std::string& to) {
        std::string bad = good;
        const std::size_t at = bad.find(from);
        REQUIRE(at != std::string::npos);
        bad.replace(at, from.size(), to);
        try {
            metadata_from_png_texts(with_record(bad), "a.png");
            FAIL("accepted: " << to);
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
            CHECK(error.failure().where == "a.png");
        }
    };
    refused("duodiff image", "another image");
    refused("\"version\":1", "\"version\":2");
    refused("\"steps\":4", "\"steps\":1001");
    refused("\"policy\":\"adadiff\"", "\"policy\":\"best\"");
    refused("\"index\":1", "\"index\":2");
    refused("\"t\":[999,", "\"t\":[");
    refused("\"t\":[999,", "\"t\":[-1,");
    refused("[\"early_exit\",4]", "[\"early_exit\",5]");
    refused("[\"early_exit\",4]", "[\"early_exit\",3]");
    refused("[\"early_exit\",4]", "[\"early_exit\",0]");
    refused("[\"early_exit\",4]", "[\"early_exit\"]");
    refused("\"parameters_moved\":false", "\"parameters_moved\":0");
    CHECK_THROWS_AS(metadata_from_png_texts(with_record(""), "a.png"), EngineError);
    CHECK_THROWS_AS(metadata_from_png_texts(with_record("[]"), "a.png"), EngineError);
    CHECK_THROWS_AS(metadata_from_png_texts(with_record(good.substr(0, good.size() / 2)), "a.png"),
                    EngineError);
}
