// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "command.h"
#include "progress_line.h"
#include "settings_options.h"

#include "evaluate/evaluation_data.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

/// What the measurements of `duodiff eval` have in common.
namespace duodiff::cli
{

// The measurements. Each takes the words after its name.
int classifier_command(const Context& context, const Arguments& arguments);
int frechet_command(const Context& context, const Arguments& arguments);
int grid_command(const Context& context, const Arguments& arguments);
int losses_command(const Context& context, const Arguments& arguments);
int maps_command(const Context& context, const Arguments& arguments);
int sweep_command(const Context& context, const Arguments& arguments);
int trend_command(const Context& context, const Arguments& arguments);

/// 5120 images, 64 at once, every class in turn; DDIM.
SamplingSettings eval_settings();
/// What was given, on these, with the solver's usual number of steps where none was.
SamplingSettings eval_settings(const SettingsChanges& changes);

/// An option for a path that may not be empty.
void add_path(CLI::App& parser, const std::string& option, std::filesystem::path& path,
              const std::string& value_name, const std::string& description);
/// --out, for the folder of the results.
void add_out_folder(CLI::App& parser, std::filesystem::path& folder);
/// --threshold and --switch-step as lists; `fallback` says what is taken without.
void add_thresholds(CLI::App& parser, std::vector<double>& thresholds, const std::string& fallback);
void add_switch_steps(CLI::App& parser, std::vector<int>& switch_steps, const std::string& fallback);

/// --data, --format, --split, --strict.
void add_data_options(CLI::App& parser, DataSettings& data, const std::string& what);
/// --test-data
void add_test_data(CLI::App& parser, std::filesystem::path& test_data);

/// The bundled pack where no model was named; refuses files that are not there.
void require_source(const Context& context, ModelSource& source);

/// Progress on the one line, with the time that is left at the rate seen so far. Unlike job_progress it
/// lets the evaluation itself end at an interrupt, for that knows what it keeps.
class EvalProgress
{
public:
    explicit EvalProgress(const Context& context) : line_(context.err, context.hooks.terminal) {}

    Progress callback()
    {
        return [this](const std::string& what, double fraction) { show(what, fraction); };
    }
    void end() { line_.end(); }

private:
    void show(const std::string& what, double fraction);

    ProgressLine line_;
    double first_ = 0.0;  ///< of the piece of work that goes on
    double last_ = 2.0;
    std::chrono::steady_clock::time_point began_{};
};

/// "Written to DIR: a, b" and before it the notes, if any.
void print_end(std::ostream& out, const std::vector<std::string>& notes, const std::filesystem::path& folder,
               const std::vector<std::string>& files);

}  // namespace duodiff::cli
