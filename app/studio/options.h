// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace duodiff::studio
{

/// What `duodiff-studio` was asked for on the command line.
struct CommandLine {
    std::string model;
    bool firstRun = false;
    std::string theme;         ///< "", "system", "light", "dark"
    std::string settingsFile;  ///< instead of the person's own
    std::string dataFolder;    ///< likewise, for history and queue

    std::vector<std::string> reports;  ///< run folders or run.json files
    std::string screenshot;            ///< file
    int width = 1280;
    int height = 800;
    double scale = 1.0;
    std::string state = "report";  ///< "idle", "running", "report"
    std::string policy;            ///< of the run in the screenshot; empty: the model's first choice
    int steps = 0;                 ///< likewise; 0: the solver's own

    bool needsDisplay() const { return reports.empty() && screenshot.empty(); }
};

/// The command line, or the exit status where there is nothing left to do (--help, --version, wrong use);
/// prints what is to be said.
struct Parsed {
    std::optional<CommandLine> line;
    int status = 0;
};
Parsed parseCommandLine(int argc, char** argv);

}  // namespace duodiff::studio
