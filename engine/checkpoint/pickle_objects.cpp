// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "checkpoint/pickle_globals.h"
#include "checkpoint/pickle_machine.h"
#include "checkpoint/tensor_record.h"

// What the machine makes: texts, tuples, containers, storages, tensors, and what a call gives.
namespace duodiff
{
namespace
{

constexpr std::size_t max_text = std::size_t{1} << 30;
constexpr std::size_t max_global_name = 256;
constexpr std::size_t container_bytes = sizeof(std::vector<PickleValue>);

PickleValue indexed(PickleKind kind, std::size_t index, std::uint32_t size = 0)
{
    PickleValue value = value_of(kind);
    value.size = size;
    value.index = index;
    return value;
}

}  // namespace

void PickleMachine::push_text(std::uint64_t size)
{
    if (size > max_text) {
        refuse("it holds an absurdly long text");
    }
    const std::string_view letters = take(size);
    PickleValue value = value_of(PickleKind::text);
    value.size = static_cast<std::uint32_t>(letters.size());
    value.letters = letters.data();
    push(value);
}

void PickleMachine::push_opaque_bytes(std::uint64_t size)
{
    take(size);
    push(value_of(PickleKind::opaque));
}

void PickleMachine::push_long(std::uint64_t size)
{
    const std::string_view bytes = take(size);
    if (size > 8) {
        push(value_of(PickleKind::opaque));
        return;
    }
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        number = number << 8U | static_cast<unsigned char>(bytes[i]);
    }
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
    if (negative && bytes.size() < 8) {
        number |= ~std::uint64_t{0} << (8 * bytes.size());
    }
    push(integer_value(static_cast<std::int64_t>(number)));
}

PickleValue PickleMachine::make_tuple(std::span<const PickleValue> items)
{
    charge(items.size() * pickle_value_bytes);
    const std::size_t start = result_.tuple_items_.size();
    result_.tuple_items_.insert(result_.tuple_items_.end(), items.begin(), items.end());
    return indexed(PickleKind::tuple, start, static_cast<std::uint32_t>(items.size()));
}

void PickleMachine::tuple_of_last(std::size_t count)
{
    if (stack_.size() < floor() + count) {
        refuse("it takes a value where there is none");
    }
    const PickleValue tuple = make_tuple(std::span(stack_).last(count));
    stack_.resize(stack_.size() - count);
    push(tuple);
}

PickleValue PickleMachine::make_container(PickleKind kind)
{
    charge(container_bytes);
    result_.containers_.emplace_back();
    return indexed(kind, result_.containers_.size() - 1);
}

void PickleMachine::append_all(const PickleValue& list, std::span<const PickleValue> items)
{
    if (list.kind == PickleKind::opaque) {
        return;
    }
    if (list.kind != PickleKind::list) {
        refuse("it appends to something that is no list");
    }
    for (const PickleValue& item : items) {
        append(result_.containers_[list.index], item);
    }
}

void PickleMachine::set_all(const PickleValue& dict, std::span<const PickleValue> items)
{
    if (dict.kind == PickleKind::opaque) {
        return;
    }
    if (dict.kind != PickleKind::dict || items.size() % 2 != 0) {
        refuse("it sets items of something that is no dict");
    }
    for (const PickleValue& item : items) {
        append(result_.containers_[dict.index], item);
    }
}

void PickleMachine::remember(std::uint64_t place, const PickleValue& value)
{
    // Picklers number from 0 without gaps; a few unused numbers do no harm.
    constexpr std::uint64_t largest_gap = 1024;
    if (place > memo_.size() + largest_gap) {
        refuse("it numbers its values wildly");
    }
    while (memo_.size() <= place) {
        charge(pickle_value_bytes);
        memo_.push_back(value_of(PickleKind::absent));
    }
    memo_[place] = value;
}

void PickleMachine::recall(std::uint64_t place)
{
    if (place >= memo_.size() || memo_[place].kind == PickleKind::absent) {
        refuse("it refers to a value that it never made");
    }
    push(memo_[place]);
}

