// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "progress_line.h"
#include "repeat.h"
#include "run_folder.h"
#include "run_progress.h"
#include "sample_summary.h"
#include "settings_options.h"
#include "values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace duodiff::cli
{
namespace
{

constexpr const char* examples = R"(Examples:
  duodiff sample --model models/fashion-mnist --out out/full
  duodiff sample --model models/fashion-mnist --policy duodiff --switch-step 300 --out out/duodiff
  duodiff sample --model models/fashion-mnist --policy adadiff --threshold 0.03 --class bag --out out/bags
  duodiff sample --from out/bags/0003.png --out out/again)";

struct SampleRequest {
    ModelSource source;
    SettingsChanges changes;
    std::string classes;
    std::filesystem::path out;
    std::filesystem::path save_tensors;
    std::filesystem::path from;
    bool allow_other_model = false;
    bool json = false;
    bool plot = false;
};

void add_output_options(CLI::App& parser, SampleRequest& request)
{
    const std::string group = "Output";
    parser
        .add_option("--out", request.out,
                    "Folder for the images, the grid, run.json, steps.csv and report.html; an "
                    "earlier run in it is replaced")
        ->type_name("DIR")
        ->group(group);
    add_checked(parser, "--save-steps", "T,T,...", "Timesteps 0..999 whose x_t are written too",
                [&](const auto& text) {
                    const auto steps = read_integers("--save-steps", text, 0, 999);
                    request.changes.add("--save-steps",
                                        [steps](SamplingSettings& s) { s.save_steps = steps; });
                })
        ->group(group);
    parser
        .add_option("--save-tensors", request.save_tensors,
                    "Write samples, exit layers, uncertainties and timesteps as safetensors")
        ->type_name("FILE")
        ->group(group);
    parser.add_flag("--json", request.json, "Print the result as one JSON object")->group(group);
    parser.add_flag("--plot", request.plot, "Print the exit layer of each step as a curve")->group(group);
}

void add_repeat_options(CLI::App& parser, SampleRequest& request)
{
    const std::string group = "Repeating";
    parser
        .add_option("--from", request.from,
                    "Repeat the run of an image or a run.json to the same pixels; options given beside it "
                    "change it")
        ->type_name("FILE")
        ->group(group);
    parser
        .add_flag("--allow-other-model", request.allow_other_model,
                  "With --from: take a model with other weights than the run's")
        ->group(group);
}

std::unique_ptr<CLI::App> sample_parser(SampleRequest& request)
{
    auto owned =
        make_parser("Make images, and a record of how much of the network each step used.", "duodiff sample");
    CLI::App& parser = *owned;
    add_model_options(parser, request.source);
    add_policy_options(parser, request.changes);
    add_run_options(parser, request.changes);
    add_checked(parser, "--class", "NAME,N,...",
                "Classes by name or number, given to the images in turn; default: every class in turn",
                [&](const std::string& text) {
                    if (trimmed(text).empty()) {
                        throw EngineError(ErrorCode::usage, "the list is empty", "--class");
                    }
                    request.classes = text;
                })
        ->group("Sampling");
    add_checked(parser, "--compat", "NAME",
                "reference: the noise stream and the quirks of the DuoDiff authors' program; none (default)",
                [&](const std::string& text) {
                    const auto compat = read_choice<Compat>("--compat", text, all_compats);
                    request.changes.add("--compat", [compat](SamplingSettings& s) { s.compat = compat; });
                })
        ->group("Sampling");
    add_output_options(parser, request);
    add_repeat_options(parser, request);
    parser.footer(examples);
    return owned;
}

/// Feeds the progress line, keeps what is finished and the trace, and replays moved parameters.
class SampleSink : public FrameSink
{
public:
    SampleSink(const SamplingSettings& settings, const ModelInfo& info, ProgressLine& line,
               const MovedParameters& moved)
        : progress_(settings, info.summary.depth, info.summary.shallow_depth), line_(line), moved_(moved)
    {
        record_.settings = settings;
        record_.model = info.summary;
        live_.threshold = settings.threshold;
        live_.switch_step = settings.switch_step;
        live_.exit_layer = settings.exit_layer;
        replay_parameters(moved_, settings, 0, 0, live_);
    }

    void on_frame(Frame&& frame) override
    {
        progress_.add(frame);
        const bool last_of_batch = frame.step + 1 >= record_.settings.steps;
        replay_parameters(moved_, record_.settings, frame.batch + (last_of_batch ? 1 : 0),
                          last_of_batch ? 0 : frame.step + 1, live_);
        frame.uncertainty.clear();
        record_.add(frame);
        if (line_.enabled()) {
            line_.show(progress_.text());
        }
    }

    void on_batch_finished(int /*batch*/, const std::vector<FinishedImage>& images) override
    {
        for (const FinishedImage& image : images) {
            kept_.push_back(kept_image(image));
        }
        progress_.batch_finished(static_cast<int>(images.size()));
        if (line_.enabled()) {
            line_.show(progress_.text());
        }
    }

    const LiveParameters* live() const { return moved_.empty() ? nullptr : &live_; }
    const std::vector<KeptImage>& kept() const { return kept_; }
    RunRecord& record() { return record_; }

private:
    RunProgress progress_;
    ProgressLine& line_;
    const MovedParameters& moved_;
    LiveParameters live_;
    RunRecord record_;
    std::vector<KeptImage> kept_;
};

/// Values that the model knows better than the program's defaults, where nothing was asked for.
void take_model_defaults(SamplingSettings& settings, const SettingsChanges& changes, const ModelInfo& info)
{
    if (!changes.given("--switch-step")) {
        settings.switch_step = info.switch_step_default;
    }
    if (!changes.given("--threshold")) {
        settings.threshold = info.threshold_default;
    }
}

void take_model_of(const ModelSummary& earlier, ModelSource& source)
{
    if (source.model.empty()) {
        source.model = earlier.path;
        const auto take = [](std::filesystem::path& path, const std::string& recorded) {
            if (path.empty()) {
                path = recorded;
            }
        };
        take(source.late_model, earlier.late_path);
        take(source.config, earlier.config_path);
        take(source.late_config, earlier.late_config_path);
        std::error_code ignored;
        if (!std::filesystem::exists(source.model, ignored)) {
            throw EngineError(ErrorCode::bad_file, "the model of that run is no longer there",
                              source.model.string(), "Say where it is now with --model.");
        }
    }
}

/// Whether the recorded course of theta or t_s still belongs to the settings.
bool follows_recorded_course(const SettingsChanges& changes)
{
    const auto options = {"--policy",  "--switch-step", "--threshold", "--exit-layer",
                          "--sampler", "--steps",       "--batch",     "--count"};
    return std::none_of(options.begin(), options.end(),
                        [&](const char* option) { return changes.given(option); });
}

void note(const Context& context, const std::string& text)
{
    context.err << "note: " << text << '\n';
}

struct PreparedRun {
    SamplingSettings settings;
    std::optional<EarlierRun> earlier;
    MovedParameters moved;
    std::vector<EarlierClasses> earlier_classes;
};

/// All that can be said about the settings before a model is open.
PreparedRun prepare(const Context& context, SampleRequest& request)
{
    PreparedRun run;
    if (!request.from.empty()) {
        run.earlier = read_earlier_run(request.from);
        run.settings = run.earlier->settings;
        take_model_of(run.earlier->model, request.source);
    }
    request.changes.apply(run.settings);
    if (!request.changes.given("--steps") && (!run.earlier || request.changes.given("--sampler"))) {
        run.settings.steps = default_steps(run.settings.solver);
    }
    if (run.settings.policy == PolicyKind::static_layer && !run.earlier &&
        !request.changes.given("--exit-layer")) {
        throw EngineError(ErrorCode::usage, "--policy static needs --exit-layer");
    }
    const auto unread = options_without_effect(request.changes, run.settings);
    if (!unread.empty()) {
        note(context, fmt::format("{} has no effect with --policy {}", joined(unread),
                                  to_string(run.settings.policy)));
    }
    if (run.earlier && follows_recorded_course(request.changes)) {
        run.moved = run.earlier->moved;
        if (run.earlier->moved_is_partial) {
            note(context,
                 "values were moved during that run, and an image only knows those of its own batch; "
                 "its run.json repeats all of them");
        }
    }
    if (run.earlier && !run.earlier->earlier_classes.empty()) {
        if (follows_recorded_course(request.changes) && request.classes.empty()) {
            run.earlier_classes = run.earlier->earlier_classes;
        } else {
            note(context,
                 "classes were changed during that run; with other options only the last ones are used");
        }
    }
    return run;
}

ModelInfo open_model(const Context& context, Engine& engine, const ModelSource& source)
{
    ProgressLine line(context.err, context.hooks.terminal);
    return engine.open(source, job_progress(context, line), context.hooks.stop);
}

/// What only the open model can tell about the settings.
void fit_to_model(const Context& context, const SampleRequest& request, const ModelInfo& info,
                  const Engine& engine, PreparedRun& run)
{
    if (!run.earlier) {
        take_model_defaults(run.settings, request.changes, info);
    } else if (!request.allow_other_model) {
        require_same_model(run.earlier->model, info.summary, run.settings.policy);
    }
    if (!request.classes.empty()) {
        run.settings.classes =
            read_classes("--class", request.classes, info.num_classes, info.summary.class_names);
    }
    auto failure = engine.check(run.settings);
    if (failure && run.earlier && run.earlier->device_was_automatic && run.settings.device != "cpu" &&
        !request.changes.given("--device")) {
        const std::string absent = std::exchange(run.settings.device, "auto");
        failure = engine.check(run.settings);
        if (!failure) {
            note(context,
                 fmt::format("that run was made on {}, which is not here; pixels may differ by roundings",
                             absent));
        }
    }
    if (failure) {
        throw EngineError(*failure);
    }
}

/// The record of a bare pair has to name both files, or it could not be repeated.
void name_source(ModelSummary& model, const ModelSource& source)
{
    const auto absolute = [](const std::filesystem::path& path) {
        std::error_code error;
        const auto full = std::filesystem::absolute(path, error);
        return path.empty() || error ? path.string() : full.lexically_normal().string();
    };
    model.path = absolute(source.model);
    model.late_path = absolute(source.late_model);
    model.config_path = absolute(source.config);
    model.late_config_path = absolute(source.late_config);
}

std::vector<int> steps_not_saved(const SamplingSettings& settings, const std::vector<SavedState>& saved)
{
    std::vector<int> missing;
    for (const int t : settings.save_steps) {
        if (std::none_of(saved.begin(), saved.end(), [t](const SavedState& state) { return state.t == t; })) {
            missing.push_back(t);
        }
    }
    return missing;
}

/// A latent model without its autoencoder has pictures too, but not those that a person expects.
void tell_of_latents(const Context& context, const RunOutcome& outcome)
{
    const auto is_latent = [](const auto& image) { return image.channels != 1 && image.channels != 3; };
    if (!outcome.images.empty() && is_latent(outcome.images.front())) {
        note(context, fmt::format("this model makes latents of {} channels, and the pictures show the first "
                                  "of them; a pack with an autoencoder decodes them",
                                  outcome.images.front().channels));
    } else if (!outcome.saved.empty() && is_latent(outcome.saved.front())) {
        note(context, "the saved steps are latents, and their pictures show the first three channels");
    }
}

/// A run that broke off after some batches: what they made is worth keeping.
void keep_after_failure(const Context& context, const RunFolder& folder, SampleSink& sink)
{
    if (sink.kept().empty()) {
        return;
    }
    sink.record().state = RunState::failed;
    folder.write(sink.record(), sink.kept(), {});
    note(context, fmt::format("the {} images that were finished are kept in {}", sink.kept().size(),
                              folder.path().string()));
}

int finish(const Context& context, const SampleRequest& request, const RunFolder& folder, RunOutcome& outcome)
{
    name_source(outcome.record.model, request.source);
    std::vector<KeptImage> images;
    std::transform(outcome.images.begin(), outcome.images.end(), std::back_inserter(images), kept_image);
    folder.write(outcome.record, images, outcome.saved);
    tell_of_latents(context, outcome);
    if (!request.save_tensors.empty()) {
        context.hooks.save_tensors(request.save_tensors, outcome);
    }
    const SampleResult result{outcome.record, folder.path(), request.save_tensors};
    if (request.json) {
        print_json(context.out, sample_json(result));
    } else {
        print_sample(context, result, request.plot);
    }
    if (outcome.record.state != RunState::cancelled) {
        const auto missing = steps_not_saved(outcome.record.settings, outcome.saved);
        if (!missing.empty()) {
            note(context, fmt::format("this run has no step at t = {}; nothing was saved for it",
                                      fmt::join(missing, ", ")));
        }
        return 0;
    }
    context.err << fmt::format("interrupted: {} of {} images were finished and are kept in {}\n",
                               images.size(), outcome.record.settings.count, folder.path().string());
    return exit_status(ErrorCode::cancelled);
}

}  // namespace

