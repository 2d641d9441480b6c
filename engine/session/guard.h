// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <c10/core/InferenceMode.h>

#include <string_view>
#include <utility>

namespace duodiff
{

/// Runs `work` without autograd and lets nothing but EngineError out of it.
template <class Work>
auto guarded(std::string_view where, Work&& work)
{
    try {
        const c10::InferenceMode inference;
        return std::forward<Work>(work)();
    } catch (const EngineError&) {
        throw;
    } catch (...) {
        throw EngineError(current_failure(where));
    }
}

}  // namespace duodiff
