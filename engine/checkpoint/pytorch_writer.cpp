// SPDX-License-Identifier: MIT
#include "checkpoint/pytorch_writer.h"

#include "base/error.h"
#include "checkpoint/partial_file.h"
#include "checkpoint/tensor_record.h"

#include <zlib.h>

#include <bit>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace duodiff
{
namespace
{

static_assert(std::endian::native == std::endian::little, "the archive says that its data are little-endian");

constexpr std::size_t record_alignment = 64;
constexpr const char* folder = "archive/";

template <class Number>
void append(std::string& bytes, Number value)
{
    char raw[sizeof(Number)];
    std::memcpy(raw, &value, sizeof(Number));
    bytes.append(raw, sizeof(Number));
}

std::string_view storage_class(at::ScalarType type)
{
    switch (type) {
        case at::kFloat:
            return "FloatStorage";
        case at::kDouble:
            return "DoubleStorage";
        case at::kHalf:
            return "HalfStorage";
        case at::kBFloat16:
            return "BFloat16Storage";
        case at::kLong:
            return "LongStorage";
        case at::kInt:
            return "IntStorage";
        default:
            return {};
    }
}

/// The instructions that state dicts need, of pickle protocol 2. Nothing is memoised: every value is
/// written out where it stands.
class PickleWriter
{
public:
    PickleWriter() : bytes_("\x80\x02") {}

    void code(char instruction) { bytes_ += instruction; }
    void global(std::string_view module, std::string_view name)
    {
        bytes_ += 'c';
        bytes_.append(module).append("\n").append(name).append("\n");
    }
    void text(std::string_view value)
    {
        bytes_ += 'X';
        append(bytes_, static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
    }
    void integer(std::int64_t value)
    {
        if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
            bytes_ += 'K';
            append(bytes_, static_cast<std::uint8_t>(value));
        } else if (value >= 0 && value <= std::numeric_limits<std::int32_t>::max()) {
            bytes_ += 'J';
            append(bytes_, static_cast<std::int32_t>(value));
        } else {
            bytes_ += "\x8a\x08";
            append(bytes_, value);
        }
    }
    void integers(at::IntArrayRef values)
    {
        bytes_ += '(';
        for (const std::int64_t value : values) {
            integer(value);
        }
        bytes_ += 't';
    }
    void empty_ordered_dict()
    {
        global("collections", "OrderedDict");
        bytes_ += ")R";
    }
    /// torch._utils._rebuild_tensor_v2((storage by its key), 0, sizes, strides, False, OrderedDict())
    void tensor(std::string_view key, const at::Tensor& tensor)
    {
        global("torch._utils", "_rebuild_tensor_v2");
        bytes_ += "((";
        text("storage");
        global("torch", storage_class(tensor.scalar_type()));
        text(key);
        text("cpu");
        integer(tensor.numel());
        bytes_ += "tQ";
        integer(0);
        integers(tensor.sizes());
        integers(tensor.strides());
        bytes_ += '\x89';
        empty_ordered_dict();
        bytes_ += "tR";
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// A zip archive of records that are not compressed, in the order they come.
class StoredZip
{
public:
    explicit StoredZip(PartialFile& file, std::string where) : file_(file), where_(std::move(where)) {}

    void add(const std::string& name, std::span<const std::byte> contents)
    {
        if (contents.size() > most - offset_ || count_ == std::numeric_limits<std::uint16_t>::max()) {
            throw EngineError(ErrorCode::failed, "the tensors are more than an archive of 4 GB holds", where_,
                              "Export it as safetensors.");
        }
        const auto* bytes = reinterpret_cast<const Bytef*>(contents.data());
        const auto crc = static_cast<std::uint32_t>(::crc32_z(0, bytes, contents.size()));
        const auto size = static_cast<std::uint32_t>(contents.size());
        const auto start = static_cast<std::uint32_t>(offset_);

        std::string fields;                     // what the local header and the directory have in common
        append(fields, std::uint16_t{0x0800});  // names are UTF-8
        append(fields, std::uint16_t{0});       // stored
        append(fields, std::uint16_t{0});       // time
        append(fields, std::uint16_t{0x21});    // date: 1 January 1980, so that equal weights are equal files
        append(fields, crc);
        append(fields, size);
        append(fields, size);
        append(fields, static_cast<std::uint16_t>(name.size()));

        std::string header = "PK\x03\x04";
        append(header, std::uint16_t{20});
        header += fields;
        // An extra field of its own, "FB", whose length is what the alignment needs.
        constexpr std::size_t extra_header = 4;
        const std::size_t before = offset_ + header.size() + 2 + name.size() + extra_header;
        const std::size_t padding = (record_alignment - before % record_alignment) % record_alignment;
        append(header, static_cast<std::uint16_t>(extra_header + padding));
        header += name + "FB";
        append(header, static_cast<std::uint16_t>(padding));
        header.append(padding, 'Z');
        write(std::as_bytes(std::span(header)));
        write(contents);

        directory_ += "PK\x01\x02";
        append(directory_, std::uint16_t{20});
        append(directory_, std::uint16_t{20});
        directory_ += fields;
        append(directory_, std::uint16_t{0});  // extra
        append(directory_, std::uint16_t{0});  // comment
        append(directory_, std::uint16_t{0});  // disk
        append(directory_, std::uint16_t{0});  // internal attributes
        append(directory_, std::uint32_t{0});  // external attributes
        append(directory_, start);
        directory_ += name;
        ++count_;
    }

    void finish()
    {
        std::string end = "PK\x05\x06";
        append(end, std::uint16_t{0});
        append(end, std::uint16_t{0});
        append(end, count_);
        append(end, count_);
        append(end, static_cast<std::uint32_t>(directory_.size()));
        append(end, static_cast<std::uint32_t>(offset_));
        append(end, std::uint16_t{0});
        write(std::as_bytes(std::span(directory_)));
        write(std::as_bytes(std::span(end)));
    }

private:
    /// Room for headers and the directory below the 4 GB that the fields can say.
    static constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max() - (std::size_t{64} << 20);

    void write(std::span<const std::byte> bytes)
    {
        file_.write(bytes);
        offset_ += bytes.size();
    }

    PartialFile& file_;
    std::string where_;
    std::string directory_;
    std::size_t offset_ = 0;
    std::uint16_t count_ = 0;
};

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

}  // namespace

void write_pytorch(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors)
{
    PickleWriter pickle;
    std::vector<at::Tensor> records;
    pickle.code('}');
    pickle.text("model_state_dict");
    pickle.empty_ordered_dict();
    pickle.code('(');
    for (const auto& [name, tensor] : tensors) {
        if (storage_class(tensor.scalar_type()).empty()) {
            throw EngineError(ErrorCode::failed,
                              "the tensor " + in_quotes(name) + " of type " +
                                  std::string(dtype_text(tensor.scalar_type())) + " cannot be written",
                              path.string());
        }
        records.push_back(tensor.detach().cpu().contiguous());
        pickle.text(name);
        pickle.tensor(std::to_string(records.size() - 1), records.back());
    }
    pickle.code('u');
    pickle.code('s');
    pickle.code('.');

    PartialFile file(path);
    StoredZip zip(file, path.string());
    const std::string prefix = folder;
    zip.add(prefix + "data.pkl", bytes_of(pickle.bytes()));
    zip.add(prefix + ".format_version", bytes_of("1"));
    zip.add(prefix + ".storage_alignment", bytes_of(std::to_string(record_alignment)));
    zip.add(prefix + "byteorder", bytes_of("little"));
    for (std::size_t i = 0; i < records.size(); ++i) {
        zip.add(prefix + "data/" + std::to_string(i),
                {static_cast<const std::byte*>(records[i].const_data_ptr()), records[i].nbytes()});
    }
    zip.add(prefix + "version", bytes_of("3\n"));
    zip.finish();
    file.commit();
}

}  // namespace duodiff
