// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine_hooks.h"
#include "interrupts.h"
#include "run_cli.h"

#include "common/passive_threads.h"

#include <iostream>

int main(int argc, char** argv)
{
    duodiff::app::use_passive_openmp_waiting(argv);
    duodiff::cli::Interrupts interrupts;
    duodiff::cli::Hooks hooks = duodiff::cli::engine_hooks();
    hooks.stop = interrupts.token();
    hooks.watch_stop = [&interrupts] { interrupts.watch(); };
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return duodiff::cli::run_cli(arguments, std::cout, std::cerr, hooks);
}
