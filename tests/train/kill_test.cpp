// SPDX-License-Identifier: GPL-3.0-or-later
#include "training_data.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <random>
#include <stdexcept>
#include <string>

namespace fs = std::filesystem;

namespace
{

/// The real program, training.
class Training
{
public:
    Training(const fs::path& config, const fs::path& out)
    {
        sigemptyset(&child_ends_);
        sigaddset(&child_ends_, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child_ends_, nullptr);
        const std::string folder = "output.folder=" + out.string();
        process_ = fork();
        if (process_ == 0) {
            const int nowhere = open("/dev/null", O_WRONLY);
            dup2(nowhere, STDOUT_FILENO);
            dup2(nowhere, STDERR_FILENO);
            execl(DUODIFF_PROGRAM, DUODIFF_PROGRAM, "train", config.c_str(), "--resume", "--set",
                  folder.c_str(), static_cast<char*>(nullptr));
            _exit(127);
        }
        if (process_ < 0) {
            throw std::runtime_error("cannot start the program");
        }
    }

    /// True if it ended by itself before `time` was over.
    bool ends_within(std::chrono::milliseconds time)
    {
        const timespec wait = {time.count() / 1000, time.count() % 1000 * 1'000'000};
        if (waitpid(process_, &status_, WNOHANG) == process_) {
            return true;
        }
        sigtimedwait(&child_ends_, nullptr, &wait);
        return waitpid(process_, &status_, WNOHANG) == process_;
    }
    void signal(int number) { kill(process_, number); }
    /// Exit status, or 128 + the signal that ended it.
    int wait()
    {
        if (waitpid(process_, &status_, 0) < 0) {
            return -1;
        }
        return status();
    }
    int status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_); }

private:
    pid_t process_ = -1;
    int status_ = 0;
    sigset_t child_ends_{};
};

std::size_t checkpoints_in(const fs::path& folder)
{
    std::error_code none;
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder / "checkpoints", none)) {
        count += entry.path().filename().string().starts_with("step-") ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("killed at random moments and resumed, a run ends with the bytes of one that was not")
{
    const duodiff::test::TemporaryFolder folder;
    const fs::path config = duodiff::test::write_small_config(folder.path(), "  accumulate: 2\n");
    std::string text = duodiff::test::file_content(config);
    text.replace(text.find("steps: 12"), 9, "steps: 150");
    FILE* file = fopen(config.c_str(), "w");
    REQUIRE(file != nullptr);
    fputs(text.c_str(), file);
    fclose(file);

    const auto start = std::chrono::steady_clock::now();
    CHECK(Training(config, folder / "a").wait() == 0);
    const auto whole_run =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    const std::string expected = duodiff::test::file_content(folder / "a" / "full.safetensors");
    REQUIRE_FALSE(expected.empty());

    const auto seed = std::random_device{}();
    INFO("seed ", seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::int64_t> moment(whole_run.count() / 5, whole_run.count());
    int kills = 0;
    bool finished = false;
    for (int sitting = 0; sitting < 5 && !finished; ++sitting) {
        Training training(config, folder / "b");
        finished = training.ends_within(std::chrono::milliseconds(moment(random)));
        if (!finished) {
            training.signal(SIGKILL);
            CHECK(training.wait() == 128 + SIGKILL);
            ++kills;
        } else {
            CHECK(training.status() == 0);
        }
    }
    CHECK(kills >= 1);
    if (!finished) {
        CHECK(Training(config, folder / "b").wait() == 0);
    }
    CHECK((duodiff::test::file_content(folder / "b" / "full.safetensors") == expected));
}

TEST_CASE("an interrupt and a request to end save the run, and the exit status says so")
{
    for (const int number : {SIGINT, SIGTERM}) {
        INFO("signal ", number);
        const duodiff::test::TemporaryFolder folder;
        const fs::path config = duodiff::test::write_small_config(folder.path());
        std::string text = duodiff::test::file_content(config);
        text.replace(text.find("steps: 12"), 9, "steps: 1000000");
        FILE* file = fopen(config.c_str(), "w");
        REQUIRE(file != nullptr);
        fputs(text.c_str(), file);
        fclose(file);
        Training training(config, folder / "run");
        while (checkpoints_in(folder / "run") == 0 && !training.ends_within(std::chrono::milliseconds(20))) {
        }
        training.signal(number);
        CHECK(training.wait() == 130);
        CHECK(checkpoints_in(folder / "run") >= 1);
        CHECK(fs::exists(folder / "run" / "full.safetensors"));
    }
}
