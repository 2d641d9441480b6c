// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"

#include "progress_line.h"
#include "values.h"

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>

namespace duodiff::cli
{
namespace
{

std::vector<std::string> long_option_names(const CLI::App& parser)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : parser.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back(fmt::format("--{}", name));
        }
    }
    return names;
}

/// `--out --json`: the parser would take the second option for the first one's value.
void refuse_options_as_values(const CLI::App& parser, const Arguments& arguments)
{
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        const CLI::Option* option = parser.get_option_no_throw(arguments[i]);
        if (option && option->get_items_expected_min() > 0 && arguments[i + 1].starts_with("--") &&
            parser.get_option_no_throw(arguments[i + 1])) {
            throw EngineError(ErrorCode::usage,
                              fmt::format("needs a value, but {} follows", arguments[i + 1]), arguments[i]);
        }
    }
}

void refuse_extras(const CLI::App& parser)
{
    const std::vector<std::string> extras = parser.remaining();
    if (extras.empty()) {
        return;
    }
    const std::string& extra = extras.front();
    if (!extra.starts_with("-")) {
        throw EngineError(ErrorCode::usage, fmt::format("'{}' was not expected here", one_line(extra)));
    }
    const std::string name = extra.substr(0, extra.find('='));
    throw EngineError(ErrorCode::usage, fmt::format("there is no option {}", one_line(name)), {},
                      did_you_mean(name, long_option_names(parser)));
}

}  // namespace

std::unique_ptr<CLI::App> make_parser(const std::string& description, const std::string& name)
{
    auto parser = std::make_unique<CLI::App>(description, name);
    parser->set_help_flag("-h,--help", "Print this help and exit");
    parser->get_formatter()->column_width(34);
    parser->get_formatter()->label("OPTIONS", "options");
    parser->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    parser->allow_extras();
    return parser;
}

std::optional<int> parse(CLI::App& parser, const Context& context, const Arguments& arguments)
{
    refuse_options_as_values(parser, arguments);
    try {
        parser.parse(Arguments(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        context.out << parser.help();
        return 0;
    } catch (const CLI::ParseError& error) {
        throw EngineError(ErrorCode::usage, one_line(error.what()));
    }
    refuse_extras(parser);
    return std::nullopt;
}

void require_options(const CLI::App& parser, const std::vector<std::string>& options)
{
    for (const std::string& name : options) {
        if (parser.get_option(name)->count() == 0) {
            throw EngineError(ErrorCode::usage, fmt::format("{} is required", name));
        }
    }
}

CLI::Option* add_checked(CLI::App& parser, const std::string& names, const std::string& value_name,
                         const std::string& description, std::function<void(const std::string&)> read)
{
    return parser.add_option_function<std::string>(names, std::move(read), description)
        ->type_name(value_name);
}

const std::filesystem::path& require_bundled_pack(const Context& context)
{
    if (context.hooks.bundled_pack.empty()) {
        throw EngineError(ErrorCode::bad_file, "the bundled model pack was not found", {},
                          "Give a model with --model, or set DUODIFF_PACK_DIR to the pack's folder.");
    }
    return context.hooks.bundled_pack;
}

void require_writable_file(std::string_view option, const std::filesystem::path& file)
{
    std::error_code ignored;
    const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
    const std::string where = fmt::format("{} {}", option, file.string());
    if (std::filesystem::is_directory(file, ignored)) {
        throw EngineError(ErrorCode::failed, "cannot be written, a folder has this name", where,
                          "Give the name of a file.");
    }
    if (!std::filesystem::is_directory(folder, ignored)) {
        throw EngineError(ErrorCode::failed, "its folder does not exist", where,
                          fmt::format("Make the folder {} first.", folder.string()));
    }
    if (access(folder.c_str(), W_OK) != 0) {
        throw EngineError(ErrorCode::failed,
                          fmt::format("its folder cannot be written to ({})", std::strerror(errno)), where);
    }
}

Progress job_progress(const Context& context, ProgressLine& line)
{
    return [stop = context.hooks.stop, &line](const std::string& what, double fraction) {
        if (stop.stop_requested()) {
            throw EngineError(ErrorCode::cancelled, "interrupted");
        }
        line.show(fraction < 0.0 ? what : fmt::format("{} {:3.0f} %", what, 100.0 * fraction));
    };
}

std::string json_text(const nlohmann::json& value)
{
    return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_json(std::ostream& out, const nlohmann::json& value)
{
    out << json_text(value) << '\n';
}

std::string bytes_text(std::uint64_t bytes)
{
    const auto value = static_cast<double>(bytes);
    if (value >= 1e9) {
        return fmt::format("{:.1f} GB", value / 1e9);
    }
    return value >= 1e6 ? fmt::format("{:.1f} MB", value / 1e6) : fmt::format("{:.1f} kB", value / 1e3);
}

std::string grouped(std::int64_t number)
{
    return number < 1000 ? std::to_string(number)
                         : fmt::format("{},{:03}", grouped(number / 1000), number % 1000);
}

}  // namespace duodiff::cli
