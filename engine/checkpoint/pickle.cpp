// SPDX-License-Identifier: MIT
#include "checkpoint/pickle.h"

#include "base/error.h"
#include "checkpoint/pickle_globals.h"
#include "checkpoint/tensor_record.h"

#include <array>
#include <bit>
#include <span>
#include <utility>

namespace duodiff
{
namespace
{

// CPython's Lib/pickle.py names them; those that torch.save never writes are left out and so refused.
enum Opcode : unsigned char {
    op_mark = '(',
    op_stop = '.',
    op_pop = '0',
    op_pop_mark = '1',
    op_dup = '2',
    op_binbytes = 'B',
    op_short_binbytes = 'C',
    op_binfloat = 'G',
    op_binint = 'J',
    op_binint1 = 'K',
    op_binint2 = 'M',
    op_none = 'N',
    op_binpersid = 'Q',
    op_reduce = 'R',
    op_binstring = 'T',
    op_short_binstring = 'U',
    op_binunicode = 'X',
    op_empty_list = ']',
    op_append = 'a',
    op_build = 'b',
    op_global = 'c',
    op_dict = 'd',
    op_appends = 'e',
    op_binget = 'h',
    op_long_binget = 'j',
    op_list = 'l',
    op_binput = 'q',
    op_long_binput = 'r',
    op_setitem = 's',
    op_tuple = 't',
    op_setitems = 'u',
    op_empty_dict = '}',
    op_empty_tuple = ')',
    op_proto = 0x80,
    op_newobj = 0x81,
    op_tuple1 = 0x85,
    op_tuple2 = 0x86,
    op_tuple3 = 0x87,
    op_newtrue = 0x88,
    op_newfalse = 0x89,
    op_long1 = 0x8a,
    op_long4 = 0x8b,
    op_short_binunicode = 0x8c,
    op_binunicode8 = 0x8d,
    op_binbytes8 = 0x8e,
    op_empty_set = 0x8f,
    op_additems = 0x90,
    op_frozenset = 0x91,
    op_newobj_ex = 0x92,
    op_stack_global = 0x93,
    op_memoize = 0x94,
    op_frame = 0x95,
    op_bytearray8 = 0x96,
};

constexpr std::size_t max_nesting = 1000;
constexpr std::size_t max_text = std::size_t{1} << 30;
constexpr std::size_t max_global_name = 256;
constexpr int max_protocol = 5;

constexpr std::size_t value_bytes = sizeof(PickleValue);
constexpr std::size_t container_bytes = sizeof(std::vector<PickleValue>);

PickleValue value_of(PickleKind kind)
{
    PickleValue value;
    value.kind = kind;
    return value;
}

PickleValue integer_value(std::int64_t number)
{
    PickleValue value = value_of(PickleKind::integer);
    value.integer = number;
    return value;
}

PickleValue indexed(PickleKind kind, std::size_t index, std::uint32_t size = 0)
{
    PickleValue value = value_of(kind);
    value.size = size;
    value.index = index;
    return value;
}

}  // namespace

/// Runs one pickle into the Pickle it is given. No recursion anywhere; all memory is charged.
class PickleMachine
{
public:
    PickleMachine(const PickleSource& source, Pickle& result)
        : source_(source), result_(result), memory_left_(source.memory_limit)
    {
    }

    void run()
    {
        while (!stopped_) {
            const std::string_view code = take(1);
            step(static_cast<unsigned char>(code.front()));
        }
        if (!stack_.empty() || !marks_.empty()) {
            refuse("values are left over at its end");
        }
    }

private:
    [[noreturn]] void refuse(const std::string& what, std::string remedy = {}) const
    {
        throw EngineError(ErrorCode::bad_file, "bad pickle: " + what, source_.where, std::move(remedy));
    }

    void charge(std::size_t bytes)
    {
        if (bytes > memory_left_) {
            refuse("it would need far more memory than its size justifies");
        }
        memory_left_ -= bytes;
    }

    /// The capacity is charged before it is taken; it only ever grows.
    void append(std::vector<PickleValue>& items, const PickleValue& value)
    {
        if (items.size() == items.capacity()) {
            const std::size_t more = items.empty() ? 2 : items.size();
            charge(more * value_bytes);
            items.reserve(items.size() + more);
        }
        items.push_back(value);
    }

