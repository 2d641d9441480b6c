// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

namespace
{

struct Ended {
    int status = -1;
    std::string out;
};

/// Runs the real program; `words` go through the shell, and so does what is to stand before them.
Ended run_program(const std::string& words, const std::string& before = {})
{
    const std::string command = before + std::string(DUODIFF_PROGRAM) + " " + words;
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

std::map<std::string, std::string> files_of(const std::filesystem::path& folder)
{
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            std::ifstream file(entry.path(), std::ios::binary);
            files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
        }
    }
    return files;
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

TEST_CASE("an evaluation that is killed at random moments goes on to the same files")
{
    const duodiff::test::TemporaryFolder folder;
    const std::filesystem::path model =
        duodiff::test::data_dir() / "golden" / "early_exit_class_conditional.pth";
    const auto words = [&](const char* out) {
        return "eval trend --model " + model.string() +
               " --count 30 --batch 2 --steps 20 --threshold 0.45,0.55 --device cpu --precision fp32 --out " +
               (folder / out).string() + " >/dev/null 2>&1";
    };
    REQUIRE(run_program(words("whole")).status == 0);
    std::mt19937 random(5);
    for (int kill = 0; kill < 8; ++kill) {
        const std::string seconds = std::to_string(0.1 + 0.05 * static_cast<double>(random() % 14));
        (void)run_program(words("killed"), "timeout -s KILL " + seconds + " ");
    }
    REQUIRE(run_program(words("killed")).status == 0);
    // A file that was being written at a kill may be left beside them.
    std::map<std::string, std::string> killed = files_of(folder / "killed");
    for (const auto& [name, bytes] : files_of(folder / "whole")) {
        CHECK_MESSAGE(killed[name] == bytes, name);
    }
}
