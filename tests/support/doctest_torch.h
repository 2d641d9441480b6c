// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// LibTorch's logging header takes the name CHECK; doctest needs it. Include LibTorch and the engine
// first, this last.
#include <c10/util/Logging.h>
#undef CHECK
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LE
#undef CHECK_LT
#undef CHECK_GE
#undef CHECK_GT
#include <doctest/doctest.h>