    std::string_view take(std::uint64_t count)
    {
        if (count > source_.bytes.size() - position_) {
            refuse("it ends in the middle", "The file is truncated or damaged: get it again.");
        }
        const std::string_view bytes = source_.bytes.substr(position_, count);
        position_ += count;
        return bytes;
    }

    std::uint64_t take_number(std::size_t size)
    {
        std::uint64_t number = 0;
        const std::string_view bytes = take(size);
        for (std::size_t i = size; i-- > 0;) {
            number = number << 8U | static_cast<unsigned char>(bytes[i]);
        }
        return number;
    }

    std::string_view take_line()
    {
        const std::size_t end = source_.bytes.find('\n', position_);
        if (end == std::string_view::npos) {
            refuse("it ends in the middle");
        }
        const std::string_view line = source_.bytes.substr(position_, end - position_);
        position_ = end + 1;
        return line;
    }

    void push(const PickleValue& value) { append(stack_, value); }

    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

    PickleValue pop()
    {
        if (stack_.size() <= floor()) {
            refuse("it takes a value where there is none");
        }
        const PickleValue value = stack_.back();
        stack_.pop_back();
        return value;
    }

    PickleValue& top()
    {
        if (stack_.size() <= floor()) {
            refuse("it takes a value where there is none");
        }
        return stack_.back();
    }

    void mark()
    {
        if (marks_.size() == max_nesting) {
            refuse("it is nested too deeply");
        }
        marks_.push_back(stack_.size());
    }

    /// The values above the last mark, valid until drop().
    std::span<const PickleValue> above_mark()
    {
        if (marks_.empty()) {
            refuse("a mark is missing");
        }
        return std::span(stack_).subspan(marks_.back());
    }

    void drop_mark()
    {
        stack_.resize(marks_.back());
        marks_.pop_back();
    }

    void push_text(std::uint64_t size)
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

    void push_opaque_bytes(std::uint64_t size)
    {
        take(size);
        push(value_of(PickleKind::opaque));
    }

    /// Integers of more than 64 bits are of no use here, but do occur (states of random generators).
    void push_long(std::uint64_t size)
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

    PickleValue make_tuple(std::span<const PickleValue> items)
    {
        charge(items.size() * value_bytes);
        const std::size_t start = result_.tuple_items_.size();
        result_.tuple_items_.insert(result_.tuple_items_.end(), items.begin(), items.end());
        return indexed(PickleKind::tuple, start, static_cast<std::uint32_t>(items.size()));
    }

    void tuple_of_last(std::size_t count)
    {
        if (stack_.size() < floor() + count) {
            refuse("it takes a value where there is none");
        }
        const PickleValue tuple = make_tuple(std::span(stack_).last(count));
        stack_.resize(stack_.size() - count);
        push(tuple);
    }

    PickleValue make_container(PickleKind kind)
    {
        charge(container_bytes);
        result_.containers_.emplace_back();
        return indexed(kind, result_.containers_.size() - 1);
    }

    void append_all(const PickleValue& list, std::span<const PickleValue> items)
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

    void set_all(const PickleValue& dict, std::span<const PickleValue> items)
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

    void remember(std::uint64_t place, const PickleValue& value)
    {
        // Picklers number from 0 without gaps; a few unused numbers do no harm.
        constexpr std::uint64_t largest_gap = 1024;
        if (place > memo_.size() + largest_gap) {
            refuse("it numbers its values wildly");
        }
        while (memo_.size() <= place) {
            charge(value_bytes);
            memo_.push_back(value_of(PickleKind::absent));
        }
        memo_[place] = value;
    }

    void recall(std::uint64_t place)
    {
        if (place >= memo_.size() || memo_[place].kind == PickleKind::absent) {
            refuse("it refers to a value that it never made");
        }
        push(memo_[place]);
    }

    void push_global(std::string_view module, std::string_view name)
    {
        const std::optional<PickleValue> known =
            module.size() + name.size() <= max_global_name ? allowed_global(module, name) : std::nullopt;
        if (!known) {
            const std::string full = std::string(module.substr(0, max_global_name)) + "." +
                                     std::string(name.substr(0, max_global_name));
            throw EngineError(ErrorCode::bad_file,
                              "the file wants to run " + in_quotes(full) + ", which is never done",
                              source_.where, advice_about_global(module));
        }
        push(*known);
    }

    void stack_global()
    {
        const PickleValue name = pop();
        const PickleValue module = pop();
        if (name.kind != PickleKind::text || module.kind != PickleKind::text) {
            refuse("the name of a class is not a text");
        }
        push_global(module.text(), name.text());
    }