void PickleMachine::push_global(std::string_view module, std::string_view name)
{
    const std::optional<PickleValue> known =
        module.size() + name.size() <= max_global_name ? allowed_global(module, name) : std::nullopt;
    if (!known) {
        const std::string full = std::string(module.substr(0, max_global_name)) + "." +
                                 std::string(name.substr(0, max_global_name));
        throw EngineError(ErrorCode::bad_file,
                          "the file wants to run " + in_quotes(full) + ", which is never done", source_.where,
                          advice_about_global(module));
    }
    push(*known);
}

void PickleMachine::stack_global()
{
    const PickleValue name = pop();
    const PickleValue module = pop();
    if (name.kind != PickleKind::text || module.kind != PickleKind::text) {
        refuse("the name of a class is not a text");
    }
    push_global(module.text(), name.text());
}

void PickleMachine::persistent_id()
{
    const PickleValue id = pop();
    if (id.kind != PickleKind::tuple || id.size < 5 || item(id, 0).kind != PickleKind::text ||
        item(id, 0).text() != "storage" || item(id, 1).kind != PickleKind::callable ||
        callable_of(item(id, 1)) != PickleCallable::storage_class || item(id, 2).kind != PickleKind::text ||
        item(id, 4).kind != PickleKind::integer) {
        refuse("a storage is described in an unknown way");
    }
    const std::string key = in_quotes(item(id, 2).text());
    const std::optional<PickleBytes> bytes = source_.storage(item(id, 2).text());
    if (!bytes) {
        refuse("the storage " + key + " is missing in the archive",
               "The file is truncated or damaged: get it again.");
    }
    PickleStorage storage{storage_dtype(item(id, 1)), *bytes};
    const std::int64_t count = item(id, 4).integer;
    const std::size_t item_size =
        storage.dtype == c10::ScalarType::Undefined ? 1 : c10::elementSize(storage.dtype);
    std::int64_t size = 0;
    if (count < 0 || __builtin_mul_overflow(count, static_cast<std::int64_t>(item_size), &size) ||
        (storage.dtype != c10::ScalarType::Undefined && static_cast<std::size_t>(size) != bytes->size)) {
        refuse("the storage " + key + " should have " + std::to_string(count) + " elements of " +
               std::to_string(item_size) + " bytes, but has " + std::to_string(bytes->size) + " bytes");
    }
    charge(sizeof(PickleStorage));
    result_.storages_.push_back(storage);
    push(indexed(PickleKind::storage, result_.storages_.size() - 1));
}

bool PickleMachine::is_integer_tuple(const PickleValue& value) const
{
    if (value.kind != PickleKind::tuple || value.size > max_rank) {
        return false;
    }
    for (std::size_t i = 0; i < value.size; ++i) {
        if (item(value, i).kind != PickleKind::integer) {
            return false;
        }
    }
    return true;
}

PickleValue PickleMachine::rebuild_tensor(const PickleValue& arguments, bool with_dtype)
{
    if (arguments.kind != PickleKind::tuple || arguments.size < (with_dtype ? 7U : 4U) ||
        item(arguments, 0).kind != PickleKind::storage || item(arguments, 1).kind != PickleKind::integer ||
        item(arguments, 1).integer < 0 || !is_integer_tuple(item(arguments, 2)) ||
        !is_integer_tuple(item(arguments, 3)) || item(arguments, 2).size != item(arguments, 3).size ||
        (with_dtype && item(arguments, 6).kind != PickleKind::dtype)) {
        refuse("a tensor is described in an unknown way");
    }
    const PickleStorage& storage = result_.storages_[item(arguments, 0).index];
    PickleTensor tensor;
    tensor.dtype = with_dtype ? static_cast<c10::ScalarType>(item(arguments, 6).index) : storage.dtype;
    tensor.shape = item(arguments, 2);
    tensor.strides = item(arguments, 3);
    if (tensor.dtype != c10::ScalarType::Undefined) {
        place(tensor, storage, static_cast<std::uint64_t>(item(arguments, 1).integer));
    }
    charge(sizeof(PickleTensor));
    result_.tensors_.push_back(tensor);
    return indexed(PickleKind::tensor, result_.tensors_.size() - 1);
}

