// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "progress_line.h"
#include "values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace duodiff::cli
{
namespace
{

/// "3 h 12 min", "41 s"
std::string duration_text(double seconds)
{
    const auto whole = static_cast<std::int64_t>(std::lround(std::max(0.0, seconds)));
    if (whole >= 3600) {
        return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
    }
    return whole >= 60 ? fmt::format("{} min {:02} s", whole / 60, whole % 60) : fmt::format("{} s", whole);
}

std::pair<std::string, std::string> read_override(const std::string& text)
{
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw EngineError(ErrorCode::usage, fmt::format("'{}' is not KEY=VALUE", one_line(text)), "--set",
                          "For example: --set optimizer.learning_rate=3e-4");
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

class Reporter
{
public:
    explicit Reporter(const Context& context) : context_(context), line_(context.err, context.hooks.terminal)
    {
    }

    void operator()(const TrainProgress& progress)
    {
        using Kind = TrainProgress::Kind;
        switch (progress.kind) {
            case Kind::preparing:
                line_.show(progress.fraction < 0.0
                               ? progress.text
                               : fmt::format("{} {:3.0f} %", progress.text, 100.0 * progress.fraction));
                break;
            case Kind::step:
                line_.show(fmt::format("Step {} of {}, loss {:.4f}, {:.0f} images/s, {} left",
                                       grouped(progress.step), grouped(progress.steps), shown_loss(progress),
                                       progress.images_per_second, duration_text(progress.seconds_left)));
                break;
            case Kind::logged:
                logged_loss_ = progress.curves.loss;
                break;
            case Kind::sampled:
            case Kind::saved:
                line_.show(fmt::format("Step {} of {}, {} written", grouped(progress.step),
                                       grouped(progress.steps), progress.file.filename().string()));
                break;
            case Kind::note:
                line_.end();
                context_.err << "note: " << one_line(progress.text) << '\n';
                break;
            case Kind::started:
                break;
        }
    }

    void end() { line_.end(); }

private:
    /// The mean of the last line of the log is steadier than one step.
    double shown_loss(const TrainProgress& progress) const
    {
        return logged_loss_ > 0.0 ? logged_loss_ : progress.loss;
    }

    const Context& context_;
    ProgressLine line_;
    double logged_loss_ = 0.0;
};

nlohmann::json result_json(const TrainResult& result)
{
    return {{"step", result.step},
            {"steps", result.steps},
            {"finished", result.finished},
            {"seconds", result.seconds},
            {"loss", std::isfinite(result.loss) ? nlohmann::json(result.loss) : nlohmann::json()},
            {"weights", result.weights.string()},
            {"checkpoint", result.checkpoint.string()}};
}

void print_result(std::ostream& out, const TrainResult& result)
{
    out << fmt::format("Trained for {} steps in {}", grouped(result.step), duration_text(result.seconds));
    out << (std::isfinite(result.loss) ? fmt::format(", loss {:.4f}\n", result.loss) : std::string("\n"));
    out << fmt::format("Weights     {}\nCheckpoint  {}\n", result.weights.string(),
                       result.checkpoint.string());
}

}  // namespace

int train_command(const Context& context, const Arguments& arguments)
{
    TrainRequest request;
    std::vector<std::string> settings;
    bool json = false;
    const auto parser = make_parser(
        "Train a network from images: a full or a shallow U-ViT, or the exits of a full one. An interrupt\n"
        "saves and ends; a run that was ended in any way goes on with --resume, as if it had not been.",
        "duodiff train");
    parser->add_option("config", request.config, "YAML file; docs/training.md explains its keys")
        ->type_name("CONFIG.yaml");
    parser->add_flag("--resume", request.resume,
                     "Go on from the newest checkpoint of the configuration's output.folder");
    parser->add_option("--set", settings, "Another value for a key of the configuration; may be given again")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    parser->add_flag("--json", json, "Print the result as one JSON object");
    parser->footer(
        "Example:\n  duodiff train packaging/training/fashion-mnist/full.yaml --set training.steps=2000");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    if (request.config.empty()) {
        throw EngineError(ErrorCode::usage, "a configuration is required", {},
                          "Give a YAML file; there are some in packaging/training.");
    }
    for (const std::string& text : settings) {
        request.overrides.push_back(read_override(text));
    }

    context.hooks.watch_stop();
    Reporter report(context);
    const TrainResult result = context.hooks.train(
        request, [&](const TrainProgress& progress) { report(progress); }, context.hooks.stop);
    report.end();
    if (!result.finished) {
        throw EngineError(
            ErrorCode::cancelled,
            fmt::format("saved after step {} of {} in {}; --resume goes on from there", grouped(result.step),
                        grouped(result.steps), result.checkpoint.string()));
    }
    if (json) {
        print_json(context.out, result_json(result));
    } else {
        print_result(context.out, result);
    }
    return 0;
}

}  // namespace duodiff::cli
