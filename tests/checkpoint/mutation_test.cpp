// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/file_builders.h"
#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <cstdlib>
#include <random>
#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

/// DUODIFF_FUZZ_COUNT asks for a longer run.
int mutation_count()
{
    const char* wanted = std::getenv("DUODIFF_FUZZ_COUNT");
    return wanted ? std::atoi(wanted) : 4000;
}

class Mutator
{
public:
    explicit Mutator(std::uint32_t seed) : random_(seed) {}

    std::string mutate(std::string bytes)
    {
        const std::size_t changes = 1 + below(4);
        for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
            change(bytes);
        }
        return bytes;
    }

private:
    std::size_t below(std::size_t limit) { return random_() % limit; }

    void change(std::string& bytes)
    {
        const std::size_t at = below(bytes.size());
        const std::size_t length = std::min(bytes.size() - at, 1 + below(16));
        switch (below(7)) {
            case 0:
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
                break;
            case 1:
                bytes[at] = static_cast<char>(below(256));
                break;
            case 2:
                bytes[at] = "\x00\xff\x7f\x80"[below(4)];
                break;
            case 3:
                bytes.resize(at);
                break;
            case 4:
                bytes.erase(at, length);
                break;
            case 5:
                bytes.insert(below(bytes.size()), bytes.substr(at, length));
                break;
            default:
                bytes.replace(at, length, std::string(length, static_cast<char>(below(256))));
                break;
        }
    }

    std::mt19937 random_;
};

/// Opens it, touches every element, and counts how it went.
void open_mutant(const std::filesystem::path& path, int& opened, int& refused)
{
    try {
        const Checkpoint checkpoint = read_checkpoint(path);
        for (const auto& [name, tensor] : checkpoint.tensors) {
            const bool finite = !tensor.is_floating_point() || tensor.isfinite().all().item<bool>();
            CHECK(finite);
        }
        ++opened;
        resolve_config(checkpoint);
    } catch (const EngineError& error) {
        CAPTURE(error.what());
        CHECK(error.code() == ErrorCode::bad_file);
        CHECK(std::string(error.what()).size() < 700);
        ++refused;
    }
}

void open_mutants(const std::string& original, std::uint32_t seed)
{
    const TemporaryFolder folder;
    Mutator mutator(seed);
    int opened = 0;
    int refused = 0;
    for (int i = 0; i < mutation_count(); ++i) {
        write_file(folder / "mutant", mutator.mutate(original));
        open_mutant(folder / "mutant", opened, refused);
    }
    CHECK(opened > 0);
    CHECK(refused > 0);
}

}  // namespace

TEST_CASE("a mutated PyTorch file opens or is refused, and nothing else")
{
    open_mutants(read_file(data_dir() / "checkpoint" / "protocol_2.pth"), 1);
    open_mutants(read_file(data_dir() / "checkpoint" / "protocol_4.pth"), 2);
}

TEST_CASE("a mutated pickle in a sound archive opens or is refused, and nothing else")
{
    const TemporaryFolder folder;
    const std::string pickle = PickleBuilder()
                                   .raw("}")
                                   .text("a")
                                   .tensor("0", 6, 0, {2, 3}, {3, 1})
                                   .raw("s")
                                   .text("b")
                                   .tensor("0", 6, 1, {2}, {2})
                                   .raw("s")
                                   .stop();
    Mutator mutator(3);
    int opened = 0;
    int refused = 0;
    for (int i = 0; i < mutation_count(); ++i) {
        write_file(folder / "mutant",
                   pytorch_file(mutator.mutate(pickle), {float_bytes({1, 2, 3, 4, 5, 6})}));
        open_mutant(folder / "mutant", opened, refused);
    }
    CHECK(opened > 0);
    CHECK(refused > opened);
}

TEST_CASE("a mutated safetensors file opens or is refused, and nothing else")
{
    const TemporaryFolder folder;
    write_safetensors(folder / "a",
                      {{"pos_embed", at::zeros({1, 5, 4})},
                       {"numbers", at::arange(7)},
                       {"mid_block.mlp.fc1.weight", at::zeros({8, 4}, at::kHalf)},
                       {"patch_embed.proj.weight", at::zeros({4, 1, 2, 2}, at::kBFloat16)}},
                      {{"key", "value"}});
    open_mutants(read_file(folder / "a"), 4);
}
