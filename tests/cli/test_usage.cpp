// SPDX-License-Identifier: GPL-3.0-or-later
#include "scripted_world.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

using namespace duodiff;
using namespace duodiff::cli::test;

namespace
{

using Words = std::vector<std::string>;

std::string all(const Words& words)
{
    std::string text;
    for (const std::string& word : words) {
        text += word + " ";
    }
    return text;
}

Words sample_with(const duodiff::test::TemporaryFolder& folder, const Words& more)
{
    Words words = {"sample", "--model", (folder / "model").string(), "--out", (folder / "out").string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

TEST_CASE("every wrong usage ends with status 2, at most two lines on stderr and an untouched engine")
{
    const duodiff::test::TemporaryFolder folder;
    make_file(folder / "model");
    const std::vector<Words> sample_endings = {
        {"--policy", "adadif"},
        {"--policy"},
        {"--policy", "--json"},
        {"--policy", "static"},
        {"--switch-step", "-1"},
        {"--switch-step", "1001"},
        {"--switch-step", "many"},
        {"--threshold", "low"},
        {"--threshold", "nan"},
        {"--exit-layer", "-1"},
        {"--sampler", "dppm"},
        {"--steps", "0"},
        {"--steps", "1001"},
        {"--eta", "-0.1"},
        {"--count", "0"},
        {"--batch", "0"},
        {"--seed", "-1"},
        {"--seed", "18446744073709551616"},
        {"--seed", "1", "--seed", "2"},
        {"--class", ""},
        {"--compat", "refrence"},
        {"--parametrization", "noise"},
        {"--device", "gpu"},
        {"--precision", "fp16"},
        {"--save-steps", "1000"},
        {"--save-steps", "1,x"},
        {"--no-such-option"},
        {"--no-such-option=3"},
        {"stray"},
        {"--json=maybe"},
    };
    std::vector<Words> cases = {
        {},
        {"smaple"},
        {"train"},
        {"help", "nothing"},
        {"--verbose"},
        {"sample"},
        {"sample", "--model", (folder / "model").string()},
        {"sample", "--out", (folder / "out").string()},
        {"forward"},
        {"forward", "--model", "m", "--input", "i"},
        {"decode", "--autoencoder", "a"},
        {"info"},
        {"info", "a", "b"},
        {"import"},
        {"import", "--full", "f"},
        {"bench", "--rounds", "0"},
        {"eval"},
        {"eval", "frechet"},
        {"eval", "frechet", "--data", "d"},
        {"bench", "--switch-step", "1001"},
        {"doctor", "now"},
    };
    for (const Words& ending : sample_endings) {
        cases.push_back(sample_with(folder, ending));
    }
    for (const Words& words : cases) {
        CAPTURE(all(words));
        World world;
        const Result result = world.run(words);
        CHECK(result.status == 2);
        CHECK(result.out.empty());
        CHECK(result.err.starts_with("error: "));
        CHECK(lines(result.err) >= 1);
        CHECK(lines(result.err) <= 2);
        CHECK(world.script.opened == 0);
        CHECK_FALSE(std::filesystem::exists(folder / "out"));
    }
}

TEST_CASE("a mistyped command, option or value is answered with the nearest right one")
{
    const duodiff::test::TemporaryFolder folder;
    make_file(folder / "model");
    const auto error_of = [](const Words& words) { return World().run(words).err; };
    CHECK(error_of({"smaple"}).find("'sample'") != std::string::npos);
    CHECK(error_of({"benhc"}).find("'bench'") != std::string::npos);
    CHECK(error_of(sample_with(folder, {"--thresold", "0.1"})).find("'--threshold'") != std::string::npos);
    CHECK(error_of(sample_with(folder, {"--polcy=full"})).find("'--policy'") != std::string::npos);
    CHECK(error_of(sample_with(folder, {"--policy", "adadif"})).find("'adadiff'") != std::string::npos);
    CHECK(error_of(sample_with(folder, {"--sampler", "dpm-solver"})).find("'dpm-solver++'") !=
          std::string::npos);
}

TEST_CASE("help is there for the program and for every command, with its options")
{
    CHECK(World().run({"--help"}).out.find("sample") != std::string::npos);
    CHECK(World().run({"help"}).out == World().run({"-h"}).out);
    const std::vector<std::pair<std::string, Words>> commands = {
        {"sample", {"--policy",     "--switch-step", "--threshold",   "--exit-layer",
                    "--sampler",    "--steps",       "--eta",         "--count",
                    "--batch",      "--seed",        "--class",       "--compat",
                    "--late-model", "--config",      "--late-config", "--parametrization",
                    "--device",     "--precision",   "--save-steps",  "--save-tensors",
                    "--from",       "--out",         "--json"}},
        {"forward", {"--model", "--input", "--output"}},
        {"decode", {"--autoencoder", "--input", "--output"}},
        {"info", {"--json"}},
        {"import", {"--full", "--shallow", "--early-exit", "--autoencoder", "--config", "--out"}},
        {"bench", {"--model", "--json"}},
        {"doctor", {"--json"}},
    };
    for (const auto& [command, options] : commands) {
        CAPTURE(command);
        World world;
        const Result result = world.run({command, "--help"});
        CHECK(result.status == 0);
        CHECK(result.err.empty());
        CHECK(world.run({"help", command}).out == result.out);
        for (const std::string& option : options) {
            CAPTURE(option);
            CHECK(result.out.find(option) != std::string::npos);
        }
    }
}

TEST_CASE("the version names the program's and LibTorch's")
{
    const Result result = World().run({"--version"});
    CHECK(result.status == 0);
    CHECK(result.out.starts_with("duodiff "));
    CHECK(result.out.find("LibTorch 9.8.7") != std::string::npos);
}

TEST_CASE("each kind of failure has its exit status, one clear line and its remedy")
{
    const duodiff::test::TemporaryFolder folder;
    make_file(folder / "model");
    const std::pair<ErrorCode, int> statuses[] = {{ErrorCode::failed, 1},
                                                  {ErrorCode::usage, 2},
                                                  {ErrorCode::bad_file, 3},
                                                  {ErrorCode::out_of_memory, 4},
                                                  {ErrorCode::cancelled, 130}};
    for (const auto& [code, status] : statuses) {
        CAPTURE(status);
        const Failure failure{code, "it broke\nin two lines", "here", "do that"};
        for (const auto place : {&Script::open_failure, &Script::check_failure, &Script::sample_failure}) {
            World world;
            world.script.*place = failure;
            const Result result = world.run(sample_with(folder, {}));
            CHECK(result.status == status);
            CHECK(result.out.empty());
            CHECK(lines(result.err) <= 2);
            CHECK(result.err.find("it broke in two lines") != std::string::npos);
        }
        World world;
        world.job_failure = failure;
        CHECK(world.run({"info", (folder / "model").string()}).status == status);
        CHECK(world.run({"doctor"}).status == status);
    }
}

TEST_CASE("colour is used on a terminal only, and never where it is not wanted")
{
    World world;
    world.hooks.terminal = {.out_is_terminal = true, .err_is_terminal = true, .colour = true, .width = 80};
    CHECK(world.run({"nothing"}).err.find('\x1b') != std::string::npos);
    world.hooks.terminal.colour = false;
    CHECK(world.run({"nothing"}).err.find('\x1b') == std::string::npos);
    world.hooks.terminal = {.out_is_terminal = false, .err_is_terminal = false, .colour = true, .width = 80};
    CHECK(world.run({"nothing"}).err.find('\x1b') == std::string::npos);
}
