// SPDX-License-Identifier: MIT
#pragma once

#include "checkpoint/pickle.h"

#include <optional>
#include <string>
#include <string_view>

namespace duodiff
{

/// What calling an allowed class or function means to the machine.
enum class PickleCallable : std::uint8_t {
    make_dict,
    make_attributes,
    rebuild_tensor,        ///< torch._utils._rebuild_tensor_v2: (storage, offset, size, stride, ...)
    rebuild_typed_tensor,  ///< torch._utils._rebuild_tensor_v3: the same, then the dtype in seventh place
    rebuild_parameter,     ///< (tensor, ...)
    storage_class,         ///< names a dtype, is never called
    make_opaque,
};

/// The value that "module.name" stands for; empty if it is not on the allow-list.
std::optional<PickleValue> allowed_global(std::string_view module, std::string_view name);

PickleCallable callable_of(const PickleValue& callable);

/// The element type of a torch.*Storage class; Undefined if untyped, or a type that is of no use here.
c10::ScalarType storage_dtype(const PickleValue& callable);

/// Advice for a refused global.
std::string advice_about_global(std::string_view module);

}  // namespace duodiff
