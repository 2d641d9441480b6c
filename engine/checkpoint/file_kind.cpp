// SPDX-License-Identifier: MIT
#include "checkpoint/file_kind.h"

#include "base/error.h"

#include <array>
#include <string_view>

namespace duodiff
{
namespace
{

using namespace std::string_view_literals;

struct KnownKind {
    std::string_view start;
    std::string_view what;
    std::string_view remedy;
};

constexpr std::string_view save_again =
    "In Python: torch.save(torch.load(FILE, map_location='cpu'), NEW_FILE), with a file you trust.";
constexpr std::string_view unpack = "Unpack it and open the checkpoint inside.";
constexpr std::string_view download_again = "Download the checkpoint itself again.";

// The first number that torch.save wrote before it used zip archives, pickled with protocol 2.
constexpr std::string_view legacy_torch = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;

constexpr std::array known_kinds = {
    KnownKind{legacy_torch, "this is a PyTorch file of the old kind, from before version 1.6", save_again},
    KnownKind{"\x80"sv, "this is a plain Python pickle, not a PyTorch zip archive", save_again},
    KnownKind{"version https://git-lfs"sv, "this is a Git LFS pointer, not the checkpoint",
              "Run 'git lfs pull' in the folder it comes from."},
    KnownKind{"<"sv, "this is a web page or XML, not a checkpoint", download_again},
    KnownKind{"\x1f\x8b"sv, "this is a gzip archive", unpack},
    KnownKind{"\x28\xb5\x2f\xfd"sv, "this is a zstd archive", unpack},
    KnownKind{"\xfd"
              "7zXZ"sv,
              "this is an xz archive", unpack},
    KnownKind{"BZh"sv, "this is a bzip2 archive", unpack},
    KnownKind{"7z\xbc\xaf"sv, "this is a 7z archive", unpack},
    KnownKind{"\x93NUMPY"sv, "this is a NumPy array, not a checkpoint", ""},
    KnownKind{"\x89HDF"sv, "this is an HDF5 file, not a checkpoint", ""},
    KnownKind{"GGUF"sv, "this is a GGUF file, not a checkpoint of a diffusion model", ""},
    KnownKind{"\x89PNG"sv, "this is a picture, not a checkpoint", ""},
    KnownKind{"\xff\xd8\xff"sv, "this is a picture, not a checkpoint", ""},
    KnownKind{"{"sv, "this is JSON text, not a checkpoint", ""},
};

}  // namespace

void refuse_unknown_kind(const MappedFile& file)
{
    const std::string where = file.path().string();
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    for (const KnownKind& kind : known_kinds) {
        if (text.starts_with(kind.start)) {
            throw EngineError(ErrorCode::bad_file, std::string(kind.what), where, std::string(kind.remedy));
        }
    }
    constexpr std::size_t tar_mark = 257;
    if (text.size() > tar_mark && text.substr(tar_mark).starts_with("ustar")) {
        throw EngineError(ErrorCode::bad_file, "this is a tar archive", where, std::string(unpack));
    }
    if (text.find_first_not_of('\0') == std::string_view::npos) {
        throw EngineError(ErrorCode::bad_file, "the file holds nothing but zeros", where,
                          "Its download or copy broke off: get it again.");
    }
    throw EngineError(ErrorCode::bad_file, "this is neither a safetensors file nor a PyTorch zip file", where,
                      "Give a .safetensors file, or a .pth file written by torch.save.");
}

}  // namespace duodiff
