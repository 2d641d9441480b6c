// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/partial_file.h"
#include "checkpoint/safetensors.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <vector>

namespace duodiff
{
namespace
{

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

constexpr std::size_t data_alignment = 64;

using NamedTensor = std::pair<const std::string, at::Tensor>;

/// Wider elements first, so that every tensor is aligned for its type without gaps, which the format
/// does not allow; by name among equals.
std::vector<const NamedTensor*> data_order(const std::map<std::string, at::Tensor>& tensors)
{
    std::vector<const NamedTensor*> order;
    order.reserve(tensors.size());
    for (const NamedTensor& entry : tensors) {
        order.push_back(&entry);
    }
    std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
        return a->second.element_size() > b->second.element_size();
    });
    return order;
}

std::string header_text(const std::vector<const NamedTensor*>& order,
                        const std::map<std::string, std::string>& metadata, const std::string& where)
{
    nlohmann::json header = nlohmann::json::object();
    nlohmann::json& about = header["__metadata__"];
    about = metadata;
    about["format"] = "pt";
    std::uint64_t offset = 0;
    for (const auto* entry : order) {
        const at::Tensor& tensor = entry->second;
        const std::string_view dtype = safetensors_dtype(tensor.scalar_type());
        if (dtype.empty() || entry->first == "__metadata__") {
            throw EngineError(ErrorCode::failed,
                              "the tensor " + in_quotes(entry->first) + " of type " +
                                  std::string(dtype_text(tensor.scalar_type())) +
                                  " cannot be written to a safetensors file",
                              where);
        }
        const std::uint64_t end = offset + tensor.nbytes();
        header[entry->first] = {
            {"dtype", dtype}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    const std::size_t used = sizeof(std::uint64_t) + text.size();
    text.append((data_alignment - used % data_alignment) % data_alignment, ' ');
    return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata)
{
    try {
        const std::vector<const NamedTensor*> order = data_order(tensors);
        const std::string header = header_text(order, metadata, path.string());
        const std::uint64_t length = header.size();
        PartialFile file(path);
        file.write(std::as_bytes(std::span(&length, 1)));
        file.write(std::as_bytes(std::span(header)));
        for (const auto* entry : order) {
            const at::Tensor tensor = entry->second.detach().cpu().contiguous();
            file.write({static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()});
        }
        file.commit();
    } catch (const nlohmann::json::exception&) {
        throw EngineError(ErrorCode::failed, "a name or text to be written is not valid UTF-8",
                          path.string());
    }
}

}  // namespace duodiff
