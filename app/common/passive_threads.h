// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace duodiff::app
{

/// Makes OpenMP's threads sleep while they wait instead of spinning. libgomp reads OMP_WAIT_POLICY while
/// it is loaded, before main(), so the program starts itself once more with the variable set. Does
/// nothing where the person has set it. Call it first in main(); it returns only in the process that
/// goes on.
void use_passive_openmp_waiting(char** argv);

}  // namespace duodiff::app
