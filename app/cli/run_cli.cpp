// SPDX-License-Identifier: GPL-3.0-or-later
#include "run_cli.h"

#include "command.h"
#include "values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace duodiff::cli
{
namespace
{

struct Command {
    std::string name;
    std::string description;
    int (*run)(const Context&, const Arguments&);
};

const std::array<Command, 10>& commands()
{
    static const std::array<Command, 10> all = {{
        {"sample", "make images, and a record of how much of the network each step used", sample_command},
        {"forward", "run a network on the tensors of a file", forward_command},
        {"decode", "run an autoencoder's decoder on the tensors of a file", decode_command},
        {"info", "show what a model pack or a checkpoint holds", info_command},
        {"import", "make a model pack from checkpoints", import_command},
        {"export", "write a network's weights for another program", export_command},
        {"bench", "time full, DuoDiff and AdaDiff against each other", bench_command},
        {"train", "train networks from images, as a configuration file says", train_command},
        {"eval", "measure the quality of a model's images against the time they take", eval_command},
        {"doctor", "show versions, devices and speed, and what is missing", doctor_command},
    }};
    return all;
}

std::vector<std::string> command_names()
{
    std::vector<std::string> names;
    for (const Command& command : commands()) {
        names.push_back(command.name);
    }
    return names;
}

std::string overview()
{
    std::string text =
        "duodiff: image generation with U-ViT diffusion models, the full network or part of it at each step\n"
        "\nUsage: duodiff COMMAND [options]\n\nCommands:\n";
    for (const Command& command : commands()) {
        text += fmt::format("  {:<9} {}\n", command.name, command.description);
    }
    text +=
        "\nOptions:\n  -h,--help  print this help; after a command, that command's help\n"
        "  --version  print the versions of the program and of LibTorch\n"
        "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 a file is missing, damaged or not of the "
        "expected\n"
        "kind, 4 not enough memory, 130 interrupted.\n";
    return text;
}

int dispatch(const Context& context, const Arguments& arguments)
{
    if (arguments.empty()) {
        throw EngineError(ErrorCode::usage, fmt::format("a command is missing: {}", joined(command_names())));
    }
    const std::string& first = arguments.front();
    if (first == "-h" || first == "--help" || (first == "help" && arguments.size() == 1)) {
        context.out << overview();
        return 0;
    }
    if (first == "--version") {
        context.out << fmt::format("duodiff {} (LibTorch {})\n", DUODIFF_VERSION,
                                   context.hooks.libtorch_version);
        return 0;
    }
    const bool help = first == "help";
    const std::string& name = help ? arguments[1] : first;
    const auto found = std::find_if(commands().begin(), commands().end(),
                                    [&](const Command& command) { return command.name == name; });
    if (found == commands().end()) {
        const bool is_option = name.starts_with("-");
        throw EngineError(ErrorCode::usage,
                          is_option ? fmt::format("there is no option {} before the command", one_line(name))
                                    : fmt::format("there is no command '{}'", one_line(name)),
                          {}, is_option ? std::string() : did_you_mean(name, command_names()));
    }
    return found->run(context,
                      help ? Arguments{"--help"} : Arguments(arguments.begin() + 1, arguments.end()));
}

/// Two lines at the most, whatever the failure's texts hold.
void print_failure(const Context& context, const Arguments& arguments, const Failure& failure)
{
    const bool coloured = context.hooks.terminal.colour && context.hooks.terminal.err_is_terminal;
    const std::string label = coloured ? "\x1b[1;31merror:\x1b[0m" : "error:";
    const std::string where = one_line(failure.where);
    context.err << fmt::format("{} {}{}{}\n", label, where, where.empty() ? "" : ": ",
                               one_line(failure.what));

    std::string remedy = one_line(failure.remedy);
    if (failure.code == ErrorCode::usage) {
        const auto names = command_names();
        const bool known =
            !arguments.empty() && std::find(names.begin(), names.end(), arguments[0]) != names.end();
        const std::string hint =
            known ? fmt::format("See 'duodiff {} --help'.", arguments[0]) : "See 'duodiff --help'.";
        remedy += (remedy.empty() ? "" : " ") + hint;
    }
    if (!remedy.empty()) {
        context.err << remedy << '\n';
    }
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
            const Hooks& hooks)
{
    const Context context{out, err, hooks};
    Failure failure;
    try {
        const int status = dispatch(context, arguments);
        out.flush();
        if (out) {
            return status;
        }
        failure = {ErrorCode::failed, "the results could not be written", "standard output", {}};
    } catch (...) {
        failure = current_failure();
    }
    if (failure.code == ErrorCode::cancelled) {
        err << "interrupted: " << one_line(failure.what.empty() ? "nothing was kept" : failure.what) << '\n';
    } else {
        print_failure(context, arguments, failure);
    }
    return exit_status(failure.code);
}

}  // namespace duodiff::cli
