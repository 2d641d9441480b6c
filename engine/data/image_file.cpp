// SPDX-License-Identifier: MIT
#include "data/image_file.h"

#include "base/error.h"
#include "report/atomic_file.h"
#include "report/png_file.h"

#include <fmt/format.h>
#include <turbojpeg.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace duodiff
{
namespace
{

using namespace std::string_view_literals;

constexpr std::uint64_t largest_file = 1ULL << 30U;
constexpr std::uint64_t largest_pixels = 64'000'000;
constexpr std::uint64_t pixels_a_bit = 64;  // JPEG: a block of 8 x 8 takes one bit at least

struct Signature {
    std::size_t at;
    std::string_view bytes;
    FileKind kind;
    std::string_view text;
};

constexpr std::array signatures = {
    Signature{0, "\x89PNG\r\n\x1a\n"sv, FileKind::png, "a PNG image"},
    Signature{0, "\xff\xd8\xff"sv, FileKind::jpeg, "a JPEG image"},
    Signature{0, "\x1f\x8b"sv, FileKind::gzip, "a gzip file"},
    Signature{0, "PK\x03\x04"sv, FileKind::zip, "a zip archive (as .npz and .pt files are)"},
    Signature{257, "ustar"sv, FileKind::tar, "a tar archive"},
    Signature{8, "{\""sv, FileKind::safetensors, "a safetensors file"},
    Signature{0, "GIF8"sv, FileKind::other, "a GIF image"},
    Signature{8, "WEBP"sv, FileKind::other, "a WebP image"},
    Signature{4, "ftypavif"sv, FileKind::other, "an AVIF image"},
    Signature{4, "ftyphei"sv, FileKind::other, "a HEIF image"},
    Signature{0, "BM"sv, FileKind::other, "a BMP image"},
    Signature{0, "II*\0"sv, FileKind::other, "a TIFF image"},
    Signature{0, "MM\0*"sv, FileKind::other, "a TIFF image"},
    Signature{0, "\x93NUMPY"sv, FileKind::other, "a NumPy array"},
    Signature{0, "\x89HDF"sv, FileKind::other, "an HDF5 file"},
    Signature{0, "PAR1"sv, FileKind::other, "a Parquet file"},
    Signature{0, "\x80\x02"sv, FileKind::other, "a Python pickle"},
    Signature{0, "\x80\x04"sv, FileKind::other, "a Python pickle"},
    Signature{0, "\xfd\x37zXZ"sv, FileKind::other, "an xz file"},
    Signature{0, "BZh"sv, FileKind::other, "a bzip2 file"},
    Signature{0, "7z\xbc\xaf"sv, FileKind::other, "a 7z archive"},
};

const Signature* signature_of(std::string_view start)
{
    for (const Signature& signature : signatures) {
        if (start.size() >= signature.at && start.substr(signature.at).starts_with(signature.bytes)) {
            return &signature;
        }
    }
    return nullptr;
}

[[noreturn]] void refuse_jpeg(const std::string& where, std::string what)
{
    throw EngineError(ErrorCode::bad_file, "this JPEG file cannot be read: " + std::move(what), where);
}

/// Adobe's programs store CMYK inverted, and so does all that is found in practice.
void to_rgb(const std::vector<std::uint8_t>& cmyk, std::vector<std::uint8_t>& rgb)
{
    for (std::size_t pixel = 0; pixel < cmyk.size() / 4; ++pixel) {
        const int black = cmyk[4 * pixel + 3];
        for (std::size_t channel = 0; channel < 3; ++channel) {
            constexpr int half = 127;
            rgb[3 * pixel + channel] =
                static_cast<std::uint8_t>((cmyk[4 * pixel + channel] * black + half) / 255);
        }
    }
}

Image8 decode_jpeg(std::string_view bytes, const std::string& where)
{
    const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), tjDestroy);
    if (!decoder) {
        throw EngineError(ErrorCode::out_of_memory, "no memory to read a JPEG file", where);
    }
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto size = static_cast<unsigned long>(bytes.size());
    Image8 image;
    int subsampling = 0;
    int colours = 0;
    if (tjDecompressHeader3(decoder.get(), data, size, &image.width, &image.height, &subsampling, &colours) !=
        0) {
        refuse_jpeg(where, tjGetErrorStr2(decoder.get()));
    }
    const std::uint64_t pixels =
        static_cast<std::uint64_t>(image.width) * static_cast<std::uint64_t>(image.height);
    if (pixels == 0 || pixels > largest_pixels) {
        refuse_jpeg(where, fmt::format("it has {} x {} pixels", image.width, image.height));
    }
    if (pixels / pixels_a_bit > 8 * std::uint64_t{bytes.size()}) {
        refuse_jpeg(where, "the file ends too early");
    }
    const bool gray = colours == TJCS_GRAY;
    const bool inks = colours == TJCS_CMYK || colours == TJCS_YCCK;
    const int format = gray ? TJPF_GRAY : inks ? TJPF_CMYK : TJPF_RGB;
    image.channels = gray ? 1 : 3;
    image.pixels.resize(pixels * static_cast<std::uint64_t>(image.channels));
    std::vector<std::uint8_t> cmyk(inks ? pixels * 4 : 0);
    // Limited scans: a small progressive file could keep the decoder busy for minutes.
    constexpr int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    if (tjDecompress2(decoder.get(), data, size, inks ? cmyk.data() : image.pixels.data(), image.width, 0,
                      image.height, format, flags) != 0) {
        refuse_jpeg(where, tjGetErrorStr2(decoder.get()));
    }
    if (inks) {
        to_rgb(cmyk, image.pixels);
    }
    return image;
}

}  // namespace

FileKind kind_of(std::string_view start)
{
    const Signature* found = signature_of(start);
    return found != nullptr ? found->kind : FileKind::other;
}

std::string describe_kind(std::string_view start)
{
    const Signature* found = signature_of(start);
    if (found != nullptr) {
        return std::string(found->text);
    }
    return start.empty() ? "an empty file" : "text or data of an unknown kind";
}

Image8 read_image(const std::filesystem::path& path)
{
    const std::string bytes = read_whole_file(path, largest_file);
    switch (kind_of(bytes)) {
        case FileKind::png:
            return decode_png(bytes, path.string());
        case FileKind::jpeg:
            return decode_jpeg(bytes, path.string());
        default:
            throw EngineError(ErrorCode::bad_file,
                              "it is neither a PNG nor a JPEG image, but " +
                                  describe_kind(std::string_view(bytes).substr(0, kind_bytes)),
                              path.string());
    }
}

}  // namespace duodiff
