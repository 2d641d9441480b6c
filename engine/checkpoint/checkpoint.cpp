// SPDX-License-Identifier: MIT
#include "checkpoint/checkpoint.h"

#include "base/error.h"
#include "checkpoint/file_kind.h"
#include "checkpoint/mapped_file.h"
#include "checkpoint/pytorch_file.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_record.h"
#include "checkpoint/zip_directory.h"

#include <algorithm>
#include <optional>
#include <string_view>
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

/// Tensors may share storage, but views that add up to many times the file are a trap for whoever copies
/// or scans them.
void require_sane_total(const MappedFile& file, const std::vector<TensorRecord>& records)
{
    constexpr std::uint64_t always_allowed = std::uint64_t{16} << 20;
    const std::uint64_t limit = always_allowed + 4 * file.bytes().size();
    std::uint64_t total = 0;
    for (const TensorRecord& record : records) {
        const std::optional<std::uint64_t> bytes =
            checked_extent(record.shape, {}, c10::elementSize(record.dtype));
        if (!bytes || *bytes > limit - total) {
            throw EngineError(ErrorCode::bad_file,
                              "the tensors claim far more elements than the file holds, the first at " +
                                  in_quotes(record.name),
                              file.path().string());
        }
        total += *bytes;
    }
}

/// DataParallel puts "module." before every name.
void strip_common_prefix(std::vector<TensorRecord>& records)
{
    constexpr std::string_view prefix = "module.";
    const auto has_prefix = [&](const TensorRecord& record) { return record.name.starts_with(prefix); };
    if (std::all_of(records.begin(), records.end(), has_prefix)) {
        for (TensorRecord& record : records) {
            record.name.erase(0, prefix.size());
        }
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
        } else if (looks_like_zip(*file)) {
            PytorchContents contents = read_pytorch_file(*file);
            records = std::move(contents.tensors);
            checkpoint.args = std::move(contents.args);
            checkpoint.format = CheckpointFormat::pytorch_zip;
        } else {
            refuse_unknown_kind(*file);
        }
        require_tensors(*file, records);
        require_sane_total(*file, records);
        strip_common_prefix(records);
        for (const TensorRecord& record : records) {
            require_finite(*file, record);
        }
        checkpoint.tensors = tensors_of(file, records);
        checkpoint.sha256 = file->sha256();
        checkpoint.file = file;
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
