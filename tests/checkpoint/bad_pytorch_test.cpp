// SPDX-License-Identifier: GPL-3.0-or-later
#include "checkpoint/bad_file.h"
#include "checkpoint/file_builders.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace duodiff::test;

namespace
{

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

const std::string good_pickle = one_tensor_pickle(4, 0, {4}, {1});
const std::string good_data = float_bytes({1, 2, 3, 4});

/// {"weight": tensor, KEY: whatever `add` pushes}
std::string pickle_with(const std::function<void(PickleBuilder&)>& add)
{
    PickleBuilder pickle;
    pickle.raw("}").text("weight").tensor("0", 4, 0, {4}, {1}).raw("s").text("more");
    add(pickle);
    return pickle.raw("s").stop();
}

void refuse_pickle(std::string_view name, const std::string& pickle, std::string_view expected)
{
    expect_bytes_refused(name, pytorch_file(pickle, {good_data}), expected);
}

std::string repeated(std::string_view part, std::size_t bytes)
{
    std::string text;
    text.reserve(bytes + part.size());
    while (text.size() < bytes) {
        text += part;
    }
    return text;
}

}  // namespace

TEST_CASE("classes and functions off the allow-list are refused by name, and nothing runs")
{
    const std::vector<std::pair<const char*, const char*>> globals = {
        {"os", "system"},        {"posix", "system"},         {"builtins", "eval"},
        {"builtins", "exec"},    {"builtins", "getattr"},     {"builtins", "__import__"},
        {"__builtin__", "eval"}, {"subprocess", "Popen"},     {"torch.nn.modules.linear", "Linear"},
        {"__main__", "Model"},   {"torch", "load"},           {"torch._utils", "_rebuild_qtensor"},
        {"numpy", "load"},       {"collections", "ChainMap"}, {"torch.jit", "load"},
    };
    for (const auto& [module, name] : globals) {
        const std::string full = std::string(module) + "." + name;
        refuse_pickle(full, PickleBuilder().global(module, name).raw("(").text("true").raw("tR").stop(),
                      full);
    }
    refuse_pickle("STACK_GLOBAL", PickleBuilder().text("os").text("system").raw("\x93)R").stop(),
                  "os.system");
    refuse_pickle("a long name", PickleBuilder().global(std::string(100'000, 'x'), "y").stop(), "never done");
    refuse_pickle("control letters", PickleBuilder().global("a\x1b[2J\r", "y").stop(), "never done");
    refuse_pickle("beside good weights", pickle_with([](PickleBuilder& p) {
                      p.global("os", "system").raw("(").text("ls").raw("tR");
                  }),
                  "os.system");
    refuse_pickle("INST", PickleBuilder().raw("(ios\nsystem\n").stop(), "not one that torch.save writes");
    refuse_pickle("OBJ", PickleBuilder().raw("(").global("collections", "OrderedDict").raw("o").stop(),
                  "not one that torch.save writes");
    refuse_pickle("EXT1", PickleBuilder().raw("\x82\x01").stop(), "not one that torch.save writes");
}

TEST_CASE("malformed pickles are refused")
{
    refuse_pickle("empty", "", "ends in the middle");
    refuse_pickle("no STOP", PickleBuilder().raw("}").raw("").stop().substr(0, 3), "ends in the middle");
    refuse_pickle("only STOP", PickleBuilder().stop(), "where there is none");
    refuse_pickle("protocol 9", "\x80\x09}.", "protocol");
    refuse_pickle("unknown instruction", PickleBuilder().raw("\xff").stop(),
                  "not one that torch.save writes");
    refuse_pickle("text protocol", "(dp0\n.", "not one that torch.save writes");
    refuse_pickle("values left over", PickleBuilder().raw("}}").stop(), "left over");
    refuse_pickle("mark left over", PickleBuilder().raw("(}").stop(), "left over");
    refuse_pickle("POP of nothing", PickleBuilder().raw("0").stop(), "where there is none");
    refuse_pickle("TUPLE3 of two", PickleBuilder().raw("NN\x87").stop(), "where there is none");
    refuse_pickle("TUPLE without mark", PickleBuilder().raw("Nt").stop(), "mark");
    refuse_pickle("SETITEM across a mark", PickleBuilder().raw("}(NNs").stop(), "where there is none");
    refuse_pickle("SETITEMS odd", PickleBuilder().raw("}(Nu").stop(), "no dict");
    refuse_pickle("SETITEMS of a list", PickleBuilder().raw("](NNu").stop(), "no dict");
    refuse_pickle("APPENDS of a dict", PickleBuilder().raw("}(Ne").stop(), "no list");
    refuse_pickle("APPENDS below everything", PickleBuilder().raw("(Ne").stop(), "where there is none");
    refuse_pickle("BINGET of nothing", PickleBuilder().raw("h\x05").stop(), "never made");
    refuse_pickle("BINPUT of nothing", PickleBuilder().raw("q\x05").stop(), "where there is none");
    refuse_pickle("wild memo", PickleBuilder().raw("Nr\xff\xff\xff\xff").stop(), "wildly");
    refuse_pickle("REDUCE of a number", PickleBuilder().raw("K\x01)R").stop(), "cannot be called");
    refuse_pickle("REDUCE of a storage class",
                  PickleBuilder().global("torch", "FloatStorage").raw(")R").stop(), "cannot be called");
    refuse_pickle("BUILD of a number", PickleBuilder().raw("K\x01}b").stop(), "has none");
    refuse_pickle("huge text", PickleBuilder().raw("X\xff\xff\xff\xff").stop(), "absurdly long");
    refuse_pickle("text of 2^63",
                  PickleBuilder().raw("\x8d" + little_endian(std::uint64_t{1} << 63, 8)).stop(),
                  "absurdly long");
    refuse_pickle("text longer than the file", PickleBuilder().raw("X" + little_endian(1000, 4)).stop(),
                  "ends in the middle");
    refuse_pickle("huge bytes", PickleBuilder().raw("\x8e" + little_endian(std::uint64_t(-1), 8)).stop(),
                  "ends in the middle");
    refuse_pickle("huge LONG4", PickleBuilder().raw("\x8b\xff\xff\xff\x7f").stop(), "ends in the middle");
    refuse_pickle("GLOBAL without end",
                  "\x80\x02"
                  "ccollections",
                  "ends in the middle");
    refuse_pickle("too deep", PickleBuilder().raw(std::string(100'000, '(')).stop(), "too deeply");
    refuse_pickle("no dict", PickleBuilder().raw("K\x01").stop(), "no dict of tensors");
    refuse_pickle("empty dict", PickleBuilder().raw("}").stop(), "no tensors");
    refuse_pickle("a list in itself",
                  PickleBuilder()
                      .raw("]q\x00h\x00"
                           "a")
                      .stop(),
                  "");
    refuse_pickle("a dict in itself",
                  PickleBuilder()
                      .raw("}")
                      .raw(std::string("q\0", 2))
                      .text("model_state_dict")
                      .raw(std::string("h\0s", 3))
                      .stop(),
                  "no tensors");
    refuse_pickle("state dict of numbers",
                  PickleBuilder().raw("}").text("model_state_dict").raw("}").text("a").raw("K\x01ss").stop(),
                  "no tensors");
    refuse_pickle("name not a text",
                  PickleBuilder().raw("}K\x05").tensor("0", 4, 0, {4}, {1}).raw("s").stop(), "not a text");
    refuse_pickle("name twice",
                  PickleBuilder()
                      .raw("}")
                      .text("a")
                      .tensor("0", 4, 0, {4}, {1})
                      .raw("s")
                      .text("a")
                      .tensor("0", 4, 0, {4}, {1})
                      .raw("s")
                      .stop(),
                  "twice");
}

TEST_CASE("tensors that do not lie inside their storage are refused")
{
    struct Case {
        const char* name;
        std::int64_t count;
        std::int64_t offset;
        std::vector<std::int64_t> sizes;
        std::vector<std::int64_t> strides;
        const char* expected;
    };
    const std::vector<Case> cases = {
        {"too long", 4, 0, {5}, {1}, "inside its storage"},
        {"offset too far", 4, 1, {4}, {1}, "inside its storage"},
        {"offset huge", 4, largest, {1}, {1}, "inside its storage"},
        {"offset wraps in bytes", 4, std::int64_t{1} << 62, {1}, {1}, "inside its storage"},
        {"offset negative", 4, -1, {1}, {1}, "unknown way"},
        {"stride too far", 4, 0, {2}, {4}, "inside its storage"},
        {"stride negative", 4, 3, {4}, {-1}, "absurd"},
        {"stride wraps", 4, 0, {3}, {largest}, "absurd"},
        {"dimension negative", 4, 0, {-4}, {1}, "absurd"},
        {"dimension huge", 4, 0, {largest}, {1}, "absurd"},
        {"product wraps to 0", 4, 0, {std::int64_t{1} << 32, std::int64_t{1} << 32}, {1, 1}, "absurd"},
        {"expanded to absurdity", 4, 0, {std::int64_t{1} << 40}, {0}, "far more elements"},
        {"expanded in two dimensions", 4, 0, {1 << 20, 1 << 20}, {0, 0}, "far more elements"},
        {"fewer strides", 4, 0, {2, 2}, {1}, "unknown way"},
        {"too many dimensions", 4, 0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1),
         "unknown way"},
        {"storage larger than its record", 5, 0, {4}, {1}, "should have 5 elements"},
        {"storage smaller than its record", 3, 0, {3}, {1}, "should have 3 elements"},
        {"storage negative", -1, 0, {1}, {1}, "should have -1 elements"},
        {"storage of 2^62 elements", std::int64_t{1} << 62, 0, {1}, {1}, "elements of 4 bytes"},
    };
    for (const Case& bad : cases) {
        refuse_pickle(bad.name, one_tensor_pickle(bad.count, bad.offset, bad.sizes, bad.strides),
                      bad.expected);
    }
    refuse_pickle("record missing",
                  PickleBuilder().raw("}").text("a").tensor("7", 4, 0, {4}, {1}).raw("s").stop(),
                  "missing in the archive");
    refuse_pickle("key climbs out",
                  PickleBuilder().raw("}").text("a").tensor("../data.pkl", 4, 0, {4}, {1}).raw("s").stop(),
                  "missing in the archive");
    refuse_pickle("complex numbers", one_tensor_pickle(16, 0, {4}, {1}, "ComplexFloatStorage"),
                  "not supported");
    refuse_pickle("persistent id not a tuple", PickleBuilder().raw("K\x01Q").stop(), "unknown way");
    refuse_pickle("rebuilt from a number",
                  PickleBuilder().global("torch._utils", "_rebuild_tensor_v2").raw("(K\x01K\x02)))tR").stop(),
                  "unknown way");
    refuse_pickle("parameter of a number",
                  PickleBuilder().global("torch._utils", "_rebuild_parameter").raw("(K\x01tR").stop(),
                  "unknown way");
    std::string many = "}";
    PickleBuilder views;
    views.raw("}");
    for (int i = 0; i < 3000; ++i) {
        views.text("w" + std::to_string(i)).tensor("0", 65536, 0, {65536}, {1}).raw("s");
    }
    expect_bytes_refused("thousands of views of one storage",
                         pytorch_file(views.stop(), {std::string(65536 * sizeof(float), '\0')}),
                         "far more elements");
}

TEST_CASE("NaN weights are refused, in views too")
{
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::string data = float_bytes({1, 2, nan, 4});
    expect_bytes_refused("contiguous", pytorch_file(good_pickle, {data}), "'weight' holds NaN");
    expect_bytes_refused("strided", pytorch_file(one_tensor_pickle(4, 0, {2}, {2}), {data}),
                         "'weight' holds NaN");
    expect_bytes_refused("transposed", pytorch_file(one_tensor_pickle(4, 0, {2, 2}, {1, 2}), {data}),
                         "'weight' holds NaN");
}

TEST_CASE("archives whose records lie are refused")
{
    using Entry = ZipBuilder::Entry;
    const auto refuse_with = [](std::string_view name, const std::function<void(ZipBuilder&)>& build,
                                std::string_view expected) {
        ZipBuilder zip;
        build(zip);
        expect_bytes_refused(name, zip.finish(), expected);
    };
    const auto refuse_changed = [&](std::string_view name, const std::function<void(Entry&)>& change,
                                    std::string_view expected) {
        refuse_with(
            name,
            [&](ZipBuilder& zip) {
                zip.add("m/data.pkl", good_pickle);
                change(zip.add("m/data/0", good_data));
            },
            expected);
    };
    refuse_changed(
        "compressed", [](Entry& e) { e.method = 8; }, "disagree");
    refuse_with(
        "compressed in both headers",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            zip.add("m/data/0", good_data, [](Entry& e) { e.method = e.local_method = 8; });
        },
        "compressed");
    refuse_changed(
        "encrypted", [](Entry& e) { e.flags = 1; }, "encrypted");
    refuse_changed(
        "two sizes", [](Entry& e) { e.size = 99; }, "two different sizes");
    refuse_changed(
        "sizes unlike the local header", [](Entry& e) { e.size = e.stored_size = 8; }, "disagree");
    refuse_changed(
        "size beyond the file", [](Entry& e) { e.size = e.stored_size = 1 << 30; }, "disagree");
    refuse_changed(
        "local header elsewhere", [](Entry& e) { e.header_at += 1; }, "not where");
    refuse_changed(
        "local header beyond the file", [](Entry& e) { e.header_at = 0xfffffff0; }, "not where");
    refuse_changed(
        "local header shared", [](Entry& e) { e.header_at = 0; }, "disagree");
    refuse_changed(
        "the same name twice", [](Entry& e) { e.name = "m/data.pkl"; }, "disagree");
    refuse_with(
        "two equal entries",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            zip.add("m/data/0", good_data);
            zip.add("m/data/0", good_data);
        },
        "twice");
    refuse_with(
        "an entry inside another",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            ZipBuilder inner;
            inner.add("m/data/0", good_data);
            const std::size_t outer_at = zip.data_size();
            const std::string local = inner.finish().substr(0, inner.data_size());
            zip.add("m/outer", local);
            // The name's length and the header before it: where the inner header begins.
            zip.add("m/data/0", good_data).header_at = outer_at + 30 + std::string("m/outer").size();
        },
        "overlap");
    for (const char* name : {"../m/x", "m/../../x", "/m/x", "m\\x", "m/.."}) {
        refuse_with(
            name,
            [&](ZipBuilder& zip) {
                zip.add("m/data.pkl", good_pickle);
                zip.add(name, good_data);
            },
            "not allowed");
    }
    refuse_with(
        "wrong checksum",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle).crc ^= 1U;
            zip.add("m/data/0", good_data);
        },
        "checksum");
    refuse_with(
        "big-endian",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            zip.add("m/byteorder", "big");
            zip.add("m/data/0", good_data);
        },
        "byte order");
    refuse_with(
        "TorchScript",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            zip.add("m/constants.pkl", good_pickle);
        },
        "TorchScript");
    refuse_with(
        "two checkpoints",
        [](ZipBuilder& zip) {
            zip.add("m/data.pkl", good_pickle);
            zip.add("n/data.pkl", good_pickle);
        },
        "two checkpoints");
    refuse_with(
        "some zip", [](ZipBuilder& zip) { zip.add("letter.txt", "hello"); }, "did not write it");
    refuse_with(
        "NumPy archive", [](ZipBuilder& zip) { zip.add("a.npy", "hello"); }, "NumPy");
    expect_bytes_refused("empty archive", ZipBuilder().finish(), "did not write it");
}

