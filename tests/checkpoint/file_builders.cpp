// SPDX-License-Identifier: GPL-3.0-or-later
#include "checkpoint/file_builders.h"

#include <zlib.h>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace duodiff::test
{

std::string little_endian(std::uint64_t value, std::size_t size)
{
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(i < sizeof(value) ? value >> (8 * i) & 0xffU : 0);
    }
    return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes)
{
    // Some file systems flush a file that is written over, which is slow.
    std::filesystem::remove(path);
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

std::string read_file(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string safetensors_file(std::string_view header, std::string_view data)
{
    return little_endian(header.size(), 8) + std::string(header) + std::string(data);
}

ZipBuilder::Entry& ZipBuilder::prepare(std::string name, std::string data)
{
    Entry entry;
    entry.crc =
        static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
    entry.size = entry.stored_size = entry.local_size = data.size();
    entry.header_at = bytes_.size();
    entry.name = std::move(name);
    entry.data = std::move(data);
    return entries_.emplace_back(std::move(entry));
}

ZipBuilder::Entry& ZipBuilder::add(std::string name, std::string data)
{
    return add(std::move(name), std::move(data), [](Entry&) {});
}

void ZipBuilder::write_local(const Entry& entry)
{
    const std::string& name = entry.local_name.empty() ? entry.name : entry.local_name;
    bytes_ += "PK\x03\x04" + little_endian(0, 2) + little_endian(entry.flags, 2) +
              little_endian(entry.local_method, 2) + little_endian(0, 4) + little_endian(entry.crc, 4) +
              little_endian(entry.local_size, 4) + little_endian(entry.local_size, 4) +
              little_endian(name.size(), 2) + little_endian(0, 2) + name + entry.data;
}

std::string ZipBuilder::directory() const
{
    std::string bytes;
    for (const Entry& entry : entries_) {
        bytes += "PK\x01\x02" + little_endian(0, 4) + little_endian(entry.flags, 2) +
                 little_endian(entry.method, 2) + little_endian(0, 4) + little_endian(entry.crc, 4) +
                 little_endian(entry.stored_size, 4) + little_endian(entry.size, 4) +
                 little_endian(entry.name.size(), 2) + little_endian(0, 12) +
                 little_endian(entry.header_at, 4) + entry.name;
    }
    return bytes;
}

std::string ZipBuilder::finish_with(std::uint64_t count, std::uint64_t size, std::uint64_t start) const
{
    return bytes_ + directory() + "PK\x05\x06" + little_endian(0, 4) + little_endian(count, 2) +
           little_endian(count, 2) + little_endian(size, 4) + little_endian(start, 4) + little_endian(0, 2);
}

std::string ZipBuilder::finish() const
{
    return finish_with(entries_.size(), directory().size(), bytes_.size());
}

std::string ZipBuilder::finish_zip64() const
{
    const std::string central = directory();
    const std::uint64_t record = bytes_.size() + central.size();
    const std::string end64 = "PK\x06\x06" + little_endian(44, 8) + little_endian(0, 4) +
                              little_endian(0, 8) + little_endian(entries_.size(), 8) +
                              little_endian(entries_.size(), 8) + little_endian(central.size(), 8) +
                              little_endian(bytes_.size(), 8);
    const std::string locator =
        "PK\x06\x07" + little_endian(0, 4) + little_endian(record, 8) + little_endian(1, 4);
    return bytes_ + central + end64 + locator + "PK\x05\x06" + little_endian(0, 4) +
           little_endian(0xffff, 2) + little_endian(0xffff, 2) + little_endian(0xffffffff, 4) +
           little_endian(0xffffffff, 4) + little_endian(0, 2);
}

PickleBuilder& PickleBuilder::raw(std::string_view bytes)
{
    bytes_ += bytes;
    return *this;
}

PickleBuilder& PickleBuilder::text(std::string_view letters)
{
    bytes_ += "X" + little_endian(letters.size(), 4) + std::string(letters);
    return *this;
}

PickleBuilder& PickleBuilder::integer(std::int64_t value)
{
    bytes_ += "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
    return *this;
}

PickleBuilder& PickleBuilder::global(std::string_view module, std::string_view name)
{
    bytes_ += "c" + std::string(module) + "\n" + std::string(name) + "\n";
    return *this;
}

PickleBuilder& PickleBuilder::shape(const std::vector<std::int64_t>& numbers)
{
    raw("(");
    for (const std::int64_t number : numbers) {
        integer(number);
    }
    return raw("t");
}

PickleBuilder& PickleBuilder::storage(std::string_view key, std::int64_t count, std::string_view type)
{
    return raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(count).raw("tQ");
}

PickleBuilder& PickleBuilder::tensor(std::string_view key, std::int64_t count, std::int64_t offset,
                                     const std::vector<std::int64_t>& sizes,
                                     const std::vector<std::int64_t>& strides, std::string_view type)
{
    global("torch._utils", "_rebuild_tensor_v2").raw("(").storage(key, count, type).integer(offset);
    shape(sizes).shape(strides).raw("\x89");
    return global("collections", "OrderedDict").raw(")RtR");
}

std::string pytorch_file(const std::string& pickle, const std::vector<std::string>& storages)
{
    ZipBuilder zip;
    zip.add("model/data.pkl", pickle);
    zip.add("model/byteorder", "little");
    for (std::size_t i = 0; i < storages.size(); ++i) {
        zip.add("model/data/" + std::to_string(i), storages[i]);
    }
    zip.add("model/version", "3\n");
    return zip.finish();
}

std::string one_tensor_pickle(std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                              const std::vector<std::int64_t>& strides, std::string_view type)
{
    return PickleBuilder()
        .raw("}")
        .text("weight")
        .tensor("0", count, offset, sizes, strides, type)
        .raw("s")
        .stop();
}

std::string float_bytes(const std::vector<float>& values)
{
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

}  // namespace duodiff::test
