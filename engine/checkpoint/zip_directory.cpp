// SPDX-License-Identifier: MIT
#include "checkpoint/zip_directory.h"

#include "base/error.h"
#include "checkpoint/tensor_record.h"

#include <algorithm>
#include <string>

// Field offsets are those of PKWARE's APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
namespace duodiff
{
namespace
{

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;

constexpr std::size_t local_bytes = 30;
constexpr std::size_t central_bytes = 46;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end64_bytes = 56;
constexpr std::size_t locator64_bytes = 20;
constexpr std::size_t max_comment = 65535;
constexpr std::uint16_t zip64_extra = 1;

constexpr std::uint16_t flag_encrypted = 1U << 0U;
constexpr std::uint16_t flag_sizes_follow = 1U << 3U;

constexpr std::uint64_t in_zip64_16 = 0xffff;
constexpr std::uint64_t in_zip64_32 = 0xffffffff;

/// Little-endian fields of the file; reading outside of it is an error.
class Fields
{
public:
    explicit Fields(const MappedFile& file) : file_(file) {}

    [[noreturn]] void refuse(const std::string& what, std::string remedy = {}) const
    {
        throw EngineError(ErrorCode::bad_file, "bad zip archive: " + what, file_.path().string(),
                          std::move(remedy));
    }

