// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

/// Weights for other programs. No LibTorch.
namespace duodiff
{

struct ExportRequest {
    enum class Format {
        reference,    ///< a .pth file with `model_state_dict`, as the DuoDiff authors' program loads it
        safetensors,  ///< a file that `--model` and `duodiff import` take
    };
    Format format = Format::reference;
    std::filesystem::path model;   ///< a pack, a checkpoint, or a checkpoint of a training run
    std::filesystem::path config;  ///< YAML, for a checkpoint that does not tell its configuration
    std::string part;     ///< "full", "shallow", "early_exit"; empty: the only one, else full. A full
                          ///< network is also what lies under exits
    bool average = true;  ///< of a training run: the averaged weights, else those of the last step
    bool bf16 = false;    ///< write 16 bits a number (bfloat16), half the size, and not fp32
    std::filesystem::path output;
    bool overwrite = false;
};

struct ExportResult {
    std::string kind;  ///< "uvit", "early_exit", "adadiff_original"
    std::int64_t tensors = 0;
    std::int64_t parameters = 0;
    std::filesystem::path output;
    std::filesystem::path config;  ///< the YAML file written beside it, which tells the network's shape
};

/// Blocks until done; throws EngineError and nothing else. Nothing is left behind where it fails.
ExportResult export_model(const ExportRequest& request);

}  // namespace duodiff
