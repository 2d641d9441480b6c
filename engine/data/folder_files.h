// SPDX-License-Identifier: MIT
#pragma once

#include "data/readers.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace duodiff
{

struct FolderFile {
    std::filesystem::path path;
    std::int32_t label = -1;
};

/// The images under a folder by their names, in the order of the examples.
struct FolderFiles {
    std::vector<FolderFile> files;         ///< by class, then by path
    std::vector<std::string> class_names;  ///< empty: the images have no classes
    std::vector<BadFile> bad_files;
};

/// Looks through job.settings.path:
/// - a class is a folder directly in it that holds an image at any depth; classes are sorted by name, byte
///   by byte. Images directly in it are then left out, for they belong to no class;
/// - without such folders, the images directly in it are examples without labels;
/// - where it holds nothing but folders named train, test, val, valid or validation, the part that
///   job.settings.split asks for is looked through instead.
/// Links are followed, but no folder is read twice, so circles end. What is hidden (a leading dot) is passed
/// over; everything else that is not a PNG or JPEG file is listed in `bad_files`, or refused where the
/// settings are strict.
FolderFiles find_images(const ReadJob& job);

}  // namespace duodiff
