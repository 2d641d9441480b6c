// SPDX-License-Identifier: GPL-3.0-or-later
#include "values.h"

#include <doctest/doctest.h>

#include <limits>

using namespace duodiff;
using namespace duodiff::cli;

namespace
{

Failure failure_of(const auto& work)
{
    try {
        work();
    } catch (const EngineError& error) {
        return error.failure();
    }
    return {};
}

const std::vector<std::string> clothes = {"T-shirt/top", "Trouser", "Bag", "Boots, ankle"};

}  // namespace

TEST_CASE("a mistyped word finds its nearest name, a strange one finds none")
{
    const std::vector<std::string> names = {"full", "duodiff", "adadiff", "static"};
    CHECK(closest("adadif", names) == "adadiff");
    CHECK(closest("ADADIFF", names) == "adadiff");
    CHECK(closest("duodfif", names) == "duodiff");
    CHECK(closest("ful", names) == "full");
    CHECK_FALSE(closest("transformer", names));
    CHECK_FALSE(closest("", names));
    CHECK_FALSE(closest("x", {}));
}

TEST_CASE("whole numbers are read exactly or refused with the option's name")
{
    CHECK(read_integer("--steps", "1", 1, 1000) == 1);
    CHECK(read_integer("--steps", "1000", 1, 1000) == 1000);
    CHECK(read_integer("--steps", "010", 1, 1000) == 10);
    for (const char* text :
         {"", " 5", "5 ", "5x", "0x5", "1e2", "1.0", "0", "1001", "-1", "+5", "99999999999999"}) {
        CAPTURE(text);
        const Failure failure = failure_of([&] { read_integer("--steps", text, 1, 1000); });
        CHECK(failure.code == ErrorCode::usage);
        CHECK(failure.where == "--steps");
        CHECK(failure.what.find("1..1000") != std::string::npos);
    }
}

TEST_CASE("seeds span all of 64 bits and nothing more")
{
    CHECK(read_seed("--seed", "0") == 0);
    CHECK(read_seed("--seed", "18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"18446744073709551616", "-1", "", "1.5", "seed"}) {
        CAPTURE(text);
        CHECK(failure_of([&] { read_seed("--seed", text); }).code == ErrorCode::usage);
    }
}

TEST_CASE("numbers are finite and not below their minimum")
{
    CHECK(read_number("--threshold", "-0.5") == doctest::Approx(-0.5));
    CHECK(read_number("--threshold", "1e-3") == doctest::Approx(0.001));
    for (const char* text : {"", "nan", "inf", "-inf", "0,5", "1e999", "half"}) {
        CAPTURE(text);
        CHECK(failure_of([&] { read_number("--threshold", text); }).code == ErrorCode::usage);
    }
    CHECK(failure_of([&] { read_number("--eta", "-0.1", 0.0); }).what.find("below") != std::string::npos);
}

TEST_CASE("lists hold at least one number, and each is checked")
{
    CHECK(read_integers("--save-steps", "999, 500,0", 0, 999) == std::vector<int>{999, 500, 0});
    for (const char* text : {"", ",", "1,", "1,,2", "1000", "1;2"}) {
        CAPTURE(text);
        CHECK(failure_of([&] { read_integers("--save-steps", text, 0, 999); }).code == ErrorCode::usage);
    }
    CHECK(read_numbers("--threshold", "0.05,-1").size() == 2);
}

TEST_CASE("every name of every choice is read back as itself")
{
    for (const PolicyKind value : all_policies) {
        CHECK(read_choice<PolicyKind>("--policy", std::string(to_string(value)), all_policies) == value);
    }
    for (const SolverKind value : all_solvers) {
        CHECK(read_choice<SolverKind>("--sampler", std::string(to_string(value)), all_solvers) == value);
    }
    for (const Parametrization value : all_parametrizations) {
        CHECK(read_choice<Parametrization>("-", std::string(to_string(value)), all_parametrizations) ==
              value);
    }
    for (const Precision value : all_precisions) {
        CHECK(read_choice<Precision>("-", std::string(to_string(value)), all_precisions) == value);
    }
    const Failure failure = failure_of([] { read_choice<PolicyKind>("--policy", "adadif", all_policies); });
    CHECK(failure.what.find("full, duodiff, adadiff, static") != std::string::npos);
    CHECK(failure.remedy == "Did you mean 'adadiff'?");
}

TEST_CASE("devices are auto, cpu, cuda or a numbered cuda")
{
    for (const char* text : {"auto", "cpu", "cuda", "cuda:0", "cuda:12"}) {
        CHECK(read_device("--device", text) == text);
    }
    for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1234", "cpu:0", "CPU"}) {
        CAPTURE(text);
        CHECK(failure_of([&] { read_device("--device", text); }).code == ErrorCode::usage);
    }
}

TEST_CASE("classes are numbers or names in any case, alone or in a list")
{
    using Classes = std::vector<std::int64_t>;
    CHECK(read_classes("--class", "2", 4, clothes) == Classes{2});
    CHECK(read_classes("--class", "bag", 4, clothes) == Classes{2});
    CHECK(read_classes("--class", "t-SHIRT/top, 1,bag", 4, clothes) == Classes{0, 1, 2});
    CHECK(read_classes("--class", "boots, ankle", 4, clothes) == Classes{3});
    CHECK(read_classes("--class", "9", 10, {}) == Classes{9});
}

TEST_CASE("an unknown class is refused with the names and the nearest one")
{
    const Failure failure = failure_of([] { read_classes("--class", "trousers", 4, clothes); });
    CHECK(failure.code == ErrorCode::usage);
    CHECK(failure.what.find("T-shirt/top, Trouser, Bag") != std::string::npos);
    CHECK(failure.what.find("0..3") != std::string::npos);
    CHECK(failure.remedy == "Did you mean 'Trouser'?");
    for (const char* text : {"4", "-1", "1,,2", ","}) {
        CAPTURE(text);
        CHECK(failure_of([&] { read_classes("--class", text, 4, clothes); }).code == ErrorCode::usage);
    }
    CHECK(failure_of([] { read_classes("--class", "0", 0, {}); }).what.find("unconditional") !=
          std::string::npos);
}
