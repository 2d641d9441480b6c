// SPDX-License-Identifier: GPL-3.0-or-later
#include "progress_line.h"
#include "run_progress.h"
#include "scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace duodiff;
using namespace duodiff::cli;

namespace
{

Frame frame(int batch, int step, NetworkRole network, double ms, int images)
{
    Frame made;
    made.batch = batch;
    made.step = step;
    made.network = network;
    made.ms = ms;
    made.exit_layers.assign(static_cast<std::size_t>(images), 0);
    return made;
}

SamplingSettings settings_of(PolicyKind policy, int steps, int count, int batch)
{
    SamplingSettings settings;
    settings.policy = policy;
    settings.steps = steps;
    settings.count = count;
    settings.batch = batch;
    settings.switch_step = 500;
    return settings;
}

}  // namespace

TEST_CASE("progress goes to a terminal only, on one line that is ended")
{
    std::ostringstream pipe;
    const Terminal no_terminal{};
    {
        ProgressLine line(pipe, no_terminal);
        line.show("half");
    }
    CHECK(pipe.str().empty());

    std::ostringstream screen;
    const Terminal terminal{.out_is_terminal = true, .err_is_terminal = true, .colour = false, .width = 30};
    {
        ProgressLine line(screen, terminal);
        line.show("a text that is much longer than the thirty columns of this terminal");
        line.show("short \xce\xb8");
    }
    const std::string text = screen.str();
    CHECK(text.starts_with('\r'));
    CHECK(text.ends_with('\n'));
    CHECK(cli::test::lines(text) == 1);
    CHECK(text.find("short \xce\xb8") != std::string::npos);
    CHECK(text.find("this terminal") == std::string::npos);
}

TEST_CASE("a run on a terminal draws images, steps, rate and ETA, and nothing of it on stdout")
{
    const duodiff::test::TemporaryFolder folder;
    cli::test::make_file(folder / "model");
    cli::test::World world;
    world.hooks.terminal = {.out_is_terminal = true, .err_is_terminal = true, .colour = false, .width = 100};
    const cli::test::Result result =
        world.run({"sample", "--model", (folder / "model").string(), "--out", (folder / "out").string(),
                   "--steps", "20", "--count", "4", "--batch", "2"});
    CHECK(result.status == 0);
    CHECK(result.err.find("images 4/4  step 20/20") != std::string::npos);
    CHECK(result.err.find("steps/s") != std::string::npos);
    CHECK(result.err.find("ETA 0:00") != std::string::npos);
    CHECK(result.err.ends_with('\n'));
    CHECK(result.out.find('\r') == std::string::npos);
}

TEST_CASE("the time left is withheld at first and exact for steps of even cost")
{
    RunProgress progress(settings_of(PolicyKind::full, 10, 6, 2), 13, 3);
    for (int step = 0; step < 4; ++step) {
        progress.add(frame(0, step, NetworkRole::full, 100.0, 2));
    }
    CHECK_FALSE(progress.remaining_ms());
    progress.add(frame(0, 4, NetworkRole::full, 100.0, 2));
    CHECK(progress.remaining_ms().value() == doctest::Approx(5 * 100.0 + 20 * 100.0));
}

TEST_CASE("the networks are timed apart: the slow one's steps are counted before one has run")
{
    RunProgress progress(settings_of(PolicyKind::duodiff, 10, 1, 1), 12, 3);
    for (int step = 0; step < 5; ++step) {
        progress.add(frame(0, step, NetworkRole::shallow, 30.0, 1));
    }
    CHECK(progress.remaining_ms().value() == doctest::Approx(5 * 120.0));
    progress.add(frame(0, 5, NetworkRole::full, 100.0, 1));
    CHECK(progress.remaining_ms().value() == doctest::Approx(4 * 100.0));
}

TEST_CASE("a finished batch tells what the next one will cost, step by step")
{
    RunProgress progress(settings_of(PolicyKind::adadiff, 6, 3, 2), 13, 0);
    for (int step = 0; step < 6; ++step) {
        progress.add(frame(0, step, NetworkRole::early_exit, 20.0 * (step + 1), 2));
    }
    CHECK(progress.remaining_ms().value() == doctest::Approx(10.0 * (1 + 2 + 3 + 4 + 5 + 6)));
    progress.batch_finished(2);
    progress.add(frame(1, 0, NetworkRole::early_exit, 10.0, 1));
    CHECK(progress.remaining_ms().value() == doctest::Approx(10.0 * (2 + 3 + 4 + 5 + 6)));
}

TEST_CASE("clock texts have minutes, and hours where they are needed")
{
    CHECK(clock_text(0.0) == "0:00");
    CHECK(clock_text(83'400.0) == "1:23");
    CHECK(clock_text(7'400'000.0) == "2:03:20");
}
