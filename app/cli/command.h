// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "run_cli.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace duodiff::cli
{

/// What every command works with.
struct Context {
    std::ostream& out;
    std::ostream& err;
    const Hooks& hooks;
};

using Arguments = std::vector<std::string>;

// The commands. Each takes the words after its name and returns the exit status; errors are thrown as
// EngineError.
int sample_command(const Context& context, const Arguments& arguments);
int forward_command(const Context& context, const Arguments& arguments);
int decode_command(const Context& context, const Arguments& arguments);
int info_command(const Context& context, const Arguments& arguments);
int import_command(const Context& context, const Arguments& arguments);
int bench_command(const Context& context, const Arguments& arguments);
int export_command(const Context& context, const Arguments& arguments);
int train_command(const Context& context, const Arguments& arguments);
int eval_command(const Context& context, const Arguments& arguments);
int doctor_command(const Context& context, const Arguments& arguments);

/// A parser with what all commands have in common; `name` as in "duodiff sample".
std::unique_ptr<CLI::App> make_parser(const std::string& description, const std::string& name);

/// Parses; on --help prints it and returns 0, else nothing. Unknown options and words are refused with a
/// suggestion.
std::optional<int> parse(CLI::App& parser, const Context& context, const Arguments& arguments);

/// Refuses when one of `options` was not given.
void require_options(const CLI::App& parser, const std::vector<std::string>& options);

/// An option whose text goes through `read`, which may refuse it by throwing.
CLI::Option* add_checked(CLI::App& parser, const std::string& names, const std::string& value_name,
                         const std::string& description, std::function<void(const std::string&)> read);

/// The pack that is meant where no model is named. Refuses where none was found.
const std::filesystem::path& require_bundled_pack(const Context& context);

/// Refuses an output file whose folder is missing or closed to writing, before any work is done.
void require_writable_file(std::string_view option, const std::filesystem::path& file);

/// Progress from a job's callback onto the one progress line. An interrupt seen there ends the job.
Progress job_progress(const Context& context, class ProgressLine& line);

/// One JSON object and a line end; bytes that are not UTF-8 are replaced.
std::string json_text(const nlohmann::json& value);
void print_json(std::ostream& out, const nlohmann::json& value);

/// "1.3 GB"
std::string bytes_text(std::uint64_t bytes);
/// 1234567 -> "1,234,567"; not for negative numbers
std::string grouped(std::int64_t number);

}  // namespace duodiff::cli
