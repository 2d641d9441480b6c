// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/images_file.h"

#include "base/error.h"
#include "report/atomic_file.h"

#include <QByteArray>
#include <QDataStream>
#include <QIODevice>

#include <filesystem>

namespace duodiff::studio
{

namespace
{

constexpr quint32 magic = 0x64644931;  // "ddI1"
constexpr std::uint64_t largestFile = std::uint64_t{1} << 31;
constexpr int largestSide = 1 << 14;

void prepare(QDataStream& stream)
{
    stream.setVersion(QDataStream::Qt_6_0);
    stream.setByteOrder(QDataStream::LittleEndian);
    stream.setFloatingPointPrecision(QDataStream::SinglePrecision);
}

std::filesystem::path pathOf(const QString& path)
{
    return path.toStdU16String();
}

}  // namespace

void writeImages(const QString& path, const std::vector<FinishedImage>& images)
{
    QByteArray bytes;
    QDataStream stream(&bytes, QIODevice::WriteOnly);
    prepare(stream);
    stream << magic << static_cast<qint32>(images.size());
    for (const FinishedImage& image : images) {
        stream << static_cast<qint32>(image.index) << static_cast<quint64>(image.seed)
               << static_cast<qint64>(image.label) << static_cast<qint32>(image.channels)
               << static_cast<qint32>(image.height) << static_cast<qint32>(image.width);
        for (const float value : image.pixels) {
            stream << value;
        }
    }
    write_file_atomically(pathOf(path),
                          std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
}

std::vector<FinishedImage> readImages(const QString& path)
{
    const std::string text = read_whole_file(pathOf(path), largestFile);
    const QByteArray bytes = QByteArray::fromRawData(text.data(), static_cast<qsizetype>(text.size()));
    QDataStream stream(bytes);
    prepare(stream);
    const auto damaged = [&path]() -> EngineError {
        return {ErrorCode::bad_file, "the images of the sweep are damaged", path.toStdString(),
                "Start the sweep again."};
    };
    quint32 mark = 0;
    qint32 count = 0;
    stream >> mark >> count;
    if (stream.status() != QDataStream::Ok || mark != magic || count < 0) {
        throw damaged();
    }
    std::vector<FinishedImage> images;
    for (qint32 number = 0; number < count; ++number) {
        qint32 index = 0;
        qint32 channels = 0;
        qint32 height = 0;
        qint32 width = 0;
        quint64 seed = 0;
        qint64 label = 0;
        stream >> index >> seed >> label >> channels >> height >> width;
        const bool plausible = channels > 0 && channels <= 64 && height > 0 && height <= largestSide &&
                               width > 0 && width <= largestSide;
        const std::uint64_t values = plausible ? static_cast<std::uint64_t>(channels) *
                                                     static_cast<std::uint64_t>(height) *
                                                     static_cast<std::uint64_t>(width)
                                               : 0;
        // Before the memory is asked for: the file has to have as much.
        if (stream.status() != QDataStream::Ok || !plausible || values * sizeof(float) > text.size()) {
            throw damaged();
        }
        FinishedImage image{index, seed, label, channels, height, width, {}};
        image.pixels.resize(values);
        for (float& value : image.pixels) {
            stream >> value;
        }
        if (stream.status() != QDataStream::Ok) {
            throw damaged();
        }
        images.push_back(std::move(image));
    }
    return images;
}

}  // namespace duodiff::studio
