// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/passive_threads.h"

#include <unistd.h>

#include <cstdlib>

namespace duodiff::app
{

void use_passive_openmp_waiting(char** argv)
{
    if (std::getenv("OMP_WAIT_POLICY") != nullptr) {
        return;
    }
    if (setenv("OMP_WAIT_POLICY", "PASSIVE", 1) != 0) {
        return;
    }
    // Where /proc is absent this fails and the program goes on, only slower beside other busy programs.
    execv("/proc/self/exe", argv);
}

}  // namespace duodiff::app
