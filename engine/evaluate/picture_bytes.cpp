// SPDX-License-Identifier: MIT
#include "evaluate/picture_bytes.h"

namespace duodiff
{

std::string to_bytes(const NumbersAndPictures& kept)
{
    const Image8 shape = kept.pictures.empty() ? Image8{} : kept.pictures.front();
    const nlohmann::json head = {{"numbers", kept.numbers},
                                 {"pictures", kept.pictures.size()},
                                 {"width", shape.width},
                                 {"height", shape.height},
                                 {"channels", shape.channels}};
    std::string bytes = head.dump() + "\n";
    for (const Image8& picture : kept.pictures) {
        bytes.append(reinterpret_cast<const char*>(picture.pixels.data()), picture.pixels.size());
    }
    return bytes;
}

std::optional<NumbersAndPictures> from_bytes(const std::string& bytes)
{
    const std::size_t end = bytes.find('\n');
    const auto head = nlohmann::json::parse(bytes.substr(0, end), nullptr, /*allow_exceptions=*/false);
    if (end == std::string::npos || !head.is_object()) {
        return std::nullopt;
    }
    try {
        NumbersAndPictures kept{head.at("numbers"), {}};
        Image8 picture{
            head.at("width").get<int>(), head.at("height").get<int>(), head.at("channels").get<int>(), {}};
        const auto count = head.at("pictures").get<std::size_t>();
        const std::size_t size = static_cast<std::size_t>(picture.width) *
                                 static_cast<std::size_t>(picture.height) *
                                 static_cast<std::size_t>(picture.channels);
        if (bytes.size() - end - 1 != count * size) {
            return std::nullopt;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data()) + end + 1 + i * size;
            picture.pixels.assign(first, first + size);
            kept.pictures.push_back(picture);
        }
        return kept;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

}  // namespace duodiff
