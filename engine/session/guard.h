// SPDX-License-Identifier: MIT
#pragma once

#include "base/only_engine_errors.h"

#include <c10/core/InferenceMode.h>

#include <string_view>
#include <utility>

namespace duodiff
{

/// only_engine_errors without autograd.
template <class Work>
auto guarded(std::string_view where, Work&& work)
{
    return only_engine_errors(where, [&] {
        const c10::InferenceMode inference;
        return std::forward<Work>(work)();
    });
}

}  // namespace duodiff
