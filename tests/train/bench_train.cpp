// SPDX-License-Identifier: GPL-3.0-or-later
// Times a training step against PyTorch's eager one (packaging/training/torch_step.py), in turn. Not a test:
// what it prints depends on the machine.
//
//     OMP_WAIT_POLICY=PASSIVE bench_train PYTHON [rounds]
#include "train/objective.h"
#include "train/optimizer.h"
#include "train_support.h"

#include "support/test_paths.h"

#include <ATen/Parallel.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

using namespace duodiff;

namespace
{

struct Shape {
    const char* name;
    UVitConfig model;
    std::int64_t batch;
};

UVitConfig model_of(std::int64_t img, std::int64_t patch, std::int64_t channels, std::int64_t dim,
                    std::int64_t depth, std::int64_t heads, std::int64_t classes)
{
    UVitConfig config;
    config.img_size = img;
    config.patch_size = patch;
    config.in_chans = channels;
    config.embed_dim = dim;
    config.depth = depth;
    config.num_heads = heads;
    config.num_classes = classes;
    return config;
}

/// A process that does a step whenever it is told to.
class Twin
{
public:
    Twin(const std::string& python, const Shape& shape, const char* attention)
    {
        int to[2];
        int from[2];
        if (pipe(to) != 0 || pipe(from) != 0) {
            throw std::runtime_error("no pipes");
        }
        const UVitConfig& m = shape.model;
        std::string script = (test::source_dir() / "packaging" / "training" / "torch_step.py").string();
        std::vector<std::string> words = {python, script};
        for (const std::int64_t number : {m.img_size, m.patch_size, m.in_chans, m.embed_dim, m.depth,
                                          m.num_heads, m.num_classes, shape.batch}) {
            words.push_back(std::to_string(number));
        }
        words.emplace_back(attention);
        words.push_back(std::to_string(at::get_num_threads()));
        process_ = fork();
        if (process_ == 0) {
            dup2(to[0], STDIN_FILENO);
            dup2(from[1], STDOUT_FILENO);
            for (const int end : {to[0], to[1], from[0], from[1]}) {
                close(end);
            }
            std::vector<char*> arguments;
            for (std::string& word : words) {
                arguments.push_back(word.data());
            }
            arguments.push_back(nullptr);
            execvp(arguments[0], arguments.data());
            _exit(127);
        }
        close(to[0]);
        close(from[1]);
        to_ = fdopen(to[1], "w");
        from_ = fdopen(from[0], "r");
        if (answer() != "ready\n") {
            throw std::runtime_error("this Python has no torch");
        }
    }
    ~Twin()
    {
        fclose(to_);
        fclose(from_);
        waitpid(process_, nullptr, 0);
    }
    Twin(const Twin&) = delete;
    Twin& operator=(const Twin&) = delete;

    double step()
    {
        fputs("step\n", to_);
        fflush(to_);
        return std::stod(answer());
    }

private:
    std::string answer()
    {
        char line[64] = {};
        return fgets(line, sizeof line, from_) ? line : "";
    }
    pid_t process_ = -1;
    FILE* to_ = nullptr;
    FILE* from_ = nullptr;
};

class Ours
{
public:
    explicit Ours(const Shape& shape)
        : config_(config_of(shape)),
          objective_(config_, c10::Device(c10::kCPU)),
          parameters_(parameter_shapes(model_config_of(config_)), c10::Device(c10::kCPU)),
          images_(test::random_images(config_, shape.batch))
    {
        initialise(parameters_.leaves(), 1);
    }

    double step()
    {
        const auto start = std::chrono::steady_clock::now();
        at::Tensor gradients = parameters_.gradients();
        gradients.zero_();
        const NoisyBatch noisy = objective_.add_noise(images_.x, images_.labels, steps_, 0);
        objective_(parameters_.leaves(), noisy).total.backward();
        update(parameters_, config_, steps_++);
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    }

private:
    static TrainConfig config_of(const Shape& shape)
    {
        TrainConfig config;
        config.model = shape.model;
        config.training.precision = Precision::bf16;
        config.training.steps = 1'000'000;
        return config;
    }
    TrainConfig config_;
    Objective objective_;
    Parameters parameters_;
    test::Images images_;
    std::int64_t steps_ = 0;
};

struct Times {
    std::vector<double> ms;
    double median() const
    {
        std::vector<double> sorted = ms;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }
    double least() const { return *std::min_element(ms.begin(), ms.end()); }
};

void compare(const std::string& python, const Shape& shape, int rounds)
{
    Ours ours(shape);
    Twin parts(python, shape, "parts");
    Twin sdpa(python, shape, "sdpa");
    Times a;
    Times b;
    Times c;
    Times ratio_parts;
    Times ratio_sdpa;
    for (int round = -2; round < rounds; ++round) {
        const double mine = ours.step();
        const double theirs = parts.step();
        const double flash = sdpa.step();
        if (round >= 0) {
            a.ms.push_back(mine);
            b.ms.push_back(theirs);
            c.ms.push_back(flash);
            ratio_parts.ms.push_back(theirs / mine);
            ratio_sdpa.ms.push_back(flash / mine);
        }
    }
    std::printf("%s, batch %lld, bf16, %d threads, %d rounds after 2\n", shape.name,
                static_cast<long long>(shape.batch), at::get_num_threads(), rounds);
    std::printf("  duodiff                         median %7.1f  least %7.1f ms\n", a.median(), a.least());
    std::printf("  PyTorch, attention in parts     median %7.1f  least %7.1f ms  ratio %.2f (least %.2f)\n",
                b.median(), b.least(), ratio_parts.median(), b.least() / a.least());
    std::printf("  PyTorch, scaled_dot_product_... median %7.1f  least %7.1f ms  ratio %.2f (least %.2f)\n",
                c.median(), c.least(), ratio_sdpa.median(), c.least() / a.least());
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 2) {
        std::puts("usage: OMP_WAIT_POLICY=PASSIVE bench_train PYTHON [rounds] [fashion-mnist|cifar10]");
        return 2;
    }
    const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 15;
    const std::string only = argc > 3 ? argv[3] : "";
    const Shape shapes[] = {{"fashion-mnist", model_of(28, 4, 1, 128, 13, 4, 10), 64},
                            {"cifar10", model_of(32, 2, 3, 512, 13, 8, 0), 16}};
    try {
        for (const Shape& shape : shapes) {
            if (only.empty() || only == shape.name) {
                compare(argv[1], shape, rounds);
            }
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
    return 0;
}
