// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include "base/error.h"
#include "support/doctest_torch.h"

#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

Failure failure_of(const std::function<void()>& work)
{
    try {
        work();
    } catch (...) {
        return current_failure("step 7");
    }
    return {};
}

}  // namespace

TEST_CASE("the exit status of every error code is the documented one")
{
    CHECK(exit_status(ErrorCode::failed) == 1);
    CHECK(exit_status(ErrorCode::usage) == 2);
    CHECK(exit_status(ErrorCode::bad_file) == 3);
    CHECK(exit_status(ErrorCode::out_of_memory) == 4);
    CHECK(exit_status(ErrorCode::cancelled) == 130);
}

TEST_CASE("the text of a failure says where, what, and on a second line what to do")
{
    CHECK(Failure{ErrorCode::failed, "it broke", "a.pth", "mend it"}.text() == "a.pth: it broke\nmend it");
    CHECK(Failure{ErrorCode::failed, "it broke", "", ""}.text() == "it broke");
    CHECK(std::string(EngineError(ErrorCode::usage, "no", "here").what()) == "here: no");
}

TEST_CASE("an EngineError passes unchanged, except for a place it does not have")
{
    const Failure failure = failure_of([] { throw EngineError(ErrorCode::usage, "no", "", "do"); });
    CHECK(failure == Failure{ErrorCode::usage, "no", "step 7", "do"});
    const Failure placed = failure_of([] { throw EngineError(ErrorCode::bad_file, "no", "a.pth"); });
    CHECK(placed.where == "a.pth");
}

TEST_CASE("whatever is thrown becomes one line without C++ frames")
{
    const std::vector<std::function<void()>> works = {
        [] { TORCH_CHECK(false, "shapes ", 3, " and ", 4, " do not fit"); },
        [] { throw std::runtime_error("first line\nsecond line\nframe #0: main"); },
        [] { throw std::runtime_error("x Exception raised from f at /a/b.cpp:3 (most recent call first):"); },
        [] { throw std::runtime_error(std::string(10'000, 'x')); },
        [] { throw std::runtime_error(""); },
        [] { throw 42; },
        [] { std::vector<int>().at(3); },
    };
    for (const auto& work : works) {
        const Failure failure = failure_of(work);
        CAPTURE(failure.text());
        CHECK(failure.code == ErrorCode::failed);
        CHECK(failure.where == "step 7");
        CHECK_FALSE(failure.what.empty());
        CHECK(failure.what.size() < 300);
        for (const char* mark : {"\n", "frame #", "Exception raised from"}) {
            CHECK(failure.text().find(mark) == std::string::npos);
        }
    }
    CHECK(failure_of(works[0]).what == "shapes 3 and 4 do not fit");
}

TEST_CASE("memory that cannot be had is told as such, with a smaller batch as the remedy")
{
    const std::vector<std::function<void()>> works = {
        [] { throw std::bad_alloc(); },
        [] { throw std::bad_array_new_length(); },
        [] { at::empty({std::int64_t{1} << 52}); },
        [] {
            throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "Tried to allocate 2 GiB");
        },
        [] { throw std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB"); },
    };
    for (const auto& work : works) {
        const Failure failure = failure_of(work);
        CAPTURE(failure.text());
        CHECK(failure.code == ErrorCode::out_of_memory);
        CHECK(failure.remedy.find("smaller batch") != std::string::npos);
        CHECK(failure.what.find('\n') == std::string::npos);
        CHECK(failure.what.find("alloc_cpu.cpp") == std::string::npos);
    }
}

TEST_CASE("an error of the file system names the file")
{
    const Failure failure = failure_of([] { std::filesystem::create_directory("/nowhere/at/all"); });
    CHECK(failure.code == ErrorCode::bad_file);
    CHECK(failure.where == "/nowhere/at/all");
}
