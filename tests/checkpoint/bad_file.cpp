// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>

#include "checkpoint/bad_file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <exception>
#include <fstream>

namespace duodiff::test
{
namespace
{

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_measurable = false;
#else
constexpr bool memory_is_measurable = true;
#endif

constexpr std::size_t allowance = std::size_t{12} << 20;

struct Outcome {
    int status = 0;
    std::size_t grown = 0;  ///< bytes that the peak resident memory grew by
    std::string text;       ///< of the error; after the code's number and a space
};

std::size_t peak_bytes()
{
    std::ifstream file("/proc/self/status");
    std::string word;
    while (file >> word) {
        if (word == "VmHWM:") {
            std::size_t kilobytes = 0;
            file >> kilobytes;
            return kilobytes * 1024;
        }
    }
    return 0;
}

std::string error_of(const std::filesystem::path& path)
{
    try {
        read_checkpoint(path);
        return "opened";
    } catch (const EngineError& error) {
        return std::to_string(exit_status(error.code())) + " " + error.what();
    } catch (const std::exception& error) {
        return std::string("escaped: ") + error.what();
    }
}

[[noreturn]] void open_in_child(const std::filesystem::path& path, int out)
{
    std::ofstream("/proc/self/clear_refs") << "5";  // lets the peak start at what there is now
    const std::size_t before = peak_bytes();
    const std::string text = error_of(path);
    const std::size_t grown = peak_bytes() - before;
    const std::string message = std::string(reinterpret_cast<const char*>(&grown), sizeof(grown)) + text;
    const bool written = ::write(out, message.data(), message.size()) == static_cast<ssize_t>(message.size());
    ::_exit(written ? 0 : 1);
}

Outcome outcome_of(const std::filesystem::path& path)
{
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        open_in_child(path, ends[1]);
    }
    ::close(ends[1]);
    std::string message;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        message.append(buffer.data(), static_cast<std::size_t>(count));
    }
    ::close(ends[0]);
    Outcome outcome;
    ::waitpid(child, &outcome.status, 0);
    if (message.size() >= sizeof(outcome.grown)) {
        std::copy_n(message.data(), sizeof(outcome.grown), reinterpret_cast<char*>(&outcome.grown));
        outcome.text = message.substr(sizeof(outcome.grown));
    }
    return outcome;
}

}  // namespace

void expect_refused(const std::filesystem::path& path, std::string_view expected)
{
    const Outcome outcome = outcome_of(path);
    CAPTURE(path);
    CAPTURE(outcome.text);
    CHECK(outcome.status == 0);
    CHECK(outcome.text.starts_with("3 "));
    CHECK(outcome.text.find(expected) != std::string::npos);
    std::string said = outcome.text;
    if (const std::size_t at = said.find(path.string()); at != std::string::npos) {
        said.erase(at, path.string().size());
    }
    CHECK(said.size() < 330);
    CHECK(std::count(outcome.text.begin(), outcome.text.end(), '\n') <= 1);
    for (const char* mark : {"frame #", "Exception raised", ".cpp", "std::", "0x"}) {
        CHECK(said.find(mark) == std::string::npos);
    }
    std::error_code ignored;
    if (memory_is_measurable && std::filesystem::is_regular_file(path, ignored)) {
        CHECK(outcome.grown < 2 * std::filesystem::file_size(path) + allowance);
    }
}

void expect_bytes_refused(std::string_view name, std::string_view bytes, std::string_view expected)
{
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "bad.bin";
    write_file(path, bytes);
    CAPTURE(name);
    expect_refused(path, expected);
}

}  // namespace duodiff::test
