// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "checkpoint/pickle.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duodiff
{

/// Deepest nesting of marks; real files need a handful.
inline constexpr std::size_t max_pickle_nesting = 1000;
inline constexpr std::size_t pickle_value_bytes = sizeof(PickleValue);

inline PickleValue value_of(PickleKind kind)
{
    PickleValue value;
    value.kind = kind;
    return value;
}

inline PickleValue integer_value(std::int64_t number)
{
    PickleValue value = value_of(PickleKind::integer);
    value.integer = number;
    return value;
}

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
            charge(more * pickle_value_bytes);
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
        if (marks_.size() == max_pickle_nesting) {
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

    void push_text(std::uint64_t size);
    void push_opaque_bytes(std::uint64_t size);

    /// Integers of more than 64 bits are of no use here, but do occur (states of random generators).
    void push_long(std::uint64_t size);
    PickleValue make_tuple(std::span<const PickleValue> items);
    void tuple_of_last(std::size_t count);
    PickleValue make_container(PickleKind kind);
    void append_all(const PickleValue& list, std::span<const PickleValue> items);
    void set_all(const PickleValue& dict, std::span<const PickleValue> items);
    void remember(std::uint64_t place, const PickleValue& value);
    void recall(std::uint64_t place);
    void push_global(std::string_view module, std::string_view name);
    void stack_global();

    PickleValue item(const PickleValue& tuple, std::size_t i) const { return result_.tuple_item(tuple, i); }

    void persistent_id();
    bool is_integer_tuple(const PickleValue& value) const;
    PickleValue rebuild_tensor(const PickleValue& arguments, bool with_dtype);

    /// Sets the tensor's place in the file; all of it has to lie inside the storage.
    void place(PickleTensor& tensor, const PickleStorage& storage, std::uint64_t first_element) const;

    /// REDUCE, NEWOBJ and NEWOBJ_EX: what a class or function makes of its arguments.
    PickleValue call(const PickleValue& callable, const PickleValue& arguments);

    /// OrderedDict() is empty in all but the oldest pickles, where it gets a list of pairs.
    PickleValue dict_from(const PickleValue& arguments);

    /// Attributes matter for a Namespace only; a dict's (OrderedDict has `_metadata`) are dropped.
    void build();
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

}  // namespace duodiff