void PickleMachine::place(PickleTensor& tensor, const PickleStorage& storage,
                          std::uint64_t first_element) const
{
    const std::vector<std::int64_t> shape = result_.integers(tensor.shape);
    const std::vector<std::int64_t> strides = result_.integers(tensor.strides);
    const std::size_t item_size = c10::elementSize(tensor.dtype);
    const std::optional<std::uint64_t> extent = checked_extent(shape, strides, item_size);
    std::uint64_t start = 0;
    if (!extent) {
        refuse("a tensor has the absurd shape " + in_quotes(shape_text(shape)) + " with the strides " +
               in_quotes(shape_text(strides)));
    }
    if (__builtin_mul_overflow(first_element, static_cast<std::uint64_t>(item_size), &start) ||
        start > storage.bytes.size || *extent > storage.bytes.size - start) {
        refuse("a tensor of shape " + in_quotes(shape_text(shape)) + " does not lie inside its storage of " +
               std::to_string(storage.bytes.size) + " bytes");
    }
    tensor.offset = storage.bytes.offset + start;
}

PickleValue PickleMachine::call(const PickleValue& callable, const PickleValue& arguments)
{
    if (callable.kind != PickleKind::callable) {
        refuse("it calls something that cannot be called");
    }
    switch (callable_of(callable)) {
        case PickleCallable::make_dict:
            return dict_from(arguments);
        case PickleCallable::make_attributes:
            return make_container(PickleKind::attributes);
        case PickleCallable::rebuild_tensor:
            return rebuild_tensor(arguments, false);
        case PickleCallable::rebuild_typed_tensor:
            return rebuild_tensor(arguments, true);
        case PickleCallable::rebuild_parameter:
            if (arguments.kind != PickleKind::tuple || arguments.size == 0 ||
                item(arguments, 0).kind != PickleKind::tensor) {
                refuse("a parameter is described in an unknown way");
            }
            return item(arguments, 0);
        case PickleCallable::make_opaque:
            return value_of(PickleKind::opaque);
        case PickleCallable::storage_class:
            break;
    }
    refuse("it calls something that cannot be called");
}

PickleValue PickleMachine::dict_from(const PickleValue& arguments)
{
    const PickleValue dict = make_container(PickleKind::dict);
    if (arguments.kind != PickleKind::tuple || arguments.size != 1 ||
        item(arguments, 0).kind != PickleKind::list) {
        return dict;
    }
    const std::vector<PickleValue>& pairs = result_.list_items(item(arguments, 0));
    for (const PickleValue& pair : pairs) {
        const bool is_list = pair.kind == PickleKind::list && result_.list_items(pair).size() == 2;
        if (!is_list && !(pair.kind == PickleKind::tuple && pair.size == 2)) {
            refuse("an OrderedDict is made from something unknown");
        }
        for (std::size_t i = 0; i < 2; ++i) {
            append(result_.containers_[dict.index], is_list ? result_.list_items(pair)[i] : item(pair, i));
        }
    }
    return dict;
}

void PickleMachine::build()
{
    const PickleValue state = pop();
    const PickleValue& object = top();
    if (object.kind == PickleKind::attributes && state.kind == PickleKind::dict) {
        const std::vector<PickleValue>& items = result_.containers_[state.index];
        for (const PickleValue& value : items) {
            append(result_.containers_[object.index], value);
        }
    } else if (object.kind != PickleKind::opaque && object.kind != PickleKind::dict &&
               object.kind != PickleKind::tensor) {
        refuse("it sets the state of something that has none");
    }
}

}  // namespace duodiff
