// SPDX-License-Identifier: MIT
#include "checkpoint/checkpoint.h"

#include "base/error.h"
#include "checkpoint/file_kind.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_record.h"

#include <utility>

namespace duodiff
{
namespace
{

std::map<std::string, at::Tensor> tensors_of(const std::shared_ptr<const MappedFile>& file,
                                             const std::vector<TensorRecord>& records)
{
    std::map<std::string, at::Tensor> tensors;
    for (const TensorRecord& record : records) {
        tensors.emplace(record.name, tensor_of(file, record));
    }
    return tensors;
}

void require_tensors(const MappedFile& file, const std::vector<TensorRecord>& records)
{
    if (records.empty()) {
        throw EngineError(ErrorCode::bad_file, "the file holds no tensors", file.path().string());
    }
}

/// Runs `read`; whatever it throws leaves as an EngineError that names the file.
template <class Read>
auto with_clear_errors(const std::filesystem::path& path, Read read)
{
    try {
        return read();
    } catch (const EngineError&) {
        throw;
    } catch (...) {
        Failure failure = current_failure(path.string());
        if (failure.code == ErrorCode::failed) {
            failure.code = ErrorCode::bad_file;
        }
        throw EngineError(std::move(failure));
    }
}

}  // namespace

Checkpoint read_checkpoint(const std::filesystem::path& path)
{
    return with_clear_errors(path, [&] {
        const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
        Checkpoint checkpoint;
        checkpoint.path = path;
        std::vector<TensorRecord> records;
        if (looks_like_safetensors(*file)) {
            SafetensorsDirectory directory = read_safetensors_directory(*file);
            records = std::move(directory.tensors);
            checkpoint.metadata = std::move(directory.metadata);
        } else {
            refuse_unknown_kind(*file);
        }
        require_tensors(*file, records);
        for (const TensorRecord& record : records) {
            require_finite(*file, record);
        }
        checkpoint.tensors = tensors_of(file, records);
        checkpoint.sha256 = file->sha256();
        return checkpoint;
    });
}

std::map<std::string, at::Tensor> read_tensors(const std::filesystem::path& path)
{
    return with_clear_errors(path, [&] {
        const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
        if (!looks_like_safetensors(*file)) {
            throw EngineError(ErrorCode::bad_file, "this is not a safetensors file", path.string());
        }
        const SafetensorsDirectory directory = read_safetensors_directory(*file);
        require_tensors(*file, directory.tensors);
        return tensors_of(file, directory.tensors);
    });
}

}  // namespace duodiff
