// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine_hooks.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace duodiff::cli
{
namespace
{

bool is_set(const char* variable)
{
    const char* value = std::getenv(variable);
    return value && *value;
}

int terminal_width()
{
    winsize size{};
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
        if (ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            return size.ws_col;
        }
    }
    const char* columns = std::getenv("COLUMNS");
    const int width = columns ? std::atoi(columns) : 0;
    return width > 0 ? width : 80;
}

}  // namespace

Terminal this_terminal()
{
    const char* kind = std::getenv("TERM");
    const bool dumb = kind && std::string_view(kind) == "dumb";
    Terminal terminal;
    terminal.out_is_terminal = isatty(STDOUT_FILENO) != 0;
    terminal.err_is_terminal = isatty(STDERR_FILENO) != 0 && !dumb;
    terminal.colour = !is_set("NO_COLOR") && !dumb;
    terminal.width = terminal_width();
    return terminal;
}

std::filesystem::path find_bundled_pack()
{
    if (is_set("DUODIFF_PACK_DIR")) {
        return std::getenv("DUODIFF_PACK_DIR");
    }
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
        return {};
    }
    for (const char* place : {"../../../models/fashion-mnist", "../share/duodiff/models/fashion-mnist"}) {
        const std::filesystem::path pack = (program.parent_path() / place).lexically_normal();
        if (std::filesystem::exists(pack / "pack.json", error)) {
            return pack;
        }
    }
    return {};
}

Hooks engine_hooks()
{
    Hooks hooks;
    hooks.make_engine = &duodiff::make_engine;
    hooks.forward = &forward_file;
    hooks.decode = &decode_file;
    hooks.inspect = &duodiff::inspect;
    hooks.import_pack = &duodiff::import_pack;
    hooks.examine = &duodiff::examine;
    hooks.bench = &duodiff::bench;
    hooks.save_tensors = &duodiff::save_tensors;
    hooks.export_model = &duodiff::export_model;
    hooks.train = [](const TrainRequest& request, const std::function<void(const TrainProgress&)>& progress,
                     std::stop_token stop) { return train(request, progress, std::move(stop)); };
    hooks.evaluate_frechet = [](const FrechetRequest& request, const Progress& progress,
                                std::stop_token stop) {
        return evaluate_frechet(*duodiff::make_engine(), request, progress, std::move(stop));
    };
    hooks.evaluate_losses = &duodiff::evaluate_losses;
    hooks.make_classifier = &duodiff::make_classifier;
    hooks.watch_stop = [] {};
    hooks.terminal = this_terminal();
    hooks.bundled_pack = find_bundled_pack();
    hooks.libtorch_version = libtorch_version();
    return hooks;
}

}  // namespace duodiff::cli
