// SPDX-License-Identifier: GPL-3.0-or-later
#include "training_data.h"

#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

namespace duodiff::test
{
namespace
{

constexpr int images = 40;
constexpr int side = 8;

void put_number(std::string& bytes, std::uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes += static_cast<char>((value >> shift) & 0xFFU);
    }
}

void write(const std::filesystem::path& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

void write_small_images(const std::filesystem::path& folder)
{
    std::filesystem::create_directories(folder);
    std::string pixels;
    put_number(pixels, 0x00000803);
    put_number(pixels, images);
    put_number(pixels, side);
    put_number(pixels, side);
    std::string labels;
    put_number(labels, 0x00000801);
    put_number(labels, images);
    for (int i = 0; i < images; ++i) {
        const int label = i % 2;
        labels += static_cast<char>(label);
        for (int p = 0; p < side * side; ++p) {
            const bool inside = p % side > 1 && p % side < 6 && p / side > 1 && p / side < 6;
            const int bright = inside == (label == 1) ? 200 + i : 10 + i;
            pixels += static_cast<char>(static_cast<unsigned char>(bright));
        }
    }
    write(folder / "train-images-idx3-ubyte", pixels);
    write(folder / "train-labels-idx1-ubyte", labels);
}

std::filesystem::path write_small_config(const std::filesystem::path& folder, const std::string& more)
{
    write_small_images(folder / "images");
    const std::filesystem::path file = folder / "small.yaml";
    std::ofstream(file) << "kind: full\nseed: 11\n"
                           "model_params:\n  img_size: 8\n  patch_size: 2\n  in_chans: 1\n  embed_dim: 16\n"
                           "  depth: 3\n  num_heads: 2\n  num_classes: 2\n"
                           "data:\n  path: "
                        << (folder / "images").string()
                        << "\n  flip: true\n"
                           "optimizer:\n  learning_rate: 1e-3\n  warmup_steps: 3\n"
                           "output:\n  folder: "
                        << (folder / "run").string()
                        << "\n  log_every: 4\n  checkpoint_every: 5\n  sample_every: 0\n  sample_steps: 3\n"
                           "  sample_count: 4\n"
                           "training:\n  steps: 12\n  batch_size: 4\n  label_dropout: 0.2\n"
                           "  precision: fp32\n"
                        << more;
    return file;
}

std::string file_content(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace duodiff::test
