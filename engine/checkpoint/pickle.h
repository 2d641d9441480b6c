// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <c10/core/ScalarType.h>

namespace duodiff
{

enum class PickleKind : std::uint8_t {
    absent,  ///< no value at all
    none,    ///< Python's None
    boolean,
    integer,
    real,
    text,
    tuple,
    list,
    dict,        ///< dict, OrderedDict, defaultdict
    attributes,  ///< argparse.Namespace: a dict of its attributes
    callable,    ///< a class or function of the allow-list that has a meaning here
    dtype,
    storage,
    tensor,
    opaque,  ///< a harmless value nobody asks for
};

/// A value of 16 bytes; what does not fit lies in the Pickle or in the pickled text itself.
struct PickleValue {
    PickleKind kind = PickleKind::none;
    std::uint32_t size = 0;  ///< of a text or tuple
    union {
        std::int64_t integer = 0;
        double real;
        const char* letters;
        std::uint64_t index;
    };

    std::string_view text() const { return {letters, size}; }
};

/// Where the bytes of a storage lie in the file.
struct PickleBytes {
    std::size_t offset = 0;
    std::size_t size = 0;
};

struct PickleStorage {
    c10::ScalarType dtype = c10::ScalarType::Undefined;  ///< Undefined: untyped, or of no use here
    PickleBytes bytes;
};

/// A view of a storage, checked to lie inside it.
struct PickleTensor {
    c10::ScalarType dtype = c10::ScalarType::Undefined;  ///< Undefined: of no use here, nothing checked
    std::size_t offset = 0;                              ///< of the first element, bytes in the file
    PickleValue shape;                                   ///< tuples of integers
    PickleValue strides;
};

struct PickleSource {
    std::string_view bytes;    ///< has to outlive the Pickle, whose texts point into it
    std::string where;         ///< for errors
    std::size_t memory_limit;  ///< bytes that the values may take
    std::function<std::optional<PickleBytes>(std::string_view key)> storage;
};

/// What a restricted pickle machine made of a pickle that torch.save wrote: protocols 2 to 5, classes
/// and functions from a short allow-list, nothing of the file is ever run. Values may refer to each other
/// in circles, so never walk them without a bound.
class Pickle
{
public:
    /// Throws EngineError(bad_file) for anything else.
    explicit Pickle(const PickleSource& source);

    const PickleValue& root() const { return root_; }
    const PickleValue& tuple_item(const PickleValue& tuple, std::size_t i) const
    {
        return tuple_items_[tuple.index + i];
    }
    const std::vector<PickleValue>& list_items(const PickleValue& list) const
    {
        return containers_[list.index];
    }
    /// Keys and values in turn; a key may be there more than once.
    const std::vector<PickleValue>& dict_items(const PickleValue& dict) const
    {
        return containers_[dict.index];
    }
    const PickleTensor& tensor(const PickleValue& tensor) const { return tensors_[tensor.index]; }
    std::vector<std::int64_t> integers(const PickleValue& tuple) const;

private:
    friend class PickleMachine;

    PickleValue root_;
    std::deque<PickleValue> tuple_items_;
    std::deque<std::vector<PickleValue>> containers_;
    std::deque<PickleStorage> storages_;
    std::deque<PickleTensor> tensors_;
};

}  // namespace duodiff
