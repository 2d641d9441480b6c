// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff::test
{

/// `value` in `size` little-endian bytes.
std::string little_endian(std::uint64_t value, std::size_t size);

void write_file(const std::filesystem::path& path, std::string_view bytes);
std::string read_file(const std::filesystem::path& path);

/// A safetensors file with this header, which is not padded.
std::string safetensors_file(std::string_view header, std::string_view data = {});

/// A zip archive, with every field of it open to lies.
class ZipBuilder
{
public:
    struct Entry {
        std::string name;
        std::string data;
        std::string local_name;  ///< empty: as `name`
        std::uint16_t method = 0;
        std::uint16_t local_method = 0;
        std::uint16_t flags = 0;
        std::uint32_t crc = 0;
        std::uint64_t size = 0;         ///< in the directory
        std::uint64_t stored_size = 0;  ///< in the directory
        std::uint64_t local_size = 0;
        std::uint64_t header_at = 0;  ///< where the directory says the local header is
    };

    /// Appends an entry and writes its local header and data.
    Entry& add(std::string name, std::string data);
    /// As add(), but the local header says what `change` made of the entry.
    template <class Change>
    Entry& add(std::string name, std::string data, Change change)
    {
        Entry& entry = prepare(std::move(name), std::move(data));
        change(entry);
        write_local(entry);
        return entry;
    }

    std::string finish() const;
    std::string finish_zip64() const;
    /// The end record with these values instead of the true ones, by name of the field.
    std::string finish_with(std::uint64_t count, std::uint64_t size, std::uint64_t start) const;

    std::string directory() const;
    std::size_t data_size() const { return bytes_.size(); }
    std::size_t count() const { return entries_.size(); }

private:
    Entry& prepare(std::string name, std::string data);
    void write_local(const Entry& entry);

    std::vector<Entry> entries_;
    std::string bytes_;
};

/// Pickle instructions, protocol 2, one after the other; wrong ones too.
class PickleBuilder
{
public:
    PickleBuilder() : bytes_("\x80\x02") {}

    PickleBuilder& raw(std::string_view bytes);
    PickleBuilder& text(std::string_view letters);
    PickleBuilder& integer(std::int64_t value);
    PickleBuilder& global(std::string_view module, std::string_view name);
    PickleBuilder& shape(const std::vector<std::int64_t>& numbers);
    /// A storage by its key, of `count` elements.
    PickleBuilder& storage(std::string_view key, std::int64_t count, std::string_view type = "FloatStorage");
    PickleBuilder& tensor(std::string_view key, std::int64_t count, std::int64_t offset,
                          const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides,
                          std::string_view type = "FloatStorage");
    std::string stop() const { return bytes_ + "."; }

private:
    std::string bytes_;
};

/// A whole PyTorch file: this pickle, and storages "0", "1", ... with these bytes.
std::string pytorch_file(const std::string& pickle, const std::vector<std::string>& storages = {});

/// {"weight": one tensor over storage "0" of `count` floats}
std::string one_tensor_pickle(std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                              const std::vector<std::int64_t>& strides,
                              std::string_view type = "FloatStorage");

std::string float_bytes(const std::vector<float>& values);

}  // namespace duodiff::test
