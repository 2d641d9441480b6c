// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/noise.h"
#include "report/png_file.h"
#include "session/engine.h"

#include "session/small_models.h"
#include "support/test_paths.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

/// Evaluations of the small golden models.
namespace duodiff::test
{

inline std::string text_of(const std::filesystem::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// The files of a folder, but for its sub-folders, by name.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& folder)
{
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files[entry.path().filename().string()] = text_of(entry.path());
        }
    }
    return files;
}

inline ModelSource source_of(const char* model)
{
    return {.model = golden(model), .late_model = {}, .config = {}, .late_config = {}};
}

/// Two batches and a part of one, few steps, fp32 on the CPU.
inline SamplingSettings few_images(int count = 10)
{
    SamplingSettings s = settings(PolicyKind::full);
    s.steps = 8;
    s.count = count;
    s.batch = 4;
    s.seed = 70;
    return s;
}

/// Colour images of noise, 16 x 16, a folder a class.
inline void write_images(const std::filesystem::path& folder, int classes, int each)
{
    constexpr int side = 16;
    for (int label = 0; label < classes; ++label) {
        const std::filesystem::path of_class = folder / std::to_string(label);
        std::filesystem::create_directories(of_class);
        for (int i = 0; i < each; ++i) {
            Image8 image{side, side, 3, {}};
            std::vector<float> noise(static_cast<std::size_t>(side) * side * 3);
            fill_normal(noise, 900 + static_cast<std::uint64_t>(label), NoiseStream::probe, 1,
                        static_cast<std::uint32_t>(i));
            for (const float value : noise) {
                image.pixels.push_back(
                    static_cast<std::uint8_t>(std::clamp(128.0F + 50.0F * value, 0.0F, 255.0F)));
            }
            write_png(of_class / (std::to_string(i) + ".png"), image);
        }
    }
}

/// Progress that requests a stop at its `at`-th call (0: at once), of those that tell of `only`, if given.
struct StopAt {
    explicit StopAt(int at, std::string only_what = {}) : left(at), only(std::move(only_what))
    {
        if (at == 0) {
            stop.request_stop();
        }
    }
    Progress callback()
    {
        return [this](const std::string& what, double) {
            if ((only.empty() || only == what) && --left == 0) {
                stop.request_stop();
            }
        };
    }

    int left;
    std::string only;
    std::stop_source stop;
};

}  // namespace duodiff::test