    std::string_view text(std::size_t at, std::size_t size) const
    {
        if (at > file_.bytes().size() || size > file_.bytes().size() - at) {
            refuse("its directory points outside the file", "It is truncated or damaged: get it again.");
        }
        return {reinterpret_cast<const char*>(file_.bytes().data()) + at, size};
    }
    std::uint64_t number(std::size_t at, std::size_t size) const
    {
        std::uint64_t value = 0;
        const std::string_view bytes = text(at, size);
        for (std::size_t i = size; i-- > 0;) {
            value = value << 8U | static_cast<unsigned char>(bytes[i]);
        }
        return value;
    }
    std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
    std::uint32_t u32(std::size_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
    std::uint64_t u64(std::size_t at) const { return number(at, 8); }
    std::size_t size() const { return file_.bytes().size(); }

private:
    const MappedFile& file_;
};

struct CentralDirectory {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    std::uint64_t count = 0;
};

std::size_t find_end_record(const Fields& fields)
{
    if (fields.size() >= end_bytes) {
        const std::size_t last = fields.size() - end_bytes;
        for (std::size_t comment = 0; comment <= std::min(last, max_comment); ++comment) {
            const std::size_t at = last - comment;
            if (fields.u32(at) == end_signature && fields.u16(at + 20) == comment) {
                return at;
            }
        }
    }
    fields.refuse("its directory, which belongs at the end, is missing",
                  "The file is truncated or damaged: copy or download it again.");
}

CentralDirectory find_directory(const Fields& fields)
{
    const std::size_t end = find_end_record(fields);
    CentralDirectory directory{fields.u32(end + 16), fields.u32(end + 12), fields.u16(end + 10)};
    bool one_disk = fields.u16(end + 4) == 0 || fields.u16(end + 4) == in_zip64_16;
    one_disk = one_disk && fields.u16(end + 8) == fields.u16(end + 10);
    std::uint64_t follows = end;
    // Some writers (PyTorch's among them) always add the zip64 records, needed or not.
    const bool has_zip64 = end >= locator64_bytes && fields.u32(end - locator64_bytes) == locator64_signature;
    const bool needs_zip64 =
        directory.start == in_zip64_32 || directory.size == in_zip64_32 || directory.count == in_zip64_16;
    if (needs_zip64 && !has_zip64) {
        fields.refuse("the zip64 locator is missing");
    }
    if (has_zip64) {
        follows = fields.u64(end - locator64_bytes + 8);
        if (follows > end - locator64_bytes || end - locator64_bytes - follows < end64_bytes ||
            fields.u32(follows) != end64_signature) {
            fields.refuse("the zip64 end record is missing");
        }
        const CentralDirectory small = directory;
        directory = {fields.u64(follows + 48), fields.u64(follows + 40), fields.u64(follows + 32)};
        if ((small.start != in_zip64_32 && small.start != directory.start) ||
            (small.size != in_zip64_32 && small.size != directory.size) ||
            (small.count != in_zip64_16 && small.count != directory.count)) {
            fields.refuse("its two end records disagree");
        }
        one_disk = fields.u32(follows + 16) == 0 && fields.u64(follows + 24) == directory.count;
    }
    if (!one_disk) {
        fields.refuse("it is one part of a split archive");
    }
    if (directory.size > follows || directory.start != follows - directory.size) {
        fields.refuse("its directory is not where the end record says",
                      "The file is truncated or damaged: copy or download it again.");
    }
    if (directory.count > directory.size / central_bytes) {
        fields.refuse("its directory claims more entries than it has room for");
    }
    return directory;
}

/// Replaces the values that did not fit 32 bits by those of the zip64 extra field, in the field's order.
void read_zip64_extra(const Fields& fields, std::size_t at, std::size_t size,
                      std::initializer_list<std::uint64_t*> values)
{
    const std::size_t end = at + size;
    while (at + 4 <= end) {
        const std::uint16_t id = fields.u16(at);
        const std::size_t field_end = at + 4 + fields.u16(at + 2);
        if (field_end > end) {
            fields.refuse("an extra field is longer than its entry says");
        }
        at += 4;
        if (id == zip64_extra) {
            for (std::uint64_t* value : values) {
                if (*value == in_zip64_32) {
                    if (at + 8 > field_end) {
                        fields.refuse("a zip64 field is too short");
                    }
                    *value = fields.u64(at);
                    at += 8;
                }
            }
            return;
        }
        at = field_end;
    }
}

void check_name(const Fields& fields, std::string_view name)
{
    bool bad = name.empty() || name.front() == '/' || name.find('\0') != std::string_view::npos ||
               name.find('\\') != std::string_view::npos;
    for (std::size_t start = 0; start <= name.size() && !bad;) {
        const std::size_t end = std::min(name.find('/', start), name.size());
        bad = name.substr(start, end - start) == "..";
        start = end + 1;
    }
    if (bad) {
        fields.refuse("the entry name " + in_quotes(name) + " is not allowed");
    }
}

/// Sets `data` from the local header, which has to agree with the directory.
void read_local_header(const Fields& fields, ZipEntry& entry, std::uint64_t directory_start)
{
    const std::string name = in_quotes(entry.name);
    if (entry.header > directory_start || directory_start - entry.header < local_bytes ||
        fields.u32(entry.header) != local_signature) {
        fields.refuse("the entry " + name + " is not where the directory says");
    }
    const std::size_t name_size = fields.u16(entry.header + 26);
    const std::size_t extra_size = fields.u16(entry.header + 28);
    const std::uint16_t flags = fields.u16(entry.header + 6);
    std::uint64_t stored = fields.u32(entry.header + 18);
    std::uint64_t size = fields.u32(entry.header + 22);
    const std::size_t extra = entry.header + local_bytes + name_size;
    read_zip64_extra(fields, extra, extra_size, {&size, &stored});
    const bool compressed = fields.u16(entry.header + 8) != 0;
    const bool sizes_agree = stored == entry.size && (compressed || size == entry.size);
    const bool sizes_follow = (flags & flag_sizes_follow) != 0 && size == 0 && stored == 0;
    if (fields.text(entry.header + local_bytes, name_size) != entry.name || compressed != entry.compressed ||
        (flags & flag_encrypted) != 0 || !(sizes_agree || sizes_follow)) {
        fields.refuse("the entry " + name + " and its local header disagree");
    }
    entry.data = extra + extra_size;
    if (entry.data > directory_start || entry.size > directory_start - entry.data) {
        fields.refuse("the contents of " + name + " do not lie inside the file");
    }
}

/// Reads one entry of the directory at `at`, and moves `at` behind it.
ZipEntry read_entry(const Fields& fields, std::uint64_t& at, std::uint64_t end, std::uint64_t directory_start)
{
    if (end - at < central_bytes || fields.u32(at) != central_signature) {
        fields.refuse("its directory is damaged");
    }
    const std::size_t name_size = fields.u16(at + 28);
    const std::size_t extra_size = fields.u16(at + 30);
    const std::size_t entry_size = central_bytes + name_size + extra_size + fields.u16(at + 32);
    if (end - at < entry_size) {
        fields.refuse("its directory is damaged");
    }
    ZipEntry entry;
    entry.name = fields.text(at + central_bytes, name_size);
    entry.crc = fields.u32(at + 16);
    check_name(fields, entry.name);
    std::uint64_t stored = fields.u32(at + 20);
    std::uint64_t size = fields.u32(at + 24);
    std::uint64_t header = fields.u32(at + 42);
    read_zip64_extra(fields, at + central_bytes + name_size, extra_size, {&size, &stored, &header});
    if ((fields.u16(at + 8) & flag_encrypted) != 0) {
        fields.refuse("the entry " + in_quotes(entry.name) + " is encrypted");
    }
    entry.compressed = fields.u16(at + 10) != 0;
    if (!entry.compressed && stored != size) {
        fields.refuse("the entry " + in_quotes(entry.name) + " has two different sizes");
    }
    entry.size = stored;
    entry.header = header;
    read_local_header(fields, entry, directory_start);
    at += entry_size;
    return entry;
}

}  // namespace

ZipDirectory::ZipDirectory(const MappedFile& file) : file_(file)
{
    const Fields fields(file);
    const CentralDirectory directory = find_directory(fields);
    const std::uint64_t end = directory.start + directory.size;
    entries_.reserve(directory.count);
    for (std::uint64_t at = directory.start; entries_.size() < directory.count;) {
        entries_.push_back(read_entry(fields, at, end, directory.start));
    }
    std::sort(entries_.begin(), entries_.end(),
              [](const ZipEntry& a, const ZipEntry& b) { return a.header < b.header; });
    for (std::size_t i = 1; i < entries_.size(); ++i) {
        if (entries_[i].header < entries_[i - 1].data + entries_[i - 1].size) {
            fields.refuse("the entries " + in_quotes(entries_[i - 1].name) + " and " +
                          in_quotes(entries_[i].name) + " overlap");
        }
    }
    std::sort(entries_.begin(), entries_.end(),
              [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
    const auto repeated =
        std::adjacent_find(entries_.begin(), entries_.end(),
                           [](const ZipEntry& a, const ZipEntry& b) { return a.name == b.name; });
    if (repeated != entries_.end()) {
        fields.refuse("the entry " + in_quotes(repeated->name) + " is there twice");
    }
}

const ZipEntry* ZipDirectory::find(std::string_view name) const
{
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), name,
                         [](const ZipEntry& entry, std::string_view wanted) { return entry.name < wanted; });
    return found != entries_.end() && found->name == name ? &*found : nullptr;
}

void ZipDirectory::require_stored() const
{
    for (const ZipEntry& entry : entries_) {
        if (entry.compressed) {
            Fields(file_).refuse(
                "the entry " + in_quotes(entry.name) + " is compressed",
                "torch.save does not compress: open the file that it wrote, not a repacked one.");
        }
    }
}

std::string_view ZipDirectory::contents(const ZipEntry& entry) const
{
    return {reinterpret_cast<const char*>(file_.bytes().data()) + entry.data, entry.size};
}

bool looks_like_zip(const MappedFile& file)
{
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    return text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06");
}

}  // namespace duodiff
