// SPDX-License-Identifier: MIT
#include "checkpoint/pickle_globals.h"

#include <algorithm>
#include <array>

namespace duodiff
{
namespace
{

struct NamedCallable {
    std::string_view module;
    std::string_view name;
    PickleCallable callable;
};

constexpr std::array callables = {
    NamedCallable{"collections", "OrderedDict", PickleCallable::make_dict},
    NamedCallable{"collections", "defaultdict", PickleCallable::make_dict},
    NamedCallable{"argparse", "Namespace", PickleCallable::make_attributes},
    NamedCallable{"types", "SimpleNamespace", PickleCallable::make_attributes},
    NamedCallable{"torch._utils", "_rebuild_tensor", PickleCallable::rebuild_tensor},
    NamedCallable{"torch._utils", "_rebuild_tensor_v2", PickleCallable::rebuild_tensor},
    NamedCallable{"torch._utils", "_rebuild_tensor_v3", PickleCallable::rebuild_typed_tensor},
    NamedCallable{"torch._utils", "_rebuild_parameter", PickleCallable::rebuild_parameter},
    NamedCallable{"torch._utils", "_rebuild_parameter_with_state", PickleCallable::rebuild_parameter},
};

struct HarmlessNames {
    std::string_view module;
    std::string_view names;  ///< separated by spaces
};

// Plain values that training programs put beside the weights. They are taken note of and nothing else.
constexpr std::array harmless = {
    HarmlessNames{"torch", "Size device strided"},
    HarmlessNames{"torch.serialization", "_get_layout"},
    HarmlessNames{"collections", "Counter deque"},
    HarmlessNames{"builtins",
                  "set frozenset dict list tuple int float bool str bytes bytearray complex slice range"},
    HarmlessNames{"__builtin__",
                  "set frozenset dict list tuple int long float bool str unicode bytearray complex xrange"},
    HarmlessNames{"_codecs", "encode"},
    HarmlessNames{"numpy", "dtype ndarray"},
    HarmlessNames{"numpy.core.multiarray", "scalar _reconstruct"},
    HarmlessNames{"numpy._core.multiarray", "scalar _reconstruct"},
    HarmlessNames{"numpy.core.numeric", "_frombuffer"},
    HarmlessNames{"numpy._core.numeric", "_frombuffer"},
    HarmlessNames{"pathlib", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"},
    HarmlessNames{"pathlib._local", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath"},
    HarmlessNames{"datetime", "date datetime timedelta"},
};

struct NamedDtype {
    std::string_view storage;
    std::string_view dtype;
    c10::ScalarType type;
};

constexpr std::array dtypes = {
    NamedDtype{"DoubleStorage", "float64", c10::ScalarType::Double},
    NamedDtype{"FloatStorage", "float32", c10::ScalarType::Float},
    NamedDtype{"HalfStorage", "float16", c10::ScalarType::Half},
    NamedDtype{"BFloat16Storage", "bfloat16", c10::ScalarType::BFloat16},
    NamedDtype{"LongStorage", "int64", c10::ScalarType::Long},
    NamedDtype{"IntStorage", "int32", c10::ScalarType::Int},
    NamedDtype{"ShortStorage", "int16", c10::ScalarType::Short},
    NamedDtype{"CharStorage", "int8", c10::ScalarType::Char},
    NamedDtype{"ByteStorage", "uint8", c10::ScalarType::Byte},
    NamedDtype{"BoolStorage", "bool", c10::ScalarType::Bool},
    NamedDtype{"", "uint16", c10::ScalarType::UInt16},
    NamedDtype{"", "uint32", c10::ScalarType::UInt32},
    NamedDtype{"", "uint64", c10::ScalarType::UInt64},
    NamedDtype{"ComplexDoubleStorage", "complex128", c10::ScalarType::Undefined},
    NamedDtype{"ComplexFloatStorage", "complex64", c10::ScalarType::Undefined},
    NamedDtype{"QInt8Storage", "qint8", c10::ScalarType::Undefined},
    NamedDtype{"QUInt8Storage", "quint8", c10::ScalarType::Undefined},
    NamedDtype{"QInt32Storage", "qint32", c10::ScalarType::Undefined},
    NamedDtype{"", "float8_e4m3fn", c10::ScalarType::Undefined},
    NamedDtype{"", "float8_e5m2", c10::ScalarType::Undefined},
    NamedDtype{"UntypedStorage", "", c10::ScalarType::Undefined},
    NamedDtype{"TypedStorage", "", c10::ScalarType::Undefined},
};

bool has_word(std::string_view words, std::string_view word)
{
    for (std::size_t start = 0; start < words.size();) {
        const std::size_t end = std::min(words.find(' ', start), words.size());
        if (words.substr(start, end - start) == word) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

/// The callable in the low byte, the element type of a storage class above it.
PickleValue callable_value(PickleCallable callable, c10::ScalarType dtype = c10::ScalarType::Undefined)
{
    PickleValue value;
    value.kind = PickleKind::callable;
    value.index = static_cast<std::uint64_t>(callable) | static_cast<std::uint64_t>(dtype) << 8U;
    return value;
}

std::optional<PickleValue> torch_type(std::string_view name)
{
    for (const NamedDtype& entry : dtypes) {
        if (!entry.storage.empty() && entry.storage == name) {
            return callable_value(PickleCallable::storage_class, entry.type);
        }
        if (!entry.dtype.empty() && entry.dtype == name) {
            PickleValue value;
            value.kind = PickleKind::dtype;
            value.index = static_cast<std::uint64_t>(entry.type);
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<PickleValue> allowed_global(std::string_view module, std::string_view name)
{
    for (const NamedCallable& entry : callables) {
        if (entry.module == module && entry.name == name) {
            return callable_value(entry.callable);
        }
    }
    if (module == "torch" || module == "torch.storage") {
        if (const std::optional<PickleValue> type = torch_type(name)) {
            return type;
        }
    }
    const bool numpy_type = module == "numpy.dtypes" && name.ends_with("DType");
    const bool is_harmless = std::any_of(harmless.begin(), harmless.end(), [&](const HarmlessNames& entry) {
        return entry.module == module && has_word(entry.names, name);
    });
    if (numpy_type || is_harmless) {
        return callable_value(PickleCallable::make_opaque);
    }
    return std::nullopt;
}

PickleCallable callable_of(const PickleValue& callable)
{
    return static_cast<PickleCallable>(callable.index & 0xffU);
}

c10::ScalarType storage_dtype(const PickleValue& callable)
{
    return static_cast<c10::ScalarType>(callable.index >> 8U);
}

std::string advice_about_global(std::string_view module)
{
    if (module.starts_with("torch.nn") || module == "__main__" || module.starts_with("torch.optim")) {
        return "Save model.state_dict() instead of whole objects.";
    }
    return "Save only the weights: torch.save({'model_state_dict': model.state_dict()}, FILE).";
}

}  // namespace duodiff
