// SPDX-License-Identifier: MIT
#include "checkpoint/pytorch_file.h"

#include "base/error.h"
#include "checkpoint/config_keys.h"
#include "checkpoint/pickle.h"
#include "checkpoint/zip_directory.h"

#include <zlib.h>
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace duodiff
{
namespace
{

// What the values of a pickle may take: as much as the file, but always enough for small ones.
constexpr std::size_t least_memory = std::size_t{8} << 20;
constexpr std::size_t max_tensor_name = 1024;
constexpr std::size_t max_args_text = 256;

constexpr std::string_view truncated = "The file is truncated or damaged: copy or download it again.";
constexpr std::string_view save_state_dict =
    "Save the weights with torch.save({'model_state_dict': model.state_dict()}, FILE).";

class PytorchReader
{
public:
    explicit PytorchReader(const MappedFile& file)
        : file_(file), zip_(file), prefix_(find_prefix()), pickle_(make_pickle())
    {
    }

    PytorchContents read() const
    {
        PytorchContents contents;
        const PickleValue& root = pickle_.root();
        if (root.kind != PickleKind::dict) {
            refuse("it holds no dict of tensors", save_state_dict);
        }
        contents.tensors = records_of(find_state_dict(root));
        if (const PickleValue* args = find(root, "args")) {
            contents.args = values_of(*args);
        }
        return contents;
    }

private:
    [[noreturn]] void refuse(const std::string& what, std::string_view remedy = {}) const
    {
        throw EngineError(ErrorCode::bad_file, what, file_.path().string(), std::string(remedy));
    }

    /// The archive's own folder, with its slash: everything lies in it.
    std::string find_prefix() const
    {
        constexpr std::string_view pickle_name = "/data.pkl";
        std::string_view found;
        bool numpy = false;
        for (const ZipEntry& entry : zip_.entries()) {
            numpy = numpy || entry.name.ends_with(".npy");
            if (entry.name.ends_with(pickle_name) && entry.name.find('/') + 9 == entry.name.size()) {
                if (!found.empty()) {
                    refuse("the archive holds two checkpoints");
                }
                found = entry.name.substr(0, entry.name.size() - pickle_name.size() + 1);
            }
        }
        if (found.empty()) {
            refuse(numpy ? "this is a NumPy archive, not a checkpoint"
                         : "this is a zip archive, but torch.save did not write it (there is no data.pkl)",
                   numpy ? "" : "If a checkpoint is packed in it, unpack it and open that.");
        }
        std::string prefix(found);
        if (zip_.find(prefix + "constants.pkl")) {
            refuse("this is a TorchScript archive, which holds a program", save_state_dict);
        }
        zip_.require_stored();
        return prefix;
    }

    Pickle make_pickle() const
    {
        if (const ZipEntry* order = zip_.find(prefix_ + "byteorder")) {
            if (zip_.contents(*order) != "little") {
                refuse("it was written on a machine with another byte order",
                       "Load and save it again on a little-endian machine.");
            }
        }
        const ZipEntry& entry = *zip_.find(prefix_ + "data.pkl");
        const std::string_view bytes = zip_.contents(entry);
        // torch.serialization.set_crc32_options(False) leaves the checksum out.
        if (entry.crc != 0 &&
            ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != entry.crc) {
            refuse("the checksum of data.pkl is wrong", truncated);
        }
        return Pickle({.bytes = bytes,
                       .where = file_.path().string(),
                       .memory_limit = std::max(least_memory, file_.bytes().size()),
                       .storage = [this](std::string_view key) { return storage(key); }});
    }

    std::optional<PickleBytes> storage(std::string_view key) const
    {
        constexpr std::size_t longest_key = 64;
        if (key.size() > longest_key) {
            return std::nullopt;
        }
        const ZipEntry* entry = zip_.find(prefix_ + "data/" + std::string(key));
        return entry ? std::optional(PickleBytes{entry->data, entry->size}) : std::nullopt;
    }

    /// The last value under `key`, as in Python; null if there is none.
    const PickleValue* find(const PickleValue& dict, std::string_view key) const
    {
        const std::vector<PickleValue>& items = pickle_.dict_items(dict);
        for (std::size_t i = items.size(); i >= 2; i -= 2) {
            if (items[i - 2].kind == PickleKind::text && items[i - 2].text() == key) {
                return &items[i - 1];
            }
        }
        return nullptr;
    }

    std::size_t count_tensors(const PickleValue& value) const
    {
        if (value.kind != PickleKind::dict) {
            return 0;
        }
        const std::vector<PickleValue>& items = pickle_.dict_items(value);
        std::size_t count = 0;
        for (std::size_t i = 1; i < items.size(); i += 2) {
            count += items[i].kind == PickleKind::tensor;
        }
        return count;
    }

    const PickleValue& find_state_dict(const PickleValue& root) const
    {
        if (const PickleValue* named = find(root, "model_state_dict")) {
            if (count_tensors(*named) == 0) {
                refuse("its model_state_dict holds no tensors", save_state_dict);
            }
            return *named;
        }
        if (count_tensors(root) > 0) {
            return root;
        }
        for (const std::string_view key : {"state_dict", "model", "ema"}) {
            const PickleValue* nested = find(root, key);
            if (nested && count_tensors(*nested) > 0) {
                return *nested;
            }
        }
        refuse("the file holds no tensors where a state dict should be" + keys_text(root), save_state_dict);
    }

    std::string keys_text(const PickleValue& root) const
    {
        constexpr std::size_t shown = 4;
        const std::vector<PickleValue>& items = pickle_.dict_items(root);
        std::string text;
        for (std::size_t i = 0; i + 1 < items.size() && i < 2 * shown; i += 2) {
            if (items[i].kind == PickleKind::text) {
                text += (text.empty() ? " (its keys: " : ", ") + in_quotes(items[i].text());
            }
        }
        return text.empty() ? text : text + (items.size() > 2 * shown ? ", ...)" : ")");
    }

    std::vector<TensorRecord> records_of(const PickleValue& dict) const
    {
        std::vector<TensorRecord> records;
        records.reserve(count_tensors(dict));
        const std::vector<PickleValue>& items = pickle_.dict_items(dict);
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            if (items[i + 1].kind == PickleKind::tensor) {
                records.push_back(record_of(items[i], pickle_.tensor(items[i + 1])));
            }
        }
        std::vector<std::string_view> names;
        names.reserve(records.size());
        for (const TensorRecord& record : records) {
            names.push_back(record.name);
        }
        std::sort(names.begin(), names.end());
        const auto repeated = std::adjacent_find(names.begin(), names.end());
        if (repeated != names.end()) {
            refuse("the tensor " + in_quotes(*repeated) + " is there twice");
        }
        return records;
    }

    TensorRecord record_of(const PickleValue& name, const PickleTensor& tensor) const
    {
        if (name.kind != PickleKind::text || name.text().size() > max_tensor_name) {
            refuse("the name of a tensor in the state dict is not a text of sensible length");
        }
        TensorRecord record;
        record.name = name.text();
        if (tensor.dtype == c10::ScalarType::Undefined) {
            refuse("the tensor " + in_quotes(record.name) + " has an element type that is not supported",
                   "Convert it to float32, float16 or bfloat16.");
        }
        record.dtype = tensor.dtype;
        record.shape = pickle_.integers(tensor.shape);
        record.strides = pickle_.integers(tensor.strides);
        record.offset = tensor.offset;
        return record;
    }

    std::optional<ConfigValue> value_of(const PickleValue& value) const
    {
        switch (value.kind) {
            case PickleKind::boolean:
                return value.integer != 0;
            case PickleKind::integer:
                return value.integer;
            case PickleKind::real:
                return value.real;
            case PickleKind::text:
                return value.size <= max_args_text ? std::optional<ConfigValue>(std::string(value.text()))
                                                   : std::nullopt;
            case PickleKind::list:
            case PickleKind::tuple:
                return integers_of(value);
            default:
                return std::nullopt;
        }
    }

    std::optional<ConfigValue> integers_of(const PickleValue& value) const
    {
        const std::size_t count =
            value.kind == PickleKind::list ? pickle_.list_items(value).size() : value.size;
        std::vector<std::int64_t> numbers;
        for (std::size_t i = 0; i < count && i < max_rank; ++i) {
            const PickleValue& item =
                value.kind == PickleKind::list ? pickle_.list_items(value)[i] : pickle_.tuple_item(value, i);
            if (item.kind != PickleKind::integer) {
                return std::nullopt;
            }
            numbers.push_back(item.integer);
        }
        return count <= max_rank ? std::optional<ConfigValue>(std::move(numbers)) : std::nullopt;
    }

    std::optional<ConfigValues> values_of(const PickleValue& args) const
    {
        if (args.kind != PickleKind::attributes && args.kind != PickleKind::dict) {
            return std::nullopt;
        }
        ConfigValues values;
        const std::vector<PickleValue>& items = pickle_.dict_items(args);
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            if (items[i].kind != PickleKind::text || !is_config_key(items[i].text())) {
                continue;
            }
            if (std::optional<ConfigValue> value = value_of(items[i + 1])) {
                values.insert_or_assign(std::string(items[i].text()), std::move(*value));
            }
        }
        return values;
    }

    const MappedFile& file_;
    ZipDirectory zip_;
    std::string prefix_;
    Pickle pickle_;
};

}  // namespace

PytorchContents read_pytorch_file(const MappedFile& file)
{
    return PytorchReader(file).read();
}

}  // namespace duodiff
