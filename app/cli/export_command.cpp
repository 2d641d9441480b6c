// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "settings_options.h"
#include "values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace duodiff::cli
{
namespace
{

std::string choose(std::string_view option, const std::string& text, const std::vector<std::string>& names)
{
    return names[read_choice_index(option, text, names)];
}

}  // namespace

int export_command(const Context& context, const Arguments& arguments)
{
    ExportRequest request;
    bool json = false;
    const auto parser = make_parser(
        "Write a network's weights for another program: a .pth file that the DuoDiff authors' program loads\n"
        "(torch.load with weights_only=True reads it), or safetensors. A YAML file beside it has the shape.",
        "duodiff export");
    parser->add_option("model", request.model, "A pack, a checkpoint, or a checkpoint of a training run")
        ->type_name("FILE|PACK");
    add_checked(*parser, "--format", "NAME", "reference (default) or safetensors",
                [&](const std::string& text) {
                    request.format = choose("--format", text, {"reference", "safetensors"}) == "reference"
                                         ? ExportRequest::Format::reference
                                         : ExportRequest::Format::safetensors;
                });
    add_checked(*parser, "--part", "NAME",
                "full (default where there is one; also what lies under exits), shallow or early_exit",
                [&](const std::string& text) {
                    request.part = choose("--part", text, {"full", "shallow", "early_exit"});
                });
    add_checked(*parser, "--weights", "NAME",
                "Of a training run's checkpoint: average (default), or current, those of its last step",
                [&](const std::string& text) {
                    request.average = choose("--weights", text, {"average", "current"}) == "average";
                });
    add_checked(*parser, "--dtype", "NAME",
                "fp32 (default), or bf16: half the size, rounded to 8 bits of precision",
                [&](const std::string& text) {
                    request.bf16 = choose("--dtype", text, {"fp32", "bf16"}) == "bf16";
                });
    parser->add_option("--config", request.config, "YAML configuration of a checkpoint that has none")
        ->type_name("FILE");
    parser->add_option("--out", request.output, "File to write (required)")->type_name("FILE");
    parser->add_flag("--overwrite", request.overwrite, "Replace the files at --out");
    parser->add_flag("--json", json, "Print what was written as one JSON object");
    parser->footer(
        "Example:\n  duodiff export models/fashion-mnist --part shallow --format reference --out "
        "shallow.pth");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    if (request.model.empty()) {
        throw EngineError(ErrorCode::usage, "a pack or a checkpoint is required");
    }
    require_options(*parser, {"--out"});
    require_model_files(
        {.model = request.model, .late_model = {}, .config = request.config, .late_config = {}});
    require_writable_file("--out", request.output);

    const ExportResult result = context.hooks.export_model(request);
    if (json) {
        print_json(context.out, {{"kind", result.kind},
                                 {"tensors", result.tensors},
                                 {"parameters", result.parameters},
                                 {"file", result.output.string()},
                                 {"config", result.config.string()}});
    } else {
        context.out << fmt::format("{}: {} tensors, {} parameters\nConfiguration: {}\n",
                                   result.output.string(), grouped(result.tensors),
                                   grouped(result.parameters), result.config.string());
    }
    return 0;
}

}  // namespace duodiff::cli
