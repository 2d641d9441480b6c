// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"

#include "run_progress.h"
#include "values.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

constexpr DataSettings::Format data_formats[] = {DataSettings::Format::automatic,
                                                 DataSettings::Format::image_folder,
                                                 DataSettings::Format::cifar10, DataSettings::Format::idx};
const std::vector<std::string> format_names = {"auto", "folder", "cifar10", "idx"};
const std::vector<std::string> split_names = {"train", "test"};

}  // namespace

SamplingSettings eval_settings()
{
    SamplingSettings settings;
    settings.solver = SolverKind::ddim;
    settings.count = 5120;
    settings.batch = 64;
    return settings;
}

SamplingSettings eval_settings(const SettingsChanges& changes)
{
    SamplingSettings settings = eval_settings();
    changes.apply(settings);
    if (!changes.given("--steps")) {
        settings.steps = default_steps(settings.solver);
    }
    return settings;
}

void add_path(CLI::App& parser, const std::string& option, std::filesystem::path& path,
              const std::string& value_name, const std::string& description)
{
    add_checked(parser, option, value_name, description, [&path, option](const std::string& text) {
        if (text.empty()) {
            throw EngineError(ErrorCode::usage, "the path is empty", option);
        }
        path = text;
    });
}

void add_out_folder(CLI::App& parser, std::filesystem::path& folder)
{
    add_path(parser, "--out", folder, "DIR", "Folder for the results, and for what an interrupted run needs");
}

void add_thresholds(CLI::App& parser, std::vector<double>& thresholds, const std::string& fallback)
{
    add_checked(parser, "--threshold", "THETA,...", "Values of theta for AdaDiff; default: " + fallback,
                [&thresholds](const std::string& text) { thresholds = read_numbers("--threshold", text); });
}

void add_switch_steps(CLI::App& parser, std::vector<int>& switch_steps, const std::string& fallback)
{
    add_checked(parser, "--switch-step", "T_S,...", "Values of t_s for DuoDiff; default: " + fallback,
                [&switch_steps](const std::string& text) {
                    switch_steps = read_integers("--switch-step", text, 0, 1000);
                });
}

void add_data_options(CLI::App& parser, DataSettings& data, const std::string& what)
{
    add_path(parser, "--data", data.path, "PATH",
             what + ": a folder of images, CIFAR-10's binary files, or IDX files");
    add_checked(parser, "--format", "NAME", "auto (default), folder, cifar10, idx: what --data is",
                [&data](const std::string& text) {
                    data.format = data_formats[read_choice_index("--format", text, format_names)];
                });
    add_checked(parser, "--split", "NAME", "train (default) or test: the part of --data that is meant",
                [&data](const std::string& text) {
                    data.split = read_choice_index("--split", text, split_names) == 0
                                     ? DataSettings::Split::train
                                     : DataSettings::Split::test;
                });
    parser.add_flag("--strict", data.strict, "A file of the data that cannot be used is an error");
}

void add_test_data(CLI::App& parser, std::filesystem::path& test_data)
{
    add_path(parser, "--test-data", test_data, "PATH",
             "Images that were not trained on; default: the other part of --data, where it has one");
}

void require_source(const Context& context, ModelSource& source)
{
    if (source.model.empty()) {
        source.model = require_bundled_pack(context);
    }
    require_model_files(source);
}

void EvalProgress::show(const std::string& what, double fraction)
{
    const auto now = std::chrono::steady_clock::now();
    if (fraction < last_) {
        first_ = fraction;
        began_ = now;
    }
    last_ = fraction;
    if (fraction < 0.0) {
        line_.show(what);
        return;
    }
    std::string text = fmt::format("{} {:3.0f} %", what, 100.0 * fraction);
    const double milliseconds = std::chrono::duration<double, std::milli>(now - began_).count();
    constexpr double settled = 3000.0;
    if (milliseconds > settled && fraction > first_) {
        text += "  ETA " + clock_text(milliseconds * (1.0 - fraction) / (fraction - first_));
    }
    line_.show(text);
}

void print_end(std::ostream& out, const std::vector<std::string>& notes, const std::filesystem::path& folder,
               const std::vector<std::string>& files)
{
    out << '\n';
    for (const std::string& note : notes) {
        out << "note: " << one_line(note) << '\n';
    }
    out << fmt::format("Written to {}: {}\n", folder.string(), joined(files));
}

}  // namespace duodiff::cli