int sample_command(const Context& context, const Arguments& arguments)
{
    SampleRequest request;
    const auto parser = sample_parser(request);
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, request.from.empty() ? std::vector<std::string>{"--model", "--out"}
                                                  : std::vector<std::string>{"--out"});
    PreparedRun run = prepare(context, request);
    require_model_files(request.source);
    const RunFolder folder(request.out);
    if (!request.save_tensors.empty()) {
        require_writable_file("--save-tensors", request.save_tensors);
    }

    context.hooks.watch_stop();
    const auto engine = context.hooks.make_engine();
    ModelInfo info = open_model(context, *engine, request.source);
    name_source(info.summary, request.source);
    fit_to_model(context, request, info, *engine, run);

    ProgressLine line(context.err, context.hooks.terminal);
    SampleSink sink(run.settings, info, line, run.moved);
    RunOutcome outcome;
    try {
        SampleOptions options;
        options.earlier_classes = run.earlier_classes;
        outcome = engine->sample(run.settings, 1, sink, {context.hooks.stop, nullptr}, sink.live(), options);
    } catch (const EngineError&) {
        line.end();
        keep_after_failure(context, folder, sink);
        throw;
    }
    line.end();
    return finish(context, request, folder, outcome);
}

}  // namespace duodiff::cli
