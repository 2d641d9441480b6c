// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace duodiff
{

/// Finished pieces of an evaluation, in `parts` of its folder, so that it can be ended at any moment and gone
/// on with. A piece is a file that is written whole or not at all and knows what it belongs to.
class Parts
{
public:
    /// Makes the folders. Throws EngineError(failed).
    explicit Parts(std::filesystem::path folder);

    /// The bytes that were kept under `name` for this `identity`. Nothing where there are none, or where they
    /// belong to something else or are damaged, which becomes a note.
    std::optional<std::string> find(const std::string& name, const std::string& identity);
    /// Replaces what has this name.
    void keep(const std::string& name, const std::string& identity, std::string_view bytes) const;
    void forget(const std::string& name) const;

    /// For people: what was there and could not be used, each kind once.
    std::vector<std::string> notes() const;
    /// One more piece of other settings or another model was found, by whoever keeps files of its own here.
    void count_foreign() { ++foreign_; }

    const std::filesystem::path& folder() const { return folder_; }
    std::filesystem::path path_of(const std::string& name) const { return folder_ / "parts" / name; }

private:
    std::filesystem::path folder_;
    int foreign_ = 0;
    std::vector<std::string> damaged_;
};

/// Throws EngineError(cancelled) that says where the finished parts are.
[[noreturn]] void throw_cancelled_with(const Parts& parts);

}  // namespace duodiff
