// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <string_view>
#include <utility>

namespace duodiff
{

/// Runs `work` and lets nothing but EngineError out of it; anything else becomes one that names `where`.
template <class Work>
auto only_engine_errors(std::string_view where, Work&& work)
{
    try {
        return std::forward<Work>(work)();
    } catch (const EngineError&) {
        throw;
    } catch (...) {
        throw EngineError(current_failure(where));
    }
}

}  // namespace duodiff
