// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "run_cli.h"

namespace duodiff::cli
{

/// The real engine and its jobs, this process's terminal, the bundled pack. No interrupts.
Hooks engine_hooks();

/// What the streams of this process are, from isatty, COLUMNS, TERM and NO_COLOR.
Terminal this_terminal();

/// The pack that the program ships with: DUODIFF_PACK_DIR, else beside the build tree or under
/// ../share of the installed program. Empty where there is none.
std::filesystem::path find_bundled_pack();

}  // namespace duodiff::cli