    PickleValue item(const PickleValue& tuple, std::size_t i) const { return result_.tuple_item(tuple, i); }

    void persistent_id()
    {
        const PickleValue id = pop();
        if (id.kind != PickleKind::tuple || id.size < 5 || item(id, 0).kind != PickleKind::text ||
            item(id, 0).text() != "storage" || item(id, 1).kind != PickleKind::callable ||
            callable_of(item(id, 1)) != PickleCallable::storage_class ||
            item(id, 2).kind != PickleKind::text || item(id, 4).kind != PickleKind::integer) {
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

    bool is_integer_tuple(const PickleValue& value) const
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

    PickleValue rebuild_tensor(const PickleValue& arguments, bool with_dtype)
    {
        if (arguments.kind != PickleKind::tuple || arguments.size < (with_dtype ? 7U : 4U) ||
            item(arguments, 0).kind != PickleKind::storage ||
            item(arguments, 1).kind != PickleKind::integer || item(arguments, 1).integer < 0 ||
            !is_integer_tuple(item(arguments, 2)) || !is_integer_tuple(item(arguments, 3)) ||
            item(arguments, 2).size != item(arguments, 3).size ||
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

    /// Sets the tensor's place in the file; all of it has to lie inside the storage.
    void place(PickleTensor& tensor, const PickleStorage& storage, std::uint64_t first_element) const
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
            refuse("a tensor of shape " + in_quotes(shape_text(shape)) +
                   " does not lie inside its storage of " + std::to_string(storage.bytes.size) + " bytes");
        }
        tensor.offset = storage.bytes.offset + start;
    }

    /// REDUCE, NEWOBJ and NEWOBJ_EX: what a class or function makes of its arguments.
    PickleValue call(const PickleValue& callable, const PickleValue& arguments)
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

    /// OrderedDict() is empty in all but the oldest pickles, where it gets a list of pairs.
    PickleValue dict_from(const PickleValue& arguments)
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
                append(result_.containers_[dict.index],
                       is_list ? result_.list_items(pair)[i] : item(pair, i));
            }
        }
        return dict;
    }

    /// Attributes matter for a Namespace only; a dict's (OrderedDict has `_metadata`) are dropped.
    void build()
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

    void step(unsigned char code);
    bool step_number(unsigned char code);
    bool step_text(unsigned char code);
    bool step_memo(unsigned char code);
    bool step_container(unsigned char code);

    const PickleSource& source_;
    Pickle& result_;
    std::size_t memory_left_;
    std::size_t position_ = 0;
    bool stopped_ = false;
    std::vector<PickleValue> stack_;
    std::vector<std::size_t> marks_;
    std::deque<PickleValue> memo_;
};

bool PickleMachine::step_number(unsigned char code)
{
    switch (code) {
        case op_none:
            push(value_of(PickleKind::none));
            return true;
        case op_newtrue:
        case op_newfalse: {
            PickleValue value = value_of(PickleKind::boolean);
            value.integer = code == op_newtrue;
            push(value);
            return true;
        }
        case op_binint:
            push(integer_value(static_cast<std::int32_t>(take_number(4))));
            return true;
        case op_binint1:
            push(integer_value(static_cast<std::int64_t>(take_number(1))));
            return true;
        case op_binint2:
            push(integer_value(static_cast<std::int64_t>(take_number(2))));
            return true;
        case op_long1:
            push_long(take_number(1));
            return true;
        case op_long4:
            push_long(take_number(4));
            return true;
        case op_binfloat: {
            std::uint64_t bits = 0;
            for (const char byte : take(8)) {
                bits = bits << 8U | static_cast<unsigned char>(byte);
            }
            PickleValue value = value_of(PickleKind::real);
            value.real = std::bit_cast<double>(bits);
            push(value);
            return true;
        }
        default:
            return false;
    }
}

bool PickleMachine::step_text(unsigned char code)
{
    switch (code) {
        case op_binunicode:
        case op_binstring:
            push_text(take_number(4));
            return true;
        case op_short_binunicode:
        case op_short_binstring:
            push_text(take_number(1));
            return true;
        case op_binunicode8:
            push_text(take_number(8));
            return true;
        case op_binbytes:
            push_opaque_bytes(take_number(4));
            return true;
        case op_short_binbytes:
            push_opaque_bytes(take_number(1));
            return true;
        case op_binbytes8:
        case op_bytearray8:
            push_opaque_bytes(take_number(8));
            return true;
        case op_global: {
            const std::string_view module = take_line();
            push_global(module, take_line());
            return true;
        }
        case op_stack_global:
            stack_global();
            return true;
        default:
            return false;
    }
}

