// SPDX-License-Identifier: MIT
#include "model/block_choice.h"

#include "base/device.h"
#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "model/fused_block.h"
#include "model/libtorch_block.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>

namespace duodiff
{
namespace
{

constexpr int file_version = 1;
constexpr std::uintmax_t largest_file = 1 << 20;
constexpr double clearly_faster = 0.9;

/// Weights of one block, drawn from a fixed seed.
std::map<std::string, at::Tensor> random_block(const BlockShape& shape)
{
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
    std::map<std::string, at::Tensor> tensors;
    const auto add_linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
        tensors[name + ".weight"] =
            at::randn({out, in}, generator, at::kFloat) / std::sqrt(static_cast<double>(in));
        tensors[name + ".bias"] = at::zeros({out});
    };
    for (const char* norm : {"norm1", "norm2"}) {
        tensors[std::string(norm) + ".weight"] = at::ones({shape.embed_dim});
        tensors[std::string(norm) + ".bias"] = at::zeros({shape.embed_dim});
    }
    add_linear("attn.qkv", 3 * shape.embed_dim, shape.embed_dim);
    add_linear("attn.proj", shape.embed_dim, shape.embed_dim);
    add_linear("mlp.fc1", shape.hidden_dim, shape.embed_dim);
    add_linear("mlp.fc2", shape.embed_dim, shape.hidden_dim);
    return tensors;
}

/// Processor time of the calling thread: what else runs on the machine counts little.
template <class Work>
double milliseconds(const Work& work)
{
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
    };
    const double start = now();
    work();
    return now() - start;
}

BlockChoice measure(const BlockShape& shape, c10::ScalarType type)
{
    const c10::InferenceMode inference;
    const OneThread alone;
    constexpr int rounds = 4;
    constexpr std::int64_t images = 2;
    const auto tensors = random_block(shape);
    const TensorSource source(tensors, c10::kCPU);
    const auto own = load_fused_block(shape, source, type);
    const LibtorchBlock libtorch(shape, source, type);
    const at::Tensor x = at::randn({images, shape.tokens, shape.embed_dim},
                                   at::make_generator<at::CPUGeneratorImpl>(2), at::kFloat)
                             .to(type);
    BlockChoice choice;
    // In turn, the best of some: what disturbs one of them disturbs the other.
    for (int round = -1; round < rounds; ++round) {
        const double own_ms = milliseconds([&] { own->run(x, {}); });
        const double libtorch_ms = milliseconds([&] { libtorch.run(x, {}); });
        if (round <= 0) {
            choice = {.path = BlockPath::own_kernels, .own_ms = own_ms, .libtorch_ms = libtorch_ms};
        }
        choice.own_ms = std::min(choice.own_ms, own_ms);
        choice.libtorch_ms = std::min(choice.libtorch_ms, libtorch_ms);
    }
    choice.path =
        choice.libtorch_ms < clearly_faster * choice.own_ms ? BlockPath::libtorch : BlockPath::own_kernels;
    return choice;
}

std::filesystem::path cache_file()
{
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache != '\0') {
        return std::filesystem::path(cache) / "duodiff" / "blocks.json";
    }
    const char* home = std::getenv("HOME");
    return home == nullptr || *home == '\0'
               ? std::filesystem::path()
               : std::filesystem::path(home) / ".cache" / "duodiff" / "blocks.json";
}

/// Measurements of former starts. Whatever is wrong with the file, it only costs measuring again.
nlohmann::json read_cache(const std::filesystem::path& file)
{
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (file.empty() || error || size > largest_file) {
        return nlohmann::json::object();
    }
    std::ifstream stream(file);
    auto json = nlohmann::json::parse(stream, nullptr, false);
    return json.is_object() && json.value("version", nlohmann::json()) == file_version &&
                   json.value("blocks", nlohmann::json()).is_object()
               ? json["blocks"]
               : nlohmann::json::object();
}

void write_cache(const std::filesystem::path& file, const nlohmann::json& blocks)
{
    if (file.empty()) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    const std::filesystem::path beside = file.string() + fmt::format(".{}", getpid());
    {
        std::ofstream stream(beside, std::ios::trunc);
        stream << nlohmann::json{{"version", file_version}, {"blocks", blocks}}.dump(1) << '\n';
        if (!stream) {
            std::filesystem::remove(beside, error);
            return;
        }
    }
    std::filesystem::rename(beside, file, error);
}

std::string key_of(const BlockShape& shape, c10::ScalarType type)
{
    return fmt::format("{} | {} | duodiff " DUODIFF_VERSION " | {} wide, {} heads, {} hidden, {} tokens, {}",
                       cpu_name(), to_string(type == at::kFloat ? best_float_isa() : best_bfloat16_isa()),
                       shape.embed_dim, shape.num_heads, shape.hidden_dim, shape.tokens,
                       type == at::kFloat ? "fp32" : "bf16");
}

std::optional<BlockChoice> former_choice(const nlohmann::json& blocks, const std::string& key)
{
    const auto found = blocks.find(key);
    if (found == blocks.end() || !found->is_object()) {
        return std::nullopt;
    }
    const auto number = [&](const char* name) {
        const auto value = found->find(name);
        return value != found->end() && value->is_number() ? value->get<double>() : 0.0;
    };
    const BlockChoice choice{
        .path = BlockPath::own_kernels, .own_ms = number("own_ms"), .libtorch_ms = number("libtorch_ms")};
    return choice.own_ms > 0.0 && choice.libtorch_ms > 0.0 ? std::optional(choice) : std::nullopt;
}

BlockChoice measured_choice(const BlockShape& shape, c10::ScalarType type)
{
    static std::mutex mutex;
    static std::map<std::string, BlockChoice> known;
    const std::scoped_lock lock(mutex);
    const std::string key = key_of(shape, type);
    if (const auto found = known.find(key); found != known.end()) {
        return found->second;
    }
    const std::filesystem::path file = cache_file();
    nlohmann::json blocks = read_cache(file);
    if (auto former = former_choice(blocks, key)) {
        former->path = former->libtorch_ms < clearly_faster * former->own_ms ? BlockPath::libtorch
                                                                             : BlockPath::own_kernels;
        return known[key] = *former;
    }
    const BlockChoice choice = measure(shape, type);
    blocks[key] = {{"own_ms", choice.own_ms}, {"libtorch_ms", choice.libtorch_ms}};
    write_cache(file, blocks);
    return known[key] = choice;
}

}  // namespace

BlockChoice choose_blocks(const BlockShape& shape, c10::Device device, Arithmetic arithmetic)
{
    if (arithmetic.int8) {
        require_int8(shape, device);
        return {.path = BlockPath::own_kernels};
    }
    const c10::ScalarType type = arithmetic.type;
    if (!has_fused_block(shape, device, type)) {
        return {};
    }
    const char* forced = std::getenv("DUODIFF_BLOCKS");
    if (forced != nullptr && std::string_view(forced) == "own") {
        return {.path = BlockPath::own_kernels};
    }
    if (forced != nullptr && std::string_view(forced) == "libtorch") {
        return {};
    }
    return measured_choice(shape, type);
}

std::string describe(BlockPath path, Arithmetic arithmetic)
{
    if (path == BlockPath::libtorch) {
        return "LibTorch scaled dot product";
    }
    const Isa isa = arithmetic.type == at::kFloat ? best_float_isa() : best_bfloat16_isa();
    std::string text = fmt::format("{} kernels", to_string(isa));
    return arithmetic.int8 ? fmt::format("{}, {} products", text, to_string(best_int8_isa())) : text;
}

}  // namespace duodiff
