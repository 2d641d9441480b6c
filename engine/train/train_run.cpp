// SPDX-License-Identifier: MIT
#include "train/train_run.h"

#include "base/error.h"
#include "report/atomic_file.h"
#include "train/looking_on.h"
#include "train/loss_picture.h"
#include "train/optimizer.h"
#include "train/sample_sheet.h"
#include "train/training_data.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace duodiff
{
namespace
{

/// Steps whose figures may be on their way from a GPU, so that no step waits for it.
constexpr std::size_t pending_on_gpu = 16;
/// The loss that an explosion is measured by is a mean over about so many steps.
constexpr double usual_loss_share = 0.01;
constexpr std::int64_t steps_without_explosions = 200;

double elapsed(std::chrono::steady_clock::time_point since)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

void add_up(std::vector<double>& sums, const at::Tensor& values)
{
    if (!values.defined()) {
        return;
    }
    const at::Tensor on_cpu = values.cpu();
    sums.resize(static_cast<std::size_t>(on_cpu.numel()), 0.0);
    for (std::size_t i = 0; i < sums.size(); ++i) {
        sums[i] += static_cast<double>(on_cpu.const_data_ptr<float>()[i]);
    }
}

bool is_backbone(const std::string& name, const ModelConfig& model)
{
    const std::string prefix = backbone_prefix(model);
    return prefix.empty() ? !name.starts_with("lte_classifer.") : name.starts_with(prefix);
}

}  // namespace

TrainRun::TrainRun(const TrainConfig& config, c10::Device device, bool resume, const TrainControls& controls)
    : config_(config),
      device_(device),
      controls_(controls),
      folder_(config.output.folder),
      objective_(config, device)
{
    open_data();
    set_up_network(resume);
}

void TrainRun::say(TrainProgress progress) const
{
    if (controls_.progress) {
        progress.steps = config_.training.steps;
        controls_.progress(progress);
    }
}

void TrainRun::note(const std::string& text) const
{
    say({.kind = TrainProgress::Kind::note, .step = state_.step, .text = text});
}

void TrainRun::open_data()
{
    const auto progress = [&](std::int64_t done, std::int64_t total) {
        say({.kind = TrainProgress::Kind::preparing,
             .fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : -1.0,
             .text = "Reading the training data"});
    };
    data_ = open_training_data(config_, progress, controls_.stop);
    if (const auto& bad = data_->bad_files(); !bad.empty()) {
        note(fmt::format("{} files are left out, the first of them {}: {}", bad.size(), bad.front().file,
                         bad.front().reason));
    }
    identity_.data = data_->digest();
}

void TrainRun::set_up_network(bool resume)
{
    const ModelConfig& model = objective_.model();
    if (config_.kind == TrainKind::early_exit && !config_.exits.backbone.empty()) {
        backbone_ = read_backbone(config_.exits.backbone, config_);
        identity_.backbone = backbone_.sha256;
    }
    const bool frozen = config_.kind == TrainKind::early_exit && !config_.exits.train_backbone;
    std::vector<ParameterShape> shapes = parameter_shapes(model);
    if (frozen) {
        std::erase_if(shapes, [&](const ParameterShape& p) { return is_backbone(p.name, model); });
    }
    std::vector<std::filesystem::path> states = find_states(folder_.checkpoints());
    if (states.empty() && !config_.training.start_from.empty()) {
        backbone_ = read_backbone(config_.training.start_from, config_);
        note(fmt::format("starting from the weights of {}, SHA-256 {}", config_.training.start_from,
                         backbone_.sha256));
    }
    parameters_.emplace(shapes, device_);
    network_ = parameters_->leaves();
    initialise(network_, config_.seed);
    {
        const at::NoGradGuard no_grad;
        for (const auto& [name, tensor] : backbone_.tensors) {
            if (frozen) {
                network_.emplace(name, tensor.to(device_).clone());
            } else {
                network_.at(name).copy_(tensor);
            }
        }
        if (!backbone_.tensors.empty()) {
            start_heads(network_, model);
        }
        at::Tensor average = parameters_->average();
        average.copy_(parameters_->values());
    }
    resume_or_start(resume, std::move(states));
}

void TrainRun::resume_or_start(bool resume, std::vector<std::filesystem::path> states)
{
    if (!resume && !states.empty()) {
        throw EngineError(ErrorCode::usage, "this folder holds a training run already",
                          folder_.path().string(),
                          "Go on with it with --resume, or choose another output.folder.");
    }
    while (!states.empty()) {
        try {
            const Resumed resumed = read_state(states.back(), *parameters_, config_, identity_);
            state_ = resumed.state;
            last_checkpoint_ = states.back();
            for (const std::string& text : resumed.notes) {
                note(text);
            }
            break;
        } catch (const EngineError& error) {
            if (error.code() != ErrorCode::bad_file || states.size() == 1) {
                throw;
            }
            note(fmt::format("{}; going back to the checkpoint before", error.failure().text()));
            states.pop_back();
        }
    }
    if (resume && states.empty()) {
        note("there is no checkpoint yet: this run starts from the beginning");
    }
    log_ = std::make_unique<LogFile>(folder_.log(), state_.step);
    write_file_atomically(folder_.config(), train_config_yaml(config_));
    loader_ = std::make_unique<BatchLoader>(data_,
                                            LoaderSettings{.seed = config_.seed,
                                                           .batch = config_.training.batch_size,
                                                           .flip = config_.data.flip,
                                                           .threads = 1,
                                                           .prefetch = 4},
                                            state_.step);
}

TrainRun::Pending TrainRun::train_step(std::int64_t step)
{
    Batch batch = loader_->next();
    const std::int64_t parts = config_.training.accumulate;
    const std::int64_t part_size = batch.count / parts;
    const at::Tensor images = at::from_blob(
        batch.images.data(),
        {batch.count, config_.model.in_chans, config_.model.img_size, config_.model.img_size}, at::kFloat);
    const at::Tensor labels = at::from_blob(batch.labels.data(), {batch.count}, at::kLong);
    at::Tensor gradients = parameters_->gradients();
    gradients.zero_();

    Pending pending;
    pending.step = step;
    pending.indices = batch.indices;
    pending.loss = at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device_));
    std::vector<at::Tensor> t;
    std::vector<at::Tensor> image_loss;
    for (std::int64_t k = 0; k < parts; ++k) {
        const std::int64_t first = k * part_size;
        const NoisyBatch noisy = objective_.add_noise(images.narrow(0, first, part_size),
                                                      labels.narrow(0, first, part_size), step, first);
        const LossParts loss = objective_(network_, noisy);
        const at::Tensor share = loss.total / static_cast<double>(parts);
        share.backward();
        const auto sum = [&](at::Tensor& into, const at::Tensor& value) {
            if (value.defined()) {
                const at::Tensor scaled = value.detach() / static_cast<double>(parts);
                into = into.defined() ? into + scaled : scaled;
            }
        };
        pending.loss = pending.loss + share.detach();
        sum(pending.layer_loss, loss.layer_loss);
        sum(pending.uncertainty_error, loss.uncertainty_error);
        t.push_back(noisy.input.t);
        image_loss.push_back(loss.image_loss);
    }
    pending.gradient_norm = update(*parameters_, config_, step);
    pending.t = at::cat(t);
    pending.image_loss = at::cat(image_loss);
    return pending;
}

