// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/train_config.h"
#include "train_support.h"
#include "training_data.h"

#include "base/error.h"

#include "support/doctest_torch.h"
#include "support/test_paths.h"

#include <fstream>
#include <set>

using namespace duodiff;

namespace
{

using Overrides = std::vector<std::pair<std::string, std::string>>;

Failure failure_of(const std::filesystem::path& file, const Overrides& overrides = {})
{
    try {
        read_train_config(file, overrides);
    } catch (const EngineError& error) {
        return error.failure();
    }
    return {};
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what a configuration says is what it reads back as, key by key")
{
    const test::TemporaryFolder folder;
    const std::filesystem::path file = test::write_small_config(folder.path());
    const TrainConfig config = read_train_config(file, {{"optimizer.learning_rate", "3e-4"},
                                                        {"model_params.num_classes", "-1"},
                                                        {"training.label_dropout", "0"},
                                                        {"exits.backbone", "a: b #c"}});
    CHECK(config.optimizer.learning_rate == 3e-4);
    CHECK(config.model.num_classes == 0);
    CHECK(config.training.batch_size == 4);
    const std::filesystem::path again = folder / "again.yaml";
    std::ofstream(again) << train_config_yaml(config);
    const TrainConfig read = read_train_config(again, {});
    for (const TrainKey& key : train_keys()) {
        INFO(key.name);
        CHECK(key.get(read) == key.get(config));
    }
}

TEST_CASE("a wrong key is refused with the nearest one, in the file and behind --set")
{
    const test::TemporaryFolder folder;
    const std::filesystem::path file = test::write_small_config(folder.path());
    const Failure set = failure_of(file, {{"optimizer.learning_rat", "1"}});
    CHECK(set.code == ErrorCode::usage);
    CHECK(contains(set.remedy, "optimizer.learning_rate"));
    const std::filesystem::path wrong = test::write_small_config(folder.path(), "  stpes: 3\n");
    const Failure in_file = failure_of(wrong);
    CHECK(in_file.code == ErrorCode::bad_file);
    CHECK(contains(in_file.what, "training.stpes"));
    CHECK(contains(in_file.remedy, "training.steps"));
}

TEST_CASE("values that make no sense are refused in words")
{
    const test::TemporaryFolder folder;
    const std::filesystem::path file = test::write_small_config(folder.path());
    const std::vector<std::pair<Overrides, std::string>> cases = {
        {{{"training.steps", "0"}}, "at least 1"},
        {{{"training.steps", "many"}}, "'many'"},
        {{{"optimizer.learning_rate", "nan"}}, "'nan'"},
        {{{"model_params.depth", "4"}}, "even"},
        {{{"model_params.patch_size", "3"}}, "patches of 3"},
        {{{"model_params.num_heads", "3"}}, "3 heads"},
        {{{"training.accumulate", "3"}}, "3 equal parts"},
        {{{"kind", "deep"}}, "one of full, shallow, early_exit"},
        {{{"kind", "early_exit"}}, "frozen"},
        {{{"data.flip", "maybe"}}, "true or false"},
        {{{"optimizer.warmup_steps", "13"}}, "more than the 12 steps"},
        {{{"model_params.num_classes", "0"}}, "no labels to drop"},
        {{{"parametrization", "noise"}}, "predict_noise, predict_original, predict_previous"},
    };
    for (const auto& [overrides, text] : cases) {
        const Failure failure = failure_of(file, overrides);
        INFO(overrides.front().first, ": ", failure.what);
        CHECK(failure.code == ErrorCode::usage);
        CHECK(contains(failure.text(), text));
    }
}

TEST_CASE("files that are no configuration are refused")
{
    const test::TemporaryFolder folder;
    const auto refused = [&](const std::string& text) {
        const std::filesystem::path file = folder / "x.yaml";
        std::ofstream(file, std::ios::binary) << text;
        const Failure failure = failure_of(file);
        INFO(text, " -> ", failure.what);
        CHECK(failure.code == ErrorCode::bad_file);
        CHECK_FALSE(failure.what.empty());
    };
    refused("");
    refused("- 1\n- 2\n");
    refused("kind: [full]\n");
    refused("kind: full\nkind: full\n");
    refused("kind: full: shallow\n");
    refused("training:\n  steps:\n");
    refused("model_params:\n  depth: {deep: 3}\n");
    refused(std::string("kind: full\0", 11));
    CHECK(failure_of(folder / "absent.yaml").code == ErrorCode::bad_file);
    CHECK(failure_of(folder.path()).code == ErrorCode::bad_file);
}

TEST_CASE("the configurations in the tree are whole, and each pair differs in depth alone")
{
    const std::filesystem::path root = test::source_dir() / "packaging" / "training";
    int found = 0;
    for (const char* data : {"fashion-mnist", "cifar10"}) {
        const TrainConfig full = read_train_config(root / data / "full.yaml", {});
        const TrainConfig shallow = read_train_config(root / data / "shallow.yaml", {});
        const TrainConfig exits = read_train_config(root / data / "early_exit.yaml", {});
        CHECK(full.model == exits.model);
        UVitConfig same = shallow.model;
        CHECK(same.depth == 3);
        same.depth = full.model.depth;
        CHECK(same == full.model);
        CHECK(std::set<std::string>{full.output.folder, shallow.output.folder, exits.output.folder}.size() ==
              3);
        ++found;
    }
    CHECK(found == 2);
}

TEST_CASE("every key is explained in docs/training.md")
{
    const std::string text = test::file_content(test::source_dir() / "docs" / "training.md");
    for (const TrainKey& key : train_keys()) {
        INFO(key.name);
        CHECK(contains(text, "`" + key.name + "`"));
    }
}
