// SPDX-License-Identifier: MIT
#include "checkpoint/safetensors.h"

#include "base/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace duodiff
{
namespace
{

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header = 100'000'000;  // as the format's own library has it
constexpr std::size_t max_token = std::size_t{1} << 20;
constexpr std::size_t max_name = 1024;
constexpr std::size_t metadata_node = 128;  // bytes that an entry of the metadata takes besides its text
constexpr std::size_t max_tensors = 1'000'000;
// What the tables made from a header may take at least; a larger file may take half its size.
constexpr std::size_t least_table_bytes = std::size_t{4} << 20;

struct DtypeName {
    std::string_view name;
    at::ScalarType dtype;
};

constexpr std::array dtype_names = {
    DtypeName{"F64", at::kDouble},
    DtypeName{"F32", at::kFloat},
    DtypeName{"F16", at::kHalf},
    DtypeName{"BF16", at::kBFloat16},
    DtypeName{"I64", at::kLong},
    DtypeName{"I32", at::kInt},
    DtypeName{"I16", at::kShort},
    DtypeName{"I8", at::kChar},
    DtypeName{"U8", at::kByte},
    DtypeName{"BOOL", at::kBool},
    DtypeName{"U16", at::ScalarType::UInt16},
    DtypeName{"U32", at::ScalarType::UInt32},
    DtypeName{"U64", at::ScalarType::UInt64},
};

std::uint64_t header_length(const MappedFile& file)
{
    std::uint64_t length = 0;
    for (std::size_t i = length_bytes; i-- > 0;) {
        length = length << 8U | std::to_integer<std::uint64_t>(file.bytes()[i]);
    }
    return length;
}

/// Takes the header's JSON as it is parsed, so that a repeated key is seen and no tree is built.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json>
{
public:
    HeaderReader(const MappedFile& file, std::size_t header, std::size_t tensors)
        : file_(file),
          data_start_(length_bytes + header),
          data_size_(file.bytes().size() - data_start_),
          table_bytes_(std::max(least_table_bytes, file.bytes().size() / 2))
    {
        directory_.tensors.reserve(std::min(tensors, table_bytes_ / sizeof(TensorRecord)));
    }

    SafetensorsDirectory take() { return std::move(directory_); }

    [[noreturn]] void refuse(const std::string& what) const
    {
        throw EngineError(ErrorCode::bad_file, "bad safetensors header: " + what, file_.path().string());
    }

    bool null() override { unexpected("null"); }
    bool boolean(bool) override { unexpected("true or false"); }
    bool binary(binary_t&) override { unexpected("binary data"); }
    bool number_float(number_float_t, const string_t& text) override
    {
        if (place_ == Place::shape || place_ == Place::offsets) {
            refuse("the number " + in_quotes(text) + " of the tensor " + in_quotes(name_) +
                   " is not a whole number in range");
        }
        unexpected("a number");
    }
    bool number_integer(number_integer_t value) override
    {
        if (place_ == Place::shape || place_ == Place::offsets) {
            refuse("the tensor " + in_quotes(name_) + " has the negative number " + std::to_string(value));
        }
        unexpected("a number");
    }
    bool number_unsigned(number_unsigned_t value) override
    {
        if (place_ == Place::shape) {
            if (record_.shape.size() == max_rank ||
                value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
                refuse("the shape of the tensor " + in_quotes(name_) + " is absurd");
            }
            record_.shape.push_back(static_cast<std::int64_t>(value));
        } else if (place_ == Place::offsets) {
            if (offset_count_ == offsets_.size()) {
                refuse("the tensor " + in_quotes(name_) + " has more than two data_offsets");
            }
            offsets_[offset_count_++] = value;
        } else {
            unexpected("a number");
        }
        return true;
    }
    bool string(string_t& value) override
    {
        if (place_ == Place::metadata) {
            charge(metadata_node + key_.size() + value.size());
            directory_.metadata[key_] = std::move(value);
        } else if (place_ == Place::tensor && key_ == "dtype") {
            set_dtype(value);
        } else {
            unexpected("text");
        }
        return true;
    }
    bool start_object(std::size_t) override
    {
        if (place_ == Place::before) {
            place_ = Place::top;
        } else if (place_ == Place::top && key_ == "__metadata__") {
            place_ = Place::metadata;
            has_metadata_ = true;
        } else if (place_ == Place::top) {
            start_tensor();
        } else {
            unexpected("an object");
        }
        return true;
    }
    bool end_object() override
    {
        if (place_ == Place::tensor) {
            finish_tensor();
        }
        place_ = place_ == Place::top ? Place::after : Place::top;
        return true;
    }
    bool start_array(std::size_t) override
    {
        if (place_ == Place::tensor && key_ == "shape") {
            place_ = Place::shape;
        } else if (place_ == Place::tensor && key_ == "data_offsets") {
            place_ = Place::offsets;
        } else {
            unexpected("a list");
        }
        return true;
    }
    bool end_array() override
    {
        place_ = Place::tensor;
        return true;
    }
    bool key(string_t& value) override
    {
        if (value.size() > max_name) {
            refuse("the name " + in_quotes(value) + " is too long");
        }
        const bool repeated = place_ == Place::metadata ? directory_.metadata.contains(value)
                              : place_ == Place::tensor ? !tensor_keys_.insert(value).second
                                                        : value == "__metadata__" && has_metadata_;
        if (repeated) {
            refuse("the key " + in_quotes(value) + " is there twice");
        }
        key_ = std::move(value);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override
    {
        refuse("it is not valid JSON in UTF-8 near byte " + std::to_string(position));
    }

    void check_names()
    {
        std::vector<std::string_view> names;
        names.reserve(directory_.tensors.size());
        for (const TensorRecord& record : directory_.tensors) {
            names.push_back(record.name);
        }
        std::sort(names.begin(), names.end());
        const auto repeated = std::adjacent_find(names.begin(), names.end());
        if (repeated != names.end()) {
            refuse("the tensor " + in_quotes(*repeated) + " is there twice");
        }
    }

    /// The tensors sorted by place must follow each other from 0 to the end of the data.
    void check_coverage()
    {
        if (place_ != Place::after) {
            refuse("it ends too early");
        }
        std::vector<TensorRecord>& tensors = directory_.tensors;
        const auto end_of = [](const TensorRecord& record) {
            return record.offset + *checked_extent(record.shape, {}, c10::elementSize(record.dtype));
        };
        std::sort(tensors.begin(), tensors.end(), [&](const TensorRecord& a, const TensorRecord& b) {
            return std::pair(a.offset, end_of(a)) < std::pair(b.offset, end_of(b));
        });
        std::uint64_t covered = data_start_;
        for (const TensorRecord& record : tensors) {
            if (record.offset != covered) {
                refuse("the data of the tensor " + in_quotes(record.name) +
                       (record.offset < covered ? " overlap another tensor's" : " leave a gap before them"));
            }
            covered = end_of(record);
        }
        const std::uint64_t left_over = data_start_ + data_size_ - covered;
        if (left_over != 0) {
            refuse(std::to_string(left_over) + " bytes at the end of the file belong to no tensor");
        }
    }

private:
    enum class Place { before, top, metadata, tensor, shape, offsets, after };

    [[noreturn]] void unexpected(const std::string& what) const
    {
        refuse(what + " where it does not belong" + (key_.empty() ? "" : ", at the key " + in_quotes(key_)));
    }

    /// Bounds the memory of the tables against a header of very many very short entries.
    void charge(std::size_t bytes)
    {
        charged_ += bytes;
        if (charged_ > table_bytes_) {
            refuse("it names far too many things");
        }
    }

    void start_tensor()
    {
        if (directory_.tensors.size() == max_tensors) {
            refuse("it has more than a million tensors");
        }
        place_ = Place::tensor;
        name_ = key_;
        record_ = {};
        has_dtype_ = false;
        offset_count_ = 0;
        tensor_keys_.clear();
    }

    void set_dtype(const std::string& text)
    {
        const auto* found = std::find_if(dtype_names.begin(), dtype_names.end(),
                                         [&](const DtypeName& entry) { return entry.name == text; });
        if (found == dtype_names.end()) {
            throw EngineError(
                ErrorCode::bad_file,
                "the tensor " + in_quotes(name_) + " has the unsupported dtype " + in_quotes(text),
                file_.path().string(), "Convert the file to F32, F16 or BF16.");
        }
        record_.dtype = found->dtype;
        has_dtype_ = true;
    }

    void finish_tensor()
    {
        if (!has_dtype_ || offset_count_ != offsets_.size() || !tensor_keys_.contains("shape")) {
            refuse("the tensor " + in_quotes(name_) + " needs dtype, shape and two data_offsets");
        }
        if (tensor_keys_.size() != 3) {
            refuse("the tensor " + in_quotes(name_) + " has an unknown key");
        }
        const auto [begin, end] = offsets_;
        if (begin > end || end > data_size_) {
            refuse("the data of the tensor " + in_quotes(name_) + " (bytes " + std::to_string(begin) +
                   " to " + std::to_string(end) + ") do not lie inside the file's " +
                   std::to_string(data_size_));
        }
        const std::optional<std::uint64_t> bytes =
            checked_extent(record_.shape, {}, c10::elementSize(record_.dtype));
        if (!bytes) {
            refuse("the shape of the tensor " + in_quotes(name_) + " is absurd");
        }
        if (*bytes != end - begin) {
            refuse("the tensor " + in_quotes(name_) + " of shape " + shape_text(record_.shape) + " needs " +
                   std::to_string(*bytes) + " bytes, but has " + std::to_string(end - begin));
        }
        record_.offset = data_start_ + begin;
        record_.name = std::move(name_);
        charge(sizeof(TensorRecord) + record_.name.size() + record_.shape.size() * sizeof(std::int64_t));
        directory_.tensors.push_back(std::move(record_));
    }

    const MappedFile& file_;
    std::size_t data_start_;
    std::size_t data_size_;
    std::size_t table_bytes_;
    std::size_t charged_ = 0;
    Place place_ = Place::before;
    SafetensorsDirectory directory_;
    bool has_metadata_ = false;
    std::set<std::string> tensor_keys_;
    std::string key_;
    std::string name_;
    TensorRecord record_;
    bool has_dtype_ = false;
    std::array<std::uint64_t, 2> offsets_{};
    std::size_t offset_count_ = 0;
};

/// The JSON library keeps the text of the value it is at: no value may be so long that this matters.
bool has_overlong_token(std::string_view header)
{
    std::size_t start = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const char letter = header[i];
        if (in_text && letter == '\\') {
            ++i;
        } else if (letter == '"') {
            in_text = !in_text;
            start = i;
        } else if (!in_text && (letter == ',' || letter == ':')) {
            start = i;
        } else if (i - start > max_token) {
            return true;
        }
    }
    return false;
}

std::size_t count_of(std::string_view text, std::string_view part)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

std::string_view safetensors_dtype(at::ScalarType dtype)
{
    const auto* found = std::find_if(dtype_names.begin(), dtype_names.end(),
                                     [&](const DtypeName& entry) { return entry.dtype == dtype; });
    return found == dtype_names.end() ? std::string_view{} : found->name;
}

bool looks_like_safetensors(const MappedFile& file)
{
    return file.bytes().size() > length_bytes && file.bytes()[length_bytes] == std::byte{'{'};
}

SafetensorsDirectory read_safetensors_directory(const MappedFile& file)
{
    const std::string where = file.path().string();
    if (file.bytes().size() <= length_bytes) {
        throw EngineError(ErrorCode::bad_file, "the file is too short to be a safetensors file", where);
    }
    const std::uint64_t length = header_length(file);
    const std::uint64_t rest = file.bytes().size() - length_bytes;
    if (length > rest) {
        throw EngineError(ErrorCode::bad_file, "the file ends inside its safetensors header", where,
                          "It is truncated or damaged: copy or download it again.");
    }
    if (length > max_header) {
        throw EngineError(ErrorCode::bad_file, "the safetensors header is larger than 100 MB", where);
    }
    std::string_view header(reinterpret_cast<const char*>(file.bytes().data()) + length_bytes, length);
    header = header.substr(0, header.find_last_not_of(' ') + 1);
    HeaderReader reader(file, length, count_of(header, "data_offsets"));
    if (!header.starts_with('{')) {
        reader.refuse("it is not a JSON object");
    }
    // The JSON library takes a zero byte for the end and would not look behind it.
    if (header.find('\0') != std::string_view::npos) {
        reader.refuse("it is not valid JSON: it holds a zero byte");
    }
    if (has_overlong_token(header)) {
        reader.refuse("it holds a text of more than a million letters");
    }
    nlohmann::json::sax_parse(header.begin(), header.end(), &reader);
    reader.check_names();
    reader.check_coverage();
    return reader.take();
}

}  // namespace duodiff