void TrainRun::check_loss(const Pending& pending, double loss, double norm)
{
    const bool finite = std::isfinite(loss) && std::isfinite(norm);
    const double factor = config_.training.explosion_factor;
    const bool exploded = factor > 0.0 && state_.usual_loss > 0.0 &&
                          pending.step >= steps_without_explosions && loss > factor * state_.usual_loss;
    if (finite && !exploded) {
        state_.usual_loss = state_.usual_loss > 0.0
                                ? state_.usual_loss + usual_loss_share * (loss - state_.usual_loss)
                                : loss;
        return;
    }
    const std::size_t shown = std::min<std::size_t>(8, pending.indices.size());
    const std::string batch =
        fmt::format("{}{}",
                    fmt::join(pending.indices.begin(),
                              pending.indices.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                    shown < pending.indices.size() ? ", ..." : "");
    throw EngineError(
        ErrorCode::failed,
        fmt::format("the training broke down: at step {} the loss is {:.4g} and the norm of the gradients "
                    "{:.4g}{}; its batch is the examples {}",
                    pending.step + 1, loss, norm,
                    finite ? fmt::format(", where {:.4g} is usual for the loss", state_.usual_loss) : "",
                    batch),
        config_.output.folder,
        last_checkpoint_.empty()
            ? std::string("There is no checkpoint yet: lower optimizer.learning_rate and start again.")
            : fmt::format("The last good checkpoint is {}. Train anew with a lower optimizer.learning_rate "
                          "or a smaller optimizer.gradient_clip.",
                          last_checkpoint_.string()));
}

void TrainRun::take_in(const Pending& pending)
{
    const double loss = pending.loss.item<double>();
    const double norm = pending.gradient_norm.item<double>();
    check_loss(pending, loss, norm);
    LogWindow& window = state_.window;
    const at::Tensor t = pending.t.cpu();
    const at::Tensor image_loss = pending.image_loss.cpu();
    const auto schedule_steps = static_cast<std::size_t>(config_.schedule.steps);
    for (std::int64_t i = 0; i < t.numel(); ++i) {
        const auto bucket =
            static_cast<std::size_t>(t.const_data_ptr<std::int64_t>()[i]) * timestep_buckets / schedule_steps;
        window.bucket_loss[bucket] += static_cast<double>(image_loss.const_data_ptr<float>()[i]);
        window.bucket_images[bucket] += 1.0;
    }
    window.steps += 1.0;
    window.images += static_cast<double>(t.numel());
    window.loss += loss;
    window.gradient_norm += norm;
    add_up(window.layer_loss, pending.layer_loss);
    add_up(window.uncertainty_error, pending.uncertainty_error);
    last_loss_ = loss;
}

void TrainRun::take_in_all()
{
    for (; !pending_.empty(); pending_.pop_front()) {
        take_in(pending_.front());
    }
}

double TrainRun::seconds_now() const
{
    return seconds_before_ + elapsed(sitting_start_);
}

void TrainRun::log_step()
{
    take_in_all();
    state_.window.seconds += elapsed(window_start_);
    const LogLine line =
        summarise(state_.window, state_.step, learning_rate_at(config_, state_.step - 1), seconds_now());
    log_->add(line);
    state_.window = {};
    window_start_ = Clock::now();
    say({.kind = TrainProgress::Kind::logged, .step = state_.step, .curves = line});
}

Tensors TrainRun::averaged_network() const
{
    Tensors tensors = parameters_->parts_of(parameters_->average());
    for (const auto& [name, tensor] : network_) {
        tensors.emplace(name, tensor);
    }
    return to_file_names(tensors, objective_.model());
}

void TrainRun::draw_samples()
{
    const std::filesystem::path file = folder_.sample(state_.step);
    const TrainExitCurve exits =
        write_sample_sheet(file, averaged_network(), config_, device_, controls_.stop);
    if (!controls_.stop.stop_requested()) {
        if (!exits.layers.empty()) {
            std::filesystem::path curve = file;
            write_exit_curve(curve.replace_extension(".json"), exits);
        }
        say({.kind = TrainProgress::Kind::sampled, .step = state_.step, .file = file, .exits = exits});
    }
}

void TrainRun::write_network()
{
    write_weights(folder_.weights(config_.kind), averaged_network(), objective_.model(),
                  {{"step", std::to_string(state_.step)},
                   {"data_digest", identity_.data},
                   {"parametrization", std::string(to_string(config_.parametrization))},
                   {"label_dropout", fmt::format("{}", config_.training.label_dropout)}});
    write_file_atomically(
        folder_.loss_picture(),
        loss_picture(read_log(folder_.log()), fmt::format("Training: {}", to_string(config_.kind))));
}

void TrainRun::save()
{
    take_in_all();
    state_.seconds = seconds_now();
    state_.window.seconds += elapsed(window_start_);
    window_start_ = Clock::now();
    log_->sync();
    const std::filesystem::path file = state_path(folder_.checkpoints(), state_.step);
    write_state(file, *parameters_, state_, config_, identity_);
    last_checkpoint_ = file;
    forget_old_states(folder_.checkpoints(), config_.output.keep);
    write_network();
    say({.kind = TrainProgress::Kind::saved, .step = state_.step, .file = file});
}

TrainResult TrainRun::result() const
{
    return {.step = state_.step,
            .steps = config_.training.steps,
            .finished = state_.step >= config_.training.steps,
            .seconds = seconds_now(),
            .loss = log_->last_loss(),
            .weights = folder_.weights(config_.kind),
            .checkpoint = last_checkpoint_};
}

TrainResult TrainRun::run()
{
    sitting_start_ = window_start_ = Clock::now();
    seconds_before_ = state_.seconds;
    say({.kind = TrainProgress::Kind::started, .step = state_.step, .folder = folder_.path()});
    const TrainConfig::Output& output = config_.output;
    const std::size_t may_be_pending = device_.is_cpu() ? 0 : pending_on_gpu;
    std::int64_t saved_at = last_checkpoint_.empty() ? -1 : state_.step;

    while (state_.step < config_.training.steps && !controls_.stop.stop_requested()) {
        if (controls_.pause && controls_.pause->is_paused()) {
            const auto held = controls_.pause->wait_while_paused(controls_.stop);
            sitting_start_ += std::chrono::duration_cast<Clock::duration>(held);
            window_start_ += std::chrono::duration_cast<Clock::duration>(held);
            continue;
        }
        const auto start = Clock::now();
        pending_.push_back(train_step(state_.step));
        while (pending_.size() > may_be_pending) {
            take_in(pending_.front());
            pending_.pop_front();
        }
        ++state_.step;
        const double now = static_cast<double>(config_.training.batch_size) / std::max(1e-9, elapsed(start));
        speed_ = speed_ > 0.0 ? speed_ + 0.05 * (now - speed_) : now;
        const auto left =
            static_cast<double>((config_.training.steps - state_.step) * config_.training.batch_size);
        say({.kind = TrainProgress::Kind::step,
             .step = state_.step,
             .loss = last_loss_,
             .images_per_second = speed_,
             .seconds_left = left / speed_});
        const bool last = state_.step == config_.training.steps;
        if (state_.step % output.log_every == 0 || last) {
            log_step();
        }
        if (output.sample_every > 0 && (state_.step % output.sample_every == 0 || last)) {
            draw_samples();
        }
        if (state_.step % output.checkpoint_every == 0 || last) {
            save();
            saved_at = state_.step;
        }
    }
    if (saved_at != state_.step) {
        save();
    } else {
        write_network();
    }
    return result();
}

}  // namespace duodiff