TEST_CASE("archives whose end record lies are refused")
{
    ZipBuilder zip;
    zip.add("m/data.pkl", good_pickle);
    zip.add("m/data/0", good_data);
    const std::size_t size = zip.directory().size();
    const std::size_t start = zip.data_size();
    expect_bytes_refused("more entries", zip.finish_with(3, size, start), "more entries");
    expect_bytes_refused("65534 entries", zip.finish_with(65534, size, start), "more entries");
    expect_bytes_refused("fewer entries", zip.finish_with(1, size, start), "");
    expect_bytes_refused("directory too long", zip.finish_with(2, size + 1, start), "not where");
    expect_bytes_refused("directory elsewhere", zip.finish_with(2, size, start - 1), "not where");
    expect_bytes_refused("directory of 4 GB", zip.finish_with(2, 0xfffffffe, start), "not where");
    expect_bytes_refused("zip64 promised", zip.finish_with(0xffff, size, start), "locator is missing");
    const std::string whole = zip.finish();
    expect_bytes_refused("bytes after the end", whole + std::string(10, 'x'), "missing");
    expect_bytes_refused("bytes before the start", "PK\x03\x04" + whole, "not where");
    std::string zip64 = zip.finish_zip64();
    zip64[zip64.size() - 22 - 20 + 8 + 6] = '\x7f';
    expect_bytes_refused("zip64 record beyond the file", zip64, "zip64 end record");
    for (std::size_t cut = 4; cut < whole.size(); cut += 37) {
        expect_bytes_refused("cut", whole.substr(0, cut), "");
    }
}

