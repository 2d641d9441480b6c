// SPDX-License-Identifier: MIT
#include "train/output_folder.h"

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "report/atomic_file.h"
#include "train/looking_on.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace duodiff
{
namespace
{

namespace fs = std::filesystem;

void make_folder(const fs::path& folder)
{
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        throw EngineError(ErrorCode::failed, "the folder cannot be made: " + error.message(), folder.string(),
                          "Choose another output.folder.");
    }
}

}  // namespace

OutputFolder::OutputFolder(fs::path path) : path_(std::move(path))
{
    make_folder(checkpoints());
    make_folder(path_ / "samples");
    const fs::path lock = path_ / ".lock";
    lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) {
        throw EngineError(ErrorCode::failed,
                          "cannot be written to: " + std::generic_category().message(errno), path_.string(),
                          "Choose another output.folder.");
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock_);
        throw EngineError(ErrorCode::failed, "another run is training into this folder", path_.string(),
                          "Wait for it, or choose another output.folder.");
    }
    remove_leftovers();
}

OutputFolder::~OutputFolder()
{
    ::close(lock_);
}

/// Of runs that were killed while they wrote a file.
void OutputFolder::remove_leftovers() const
{
    for (const fs::path& folder : {path_, checkpoints(), path_ / "samples"}) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(".duodiff-") && name.ends_with(".partial")) {
                std::error_code ignored;
                fs::remove(entry.path(), ignored);
            }
        }
    }
}

fs::path OutputFolder::sample(std::int64_t step) const
{
    return path_ / "samples" / fmt::format("{}{:08}.png", step_prefix, step);
}

fs::path OutputFolder::weights(TrainKind kind) const
{
    return weights_path(path_, kind);
}

fs::path weights_path(const fs::path& folder, TrainKind kind)
{
    return folder / fmt::format("{}.safetensors", to_string(kind));
}

void write_weights(const fs::path& path, const Tensors& tensors, const ModelConfig& config,
                   const std::map<std::string, std::string>& metadata)
{
    fs::path yaml = path;
    yaml.replace_extension(".yaml");
    write_file_atomically(yaml, model_yaml(config));
    write_safetensors(path, tensors, metadata);
}

}  // namespace duodiff
