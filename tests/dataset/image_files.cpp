// SPDX-License-Identifier: GPL-3.0-or-later
#include "dataset/image_files.h"

#include "report/png_file.h"

#include <doctest/doctest.h>
#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>

namespace duodiff::test
{
namespace
{

Bytes compressed(const Bytes& pixels, int width, int height, int format, int subsampling, int quality)
{
    const tjhandle encoder = tjInitCompress();
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    REQUIRE(tjCompress2(encoder, pixels.data(), width, 0, height, format, &buffer, &size, subsampling,
                        quality, TJFLAG_ACCURATEDCT) == 0);
    Bytes bytes(buffer, buffer + size);
    tjFree(buffer);
    tjDestroy(encoder);
    return bytes;
}

void append_row(png_structp file, png_bytep data, png_size_t length)
{
    auto* bytes = static_cast<Bytes*>(png_get_io_ptr(file));
    bytes->insert(bytes->end(), data, data + length);
}

}  // namespace

Image8 pattern(int width, int height, int channels, int seed)
{
    Image8 image{width, height, channels, {}};
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int channel = 0; channel < channels; ++channel) {
                const double value = 128.0 + 90.0 * std::sin(0.2 * x + 0.13 * y + 2.0 * channel + seed);
                image.pixels.push_back(static_cast<std::uint8_t>(value));
            }
        }
    }
    return image;
}

Image8 flat(int width, int height, std::vector<std::uint8_t> colour)
{
    Image8 image{width, height, static_cast<int>(colour.size()), {}};
    for (int i = 0; i < width * height; ++i) {
        image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
    }
    return image;
}

Bytes raw_png(const RawPng& image)
{
    png_structp file = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(file);
    Bytes bytes;
    png_set_write_fn(file, &bytes, append_row, [](png_structp) {});
    png_set_IHDR(file, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                 image.bits, image.colour_type, image.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    std::vector<png_color> palette;
    for (std::size_t i = 0; i + 2 < image.palette.size(); i += 3) {
        palette.push_back({image.palette[i], image.palette[i + 1], image.palette[i + 2]});
    }
    if (!palette.empty()) {
        png_set_PLTE(file, info, palette.data(), static_cast<int>(palette.size()));
    }
    png_write_info(file, info);
    std::vector<png_bytep> rows;
    for (const Bytes& row : image.rows) {
        rows.push_back(const_cast<png_bytep>(row.data()));
    }
    png_write_image(file, rows.data());
    png_write_end(file, info);
    png_destroy_write_struct(&file, &info);
    return bytes;
}

Bytes png(const Image8& image)
{
    return encode_png(image);
}

Bytes jpeg(const Image8& image, int quality)
{
    const bool gray = image.channels == 1;
    return compressed(image.pixels, image.width, image.height, gray ? TJPF_GRAY : TJPF_RGB,
                      gray ? TJSAMP_GRAY : TJSAMP_444, quality);
}

Bytes cmyk_jpeg(int width, int height, std::vector<std::uint8_t> stored)
{
    return compressed(flat(width, height, std::move(stored)).pixels, width, height, TJPF_CMYK, TJSAMP_444,
                      100);
}

}  // namespace duodiff::test
