// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/options.h"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace duodiff::studio
{

namespace
{

/// "1280x800" into two numbers; what is wrong otherwise.
std::string readSize(const std::string& text, CommandLine& line)
{
    int width = 0;
    int height = 0;
    char rest = 0;
    if (std::sscanf(text.c_str(), "%5dx%5d%c", &width, &height, &rest) != 2 || width < 400 || height < 300 ||
        width > 8192 || height > 8192) {
        return "a size is WIDTHxHEIGHT, from 400x300 to 8192x8192, not '" + text + "'";
    }
    line.width = width;
    line.height = height;
    return {};
}

}  // namespace

Parsed parseCommandLine(int argc, char** argv)
{
    CommandLine line;
    CLI::App app(
        "The window of DuoDiff Studio: pictures form in it, and under them a curve shows how much of "
        "the network each step used.",
        "duodiff-studio");
    app.set_version_flag("--version", "duodiff-studio " DUODIFF_VERSION);
    app.add_option(
        "PACK", line.model,
        "Model pack, checkpoint, PNG or run.json to open; default: the last one, or the bundled one");
    app.add_flag("--first-run", line.firstRun, "Start a run as soon as the model is open");
    app.add_option("--theme", line.theme, "Colours: system, light or dark")
        ->check(CLI::IsMember({"system", "light", "dark"}));
    app.add_option("--settings", line.settingsFile, "Settings file to use instead of your own");
    app.add_option("--data", line.dataFolder, "Folder for the history and the queue instead of your own")
        ->type_name("DIR");
    app.add_option(
           "--report", line.reports,
           "Write the exit-layer plot (exit-layers.png) and the report (report.pdf) into each of these "
           "run folders, and end; needs no display")
        ->type_name("DIR");
    app.add_option("--screenshot", line.screenshot, "Draw the window into a PNG, and end; needs no display")
        ->type_name("FILE");
    std::string size;
    app.add_option("--size", size, "Of the screenshot, default 1280x800")->type_name("WxH");
    app.add_option("--scale", line.scale, "Pixels a unit in the screenshot, default 1")
        ->check(CLI::Range(1.0, 4.0));
    app.add_option("--state", line.state, "In the screenshot: idle, running (half way), report (finished)")
        ->check(CLI::IsMember({"idle", "running", "report"}));
    app.add_option("--policy", line.policy, "Of the run in the screenshot")
        ->check(CLI::IsMember({"full", "duodiff", "adadiff", "static"}));
    app.add_option("--steps", line.steps, "Solver steps of the run in the screenshot")
        ->check(CLI::Range(1, 1000));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return {std::nullopt, status == 0 ? 0 : 2};
    }
    if (!size.empty()) {
        const std::string objection = readSize(size, line);
        if (!objection.empty()) {
            std::fprintf(stderr, "duodiff-studio: %s\n", objection.c_str());
            return {std::nullopt, 2};
        }
    }
    return {line, 0};
}

}  // namespace duodiff::studio