bool PickleMachine::step_memo(unsigned char code)
{
    switch (code) {
        case op_binput:
            remember(take_number(1), top());
            return true;
        case op_long_binput:
            remember(take_number(4), top());
            return true;
        case op_memoize:
            remember(memo_.size(), top());
            return true;
        case op_binget:
            recall(take_number(1));
            return true;
        case op_long_binget:
            recall(take_number(4));
            return true;
        case op_mark:
            mark();
            return true;
        case op_pop:
            if (!marks_.empty() && stack_.size() == marks_.back()) {
                marks_.pop_back();
            } else {
                pop();
            }
            return true;
        case op_pop_mark:
            above_mark();
            drop_mark();
            return true;
        case op_dup:
            push(PickleValue(top()));
            return true;
        default:
            return false;
    }
}

bool PickleMachine::step_container(unsigned char code)
{
    switch (code) {
        case op_empty_tuple:
            push(make_tuple({}));
            return true;
        case op_tuple1:
        case op_tuple2:
        case op_tuple3:
            tuple_of_last(code - op_tuple1 + std::size_t{1});
            return true;
        case op_tuple: {
            const PickleValue tuple = make_tuple(above_mark());
            drop_mark();
            push(tuple);
            return true;
        }
        case op_empty_list:
            push(make_container(PickleKind::list));
            return true;
        case op_empty_dict:
            push(make_container(PickleKind::dict));
            return true;
        case op_empty_set:
            push(value_of(PickleKind::opaque));
            return true;
        case op_list:
        case op_dict: {
            const PickleValue made = make_container(code == op_list ? PickleKind::list : PickleKind::dict);
            code == op_list ? append_all(made, above_mark()) : set_all(made, above_mark());
            drop_mark();
            push(made);
            return true;
        }
        case op_frozenset:
            above_mark();
            drop_mark();
            push(value_of(PickleKind::opaque));
            return true;
        case op_append: {
            const PickleValue item = pop();
            append_all(top(), std::span(&item, 1));
            return true;
        }
        case op_setitem: {
            const PickleValue value = pop();
            const std::array<PickleValue, 2> items = {pop(), value};
            set_all(top(), items);
            return true;
        }
        case op_appends:
        case op_setitems:
        case op_additems: {
            const std::span<const PickleValue> items = above_mark();
            const std::size_t start = marks_.back();
            if (start == 0 || (marks_.size() > 1 && start == marks_[marks_.size() - 2])) {
                refuse("it takes a value where there is none");
            }
            const PickleValue container = stack_[start - 1];
            if (code == op_setitems) {
                set_all(container, items);
            } else {
                append_all(container, items);
            }
            drop_mark();
            return true;
        }
        default:
            return false;
    }
}

void PickleMachine::step(unsigned char code)
{
    if (step_number(code) || step_text(code) || step_memo(code) || step_container(code)) {
        return;
    }
    switch (code) {
        case op_proto:
            if (take_number(1) > max_protocol) {
                refuse("it uses a protocol above 5");
            }
            return;
        case op_frame:
            take_number(8);
            return;
        case op_binpersid:
            persistent_id();
            return;
        case op_newobj_ex:
            pop();
            [[fallthrough]];
        case op_reduce:
        case op_newobj: {
            const PickleValue arguments = pop();
            const PickleValue callable = pop();
            push(call(callable, arguments));
            return;
        }
        case op_build:
            build();
            return;
        case op_stop:
            result_.root_ = pop();
            stopped_ = true;
            return;
        default:
            refuse("the instruction " + std::to_string(code) + " at byte " + std::to_string(position_ - 1) +
                   " is not one that torch.save writes");
    }
}

Pickle::Pickle(const PickleSource& source)
{
    PickleMachine(source, *this).run();
}

std::vector<std::int64_t> Pickle::integers(const PickleValue& tuple) const
{
    std::vector<std::int64_t> numbers;
    numbers.reserve(tuple.size);
    for (std::size_t i = 0; i < tuple.size; ++i) {
        numbers.push_back(tuple_item(tuple, i).integer);
    }
    return numbers;
}

}  // namespace duodiff
