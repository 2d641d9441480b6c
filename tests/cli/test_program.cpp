// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace
{

struct Ended {
    int status = -1;
    std::string out;
};

/// Runs the real program; `words` go through the shell.
Ended run_program(const std::string& words)
{
    const std::string command = std::string(DUODIFF_PROGRAM) + " " + words;
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) {
        throw std::runtime_error("cannot start " + command);
    }
    Ended ended;
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        ended.out.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
}

}  // namespace

TEST_CASE("the program says its version and its commands")
{
    const Ended version = run_program("--version");
    CHECK(version.status == 0);
    CHECK(version.out.find("LibTorch 2.") != std::string::npos);
    const Ended help = run_program("--help");
    CHECK(help.status == 0);
    CHECK(help.out.find("bench") != std::string::npos);
}

TEST_CASE("the program's exit status tells wrong usage from a bad file, and errors stay off stdout")
{
    CHECK(run_program("2>/dev/null").status == 2);
    CHECK(run_program("smaple 2>/dev/null").status == 2);
    const Ended missing = run_program("info /no/such/file 2>/dev/null");
    CHECK(missing.status == 3);
    CHECK(missing.out.empty());
    CHECK(run_program("info / 2>/dev/null").status == 3);
    CHECK(run_program("info /dev/null 2>/dev/null").status == 3);
}

TEST_CASE("the program's errors are one or two lines without colour codes where stderr is no terminal")
{
    const Ended ended = run_program("sample --policy adadif 2>&1 >/dev/null");
    CHECK(ended.out.starts_with("error: --policy: 'adadif'"));
    CHECK(ended.out.find("'adadiff'") != std::string::npos);
    CHECK(ended.out.find('\x1b') == std::string::npos);
}

TEST_CASE("a full standard output is a failure, not silence")
{
    CHECK(run_program("--help >/dev/full 2>/dev/null").status == 1);
}
