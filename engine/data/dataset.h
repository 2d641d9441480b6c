// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

/// Room data: training examples, decoded into memory. No LibTorch.
namespace duodiff
{

/// Where examples come from and what is made of them.
struct DataSettings {
    enum class Format { automatic, image_folder, cifar10, idx, latents };
    enum class Split { train, test };

    Format format = Format::automatic;
    std::filesystem::path path;  ///< a folder, a file of latents, or the images file of an IDX set
    /// Which part of a set that has two: CIFAR-10 and IDX files by their names, image folders where `path`
    /// holds nothing but folders named train, test, val, valid or validation.
    Split split = Split::train;
    /// Pixels of a side. Images of another shape are cropped to their central square and resized (see
    /// fit_image). 0: as the first good file is, and an image of another size is a bad file.
    std::int64_t img_size = 0;
    std::int64_t channels = 0;  ///< 1 or 3 for images; 0: as the first good file is
    bool strict = false;        ///< a bad file is an error instead of an entry in bad_files()
    std::int64_t limit = 0;     ///< only the first so many files or records of each class; 0: all
    int threads = 2;            ///< for decoding
};

/// What was left out: a file, or a record of one, and why.
struct BadFile {
    std::string file;
    std::string reason;
    bool operator==(const BadFile&) const = default;
};

/// What a reader makes. The values of an example are (C, H, W), row after row, and lie one after another.
struct Examples {
    /// 16-bit floats stay as they are stored until they are read.
    enum class Element { pixel, float32, float16, bfloat16 };

    Element element = Element::pixel;
    std::int64_t count = 0;
    std::int64_t channels = 0;
    std::int64_t side = 0;
    std::vector<std::byte> values;
    std::vector<std::int32_t> labels;      ///< one an example, or none at all
    std::vector<std::string> class_names;  ///< empty without labels
    std::vector<BadFile> bad_files;
};

/// Bytes of one value.
std::size_t element_size(Examples::Element element);

/// Training examples. Immutable; every function may be called from any thread.
class Dataset
{
public:
    /// Throws EngineError(failed) if the parts do not fit each other.
    explicit Dataset(Examples examples);

    std::int64_t size() const { return examples_.count; }
    std::int64_t channels() const { return examples_.channels; }
    std::int64_t side() const { return examples_.side; }
    /// Values of one example: C x H x W.
    std::int64_t values_an_example() const { return channels() * side() * side(); }
    bool is_latent() const { return examples_.element != Examples::Element::pixel; }
    bool has_labels() const { return !examples_.labels.empty(); }

    /// -1 where the data have no labels.
    int label(std::int64_t index) const;
    const std::vector<std::string>& class_names() const { return examples_.class_names; }
    const std::vector<BadFile>& bad_files() const { return examples_.bad_files; }

    /// SHA-256 of values, shape, labels and class names, hexadecimal: tells a resumed run other data.
    /// Computed at the first call.
    std::string digest() const;

    /// Example `index` as (C, H, W) floats, mirrored left to right if `flip`: pixels in [-1, 1], latents as
    /// they are stored. `out` holds values_an_example().
    void read(std::int64_t index, bool flip, std::span<float> out) const;

private:
    Examples examples_;
    mutable std::once_flag digest_once_;
    mutable std::string digest_;
};

/// Told how many of how many files or records are read, on the thread that called open_dataset.
using DataProgress = std::function<void(std::int64_t done, std::int64_t total)>;

/// Reads everything that `settings` names into memory. Throws EngineError: bad_file where nothing can be used
/// (or, with `strict`, where anything cannot), usage for settings that make no sense, out_of_memory before
/// the memory is taken, cancelled.
std::shared_ptr<const Dataset> open_dataset(const DataSettings& settings, const DataProgress& progress = {},
                                            std::stop_token stop = {});

}  // namespace duodiff
