// SPDX-License-Identifier: MIT
#include "checkpoint/pickle.h"

#include "checkpoint/pickle_machine.h"

#include <array>
#include <bit>
#include <span>

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

constexpr int max_protocol = 5;

}  // namespace

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