TEST_CASE("large hostile pickles do not take more memory than twice the file")
{
    const std::size_t size = std::size_t{24} << 20;
    const std::vector<std::pair<const char*, std::string>> bombs = {
        {"dicts", repeated("}", size)},
        {"lists", repeated("]", size)},
        {"doubles", "N" + repeated("2", size)},
        {"tuples", "N" + repeated("\x85", size)},
        {"tuples remembered", "N" + repeated("\x85\x94", size)},
        {"memo", "N" + repeated("\x94", size)},
        {"tuples of tuples", "NNN" + repeated("\x87NN", size)},
        {"objects", repeated("ccollections\nOrderedDict\n)R", size)},
        {"one long list", "](" + repeated("N", size) + "e"},
        {"numbers", "](" + repeated("K\x01", size) + "e"},
    };
    for (const auto& [name, bomb] : bombs) {
        expect_bytes_refused(name, pytorch_file(PickleBuilder().raw(bomb).stop(), {good_data}), "");
    }
}

TEST_CASE("a small pickle that doubles a list again and again stays small")
{
    std::string bomb = "](NNNNNNNN";
    for (int i = 0; i < 60; ++i) {
        bomb += "t2\x86(22";
    }
    refuse_pickle("doubling", PickleBuilder().raw(bomb).stop(), "");
}
