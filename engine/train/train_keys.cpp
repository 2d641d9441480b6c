// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "checkpoint/config_sources.h"
#include "train/train_config.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace duodiff
{
namespace
{

[[noreturn]] void refuse(const std::string& text, const std::string& right)
{
    throw EngineError(ErrorCode::usage, fmt::format("'{}' is not {}", text, right));
}

template <class Number>
std::optional<Number> parse(const std::string& text)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

bool is_yes(const std::string& text)
{
    return text == "true" || text == "True" || text == "yes" || text == "on";
}

bool is_no(const std::string& text)
{
    return text == "false" || text == "False" || text == "no" || text == "off";
}

/// Shortest text that reads back as the same number.
std::string number_text(double value)
{
    return fmt::format("{}", value);
}

struct Range {
    double least;
    double most = std::numeric_limits<double>::infinity();
};

/// Collects the keys; `field` gives the place of a value in a configuration.
class KeyList
{
public:
    explicit KeyList(std::vector<TrainKey>& keys) : keys_(keys) {}

    template <class Field>
    void integer(const char* name, Field field, std::int64_t least, bool may_change = false)
    {
        constexpr std::int64_t most = 1'000'000'000;
        keys_.push_back({name,
                         [=](TrainConfig& config, const std::string& text) {
                             const auto value = parse<std::int64_t>(text);
                             if (!value || *value < least || *value > most) {
                                 refuse(text, fmt::format("a whole number of at least {}", least));
                             }
                             field(config) = *value;
                         },
                         [=](const TrainConfig& config) { return fmt::format("{}", copy(config, field)); },
                         may_change});
    }
    template <class Field>
    void seed(const char* name, Field field, bool may_change = false)
    {
        keys_.push_back({name,
                         [=](TrainConfig& config, const std::string& text) {
                             const auto value = parse<std::uint64_t>(text);
                             if (!value) {
                                 refuse(text, "a whole number from 0 to 2^64 - 1");
                             }
                             field(config) = *value;
                         },
                         [=](const TrainConfig& config) { return fmt::format("{}", copy(config, field)); },
                         may_change});
    }
    template <class Field>
    void real(const char* name, Field field, Range range, bool may_change = false)
    {
        keys_.push_back(
            {name,
             [=](TrainConfig& config, const std::string& text) {
                 const auto value = parse<double>(text);
                 if (!value || !std::isfinite(*value) || *value < range.least || *value > range.most) {
                     refuse(text, std::isfinite(range.most)
                                      ? fmt::format("a number from {} to {}", range.least, range.most)
                                      : fmt::format("a number of at least {}", range.least));
                 }
                 field(config) = *value;
             },
             [=](const TrainConfig& config) { return number_text(copy(config, field)); }, may_change});
    }
    template <class Field>
    void flag(const char* name, Field field, bool may_change = false)
    {
        keys_.push_back({name,
                         [=](TrainConfig& config, const std::string& text) {
                             if (!is_yes(text) && !is_no(text)) {
                                 refuse(text, "true or false");
                             }
                             field(config) = is_yes(text);
                         },
                         [=](const TrainConfig& config) { return copy(config, field) ? "true" : "false"; },
                         may_change});
    }
    template <class Field>
    void text(const char* name, Field field, bool may_change = false)
    {
        keys_.push_back({name, [=](TrainConfig& config, const std::string& value) { field(config) = value; },
                         [=](const TrainConfig& config) { return std::string(copy(config, field)); },
                         may_change});
    }
    /// One of the names that `name_of` gives `choices`.
    template <class Field, class Choice, class NameOf>
    void choice(const char* name, Field field, std::vector<Choice> choices, NameOf name_of,
                bool may_change = false)
    {
        keys_.push_back({name,
                         [=](TrainConfig& config, const std::string& value) {
                             std::string names;
                             for (const Choice& one : choices) {
                                 if (name_of(one) == value) {
                                     field(config) = one;
                                     return;
                                 }
                                 names += (names.empty() ? "" : ", ") + std::string(name_of(one));
                             }
                             refuse(value, "one of " + names);
                         },
                         [=](const TrainConfig& config) { return std::string(name_of(copy(config, field))); },
                         may_change});
    }

private:
    template <class Field>
    static auto copy(const TrainConfig& config, Field field)
    {
        TrainConfig same = config;
        return field(same);
    }

    std::vector<TrainKey>& keys_;
};

constexpr bool free_to_change = true;

void add_model_keys(KeyList& keys)
{
    using C = TrainConfig;
    keys.integer(
        "model_params.img_size", [](C & c) -> auto& { return c.model.img_size; }, 1);
    keys.integer(
        "model_params.patch_size", [](C & c) -> auto& { return c.model.patch_size; }, 1);
    keys.integer(
        "model_params.in_chans", [](C & c) -> auto& { return c.model.in_chans; }, 1);
    keys.integer(
        "model_params.embed_dim", [](C & c) -> auto& { return c.model.embed_dim; }, 2);
    keys.integer(
        "model_params.depth", [](C & c) -> auto& { return c.model.depth; }, 1);
    keys.integer(
        "model_params.num_heads", [](C & c) -> auto& { return c.model.num_heads; }, 1);
    keys.real("model_params.mlp_ratio", [](C & c) -> auto& { return c.model.mlp_ratio; }, {0.01, 100.0});
    keys.flag(
        "model_params.qkv_bias", [](C & c) -> auto& { return c.model.qkv_bias; });
    keys.flag(
        "model_params.mlp_time_embed", [](C & c) -> auto& { return c.model.mlp_time_embed; });
    keys.integer(
        "model_params.num_classes", [](C & c) -> auto& { return c.model.num_classes; }, -1);
    keys.flag(
        "model_params.normalize_timesteps", [](C & c) -> auto& { return c.model.normalize_timesteps; });

    using Kind = ScheduleConfig::Kind;
    keys.choice(
        "schedule.kind", [](C & c) -> auto& { return c.schedule.kind; },
        std::vector{Kind::linear, Kind::scaled_linear},
        [](Kind kind) -> std::string_view { return kind == Kind::linear ? "linear" : "scaled_linear"; });
    keys.real("schedule.beta_start", [](C & c) -> auto& { return c.schedule.beta_start; }, {1e-9, 0.999});
    keys.real("schedule.beta_end", [](C & c) -> auto& { return c.schedule.beta_end; }, {1e-9, 0.999});
}

void add_data_keys(KeyList& keys)
{
    using C = TrainConfig;
    keys.text(
        "data.path", [](C & c) -> auto& { return c.data.path; }, free_to_change);
    keys.choice(
        "data.format", [](C & c) -> auto& { return c.data.format; },
        std::vector<std::string>{"automatic", "image_folder", "cifar10", "idx", "latents"},
        [](const std::string& name) { return name; }, free_to_change);
    keys.flag(
        "data.flip", [](C & c) -> auto& { return c.data.flip; });
    keys.integer(
        "data.limit", [](C & c) -> auto& { return c.data.limit; }, 0);
    keys.flag(
        "data.strict", [](C & c) -> auto& { return c.data.strict; }, free_to_change);
    keys.integer(
        "data.threads", [](C & c) -> auto& { return c.data.threads; }, 1, free_to_change);

    keys.choice(
        "exits.classifier_type", [](C & c) -> auto& { return c.exits.probe; },
        std::vector{ProbeKind::mlp_per_layer, ProbeKind::mlp_per_timestep,
                    ProbeKind::mlp_per_layer_per_timestep, ProbeKind::attention, ProbeKind::certainty_map},
        [](ProbeKind kind) { return to_string(kind); });
    keys.text(
        "exits.backbone", [](C & c) -> auto& { return c.exits.backbone; }, free_to_change);
    keys.flag(
        "exits.train_backbone", [](C & c) -> auto& { return c.exits.train_backbone; });
    keys.real("exits.uncertainty_weight", [](C & c) -> auto& { return c.exits.uncertainty_weight; }, {0.0});
    keys.real("exits.exit_weight", [](C & c) -> auto& { return c.exits.exit_weight; }, {0.0});
    keys.real("exits.unweighted_weight", [](C & c) -> auto& { return c.exits.unweighted_weight; }, {0.0});
}

void add_training_keys(KeyList& keys)
{
    using C = TrainConfig;
    keys.real("optimizer.learning_rate", [](C & c) -> auto& { return c.optimizer.learning_rate; },
              {0.0, 1.0});
    keys.real("optimizer.beta1", [](C & c) -> auto& { return c.optimizer.beta1; }, {0.0, 0.9999});
    keys.real("optimizer.beta2", [](C & c) -> auto& { return c.optimizer.beta2; }, {0.0, 0.999999});
    keys.real("optimizer.eps", [](C & c) -> auto& { return c.optimizer.eps; }, {1e-16, 1.0});
    keys.real("optimizer.weight_decay", [](C & c) -> auto& { return c.optimizer.weight_decay; }, {0.0, 10.0});
    keys.integer(
        "optimizer.warmup_steps", [](C & c) -> auto& { return c.optimizer.warmup_steps; }, 0);
    keys.choice(
        "optimizer.decay", [](C & c) -> auto& { return c.optimizer.decay; },
        std::vector{RateDecay::cosine, RateDecay::constant},
        [](RateDecay decay) -> std::string_view {
            return decay == RateDecay::cosine ? "cosine" : "constant";
        });
    keys.real("optimizer.final_learning_rate", [](C & c) -> auto& { return c.optimizer.final_learning_rate; },
              {0.0, 1.0});
    keys.real("optimizer.gradient_clip", [](C & c) -> auto& { return c.optimizer.gradient_clip; }, {0.0});

    keys.integer(
        "training.steps", [](C & c) -> auto& { return c.training.steps; }, 1, free_to_change);
    keys.text(
        "training.start_from", [](C & c) -> auto& { return c.training.start_from; });
    keys.integer(
        "training.batch_size", [](C & c) -> auto& { return c.training.batch_size; }, 1);
    keys.integer(
        "training.accumulate", [](C & c) -> auto& { return c.training.accumulate; }, 1);
    keys.real("training.ema_decay", [](C & c) -> auto& { return c.training.ema_decay; }, {0.0, 0.9999999});
    keys.real("training.label_dropout", [](C & c) -> auto& { return c.training.label_dropout; }, {0.0, 1.0});
    keys.choice(
        "training.precision", [](C & c) -> auto& { return c.training.precision; },
        std::vector{Precision::automatic, Precision::fp32, Precision::bf16},
        [](Precision precision) { return to_string(precision); });
    keys.text(
        "training.device", [](C & c) -> auto& { return c.training.device; }, free_to_change);
    keys.integer(
        "training.threads", [](C & c) -> auto& { return c.training.threads; }, 0, free_to_change);
    keys.real(
        "training.explosion_factor", [](C & c) -> auto& { return c.training.explosion_factor; }, {0.0},
        free_to_change);
}

void add_output_keys(KeyList& keys)
{
    using C = TrainConfig;
    keys.text(
        "output.folder", [](C & c) -> auto& { return c.output.folder; }, free_to_change);
    keys.integer(
        "output.log_every", [](C & c) -> auto& { return c.output.log_every; }, 1, free_to_change);
    keys.integer(
        "output.checkpoint_every", [](C & c) -> auto& { return c.output.checkpoint_every; }, 1,
        free_to_change);
    keys.integer(
        "output.keep", [](C & c) -> auto& { return c.output.keep; }, 1, free_to_change);
    keys.integer(
        "output.sample_every", [](C & c) -> auto& { return c.output.sample_every; }, 0, free_to_change);
    keys.integer(
        "output.sample_count", [](C & c) -> auto& { return c.output.sample_count; }, 1, free_to_change);
    keys.integer(
        "output.sample_steps", [](C & c) -> auto& { return c.output.sample_steps; }, 1, free_to_change);
    keys.seed(
        "output.sample_seed", [](C & c) -> auto& { return c.output.sample_seed; }, free_to_change);
}

std::vector<TrainKey> make_keys()
{
    using C = TrainConfig;
    std::vector<TrainKey> all;
    KeyList keys(all);
    keys.choice(
        "kind", [](C & c) -> auto& { return c.kind; },
        std::vector{TrainKind::full, TrainKind::shallow, TrainKind::early_exit},
        [](TrainKind kind) { return to_string(kind); });
    keys.choice(
        "parametrization", [](C & c) -> auto& { return c.parametrization; },
        std::vector{Parametrization::predict_noise, Parametrization::predict_original,
                    Parametrization::predict_previous},
        [](Parametrization kind) { return to_string(kind); });
    keys.seed(
        "seed", [](C & c) -> auto& { return c.seed; });
    add_model_keys(keys);
    add_data_keys(keys);
    add_training_keys(keys);
    add_output_keys(keys);
    return all;
}

}  // namespace

const std::vector<TrainKey>& train_keys()
{
    static const std::vector<TrainKey> keys = make_keys();
    return keys;
}

}  // namespace duodiff
