// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "info_text.h"
#include "progress_line.h"
#include "settings_options.h"
#include "values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace duodiff::cli
{
namespace
{

/// A comma list, or a text file with one name a line.
std::vector<std::string> read_class_names(const std::string& text)
{
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(text, ignored)) {
        return split_list(text);
    }
    std::vector<std::string> names;
    std::ifstream file(text);
    for (std::string line; std::getline(file, line);) {
        if (const std::string name = trimmed(line); !name.empty()) {
            names.push_back(name);
        }
    }
    return names;
}

void require_inputs(const ImportRequest& request)
{
    std::vector<std::filesystem::path> inputs = {request.full, request.shallow, request.early_exit,
                                                 request.autoencoder};
    inputs.insert(inputs.end(), request.configs.begin(), request.configs.end());
    for (const auto& input : inputs) {
        require_model_files({.model = input, .late_model = {}, .config = {}, .late_config = {}});
    }
    std::error_code ignored;
    if (!request.overwrite && std::filesystem::exists(request.output, ignored)) {
        throw EngineError(ErrorCode::usage, "this exists already",
                          fmt::format("--out {}", request.output.string()),
                          "Choose another folder, or replace that pack with --overwrite.");
    }
}

}  // namespace

int import_command(const Context& context, const Arguments& arguments)
{
    ImportRequest request;
    bool json = false;
    const auto parser = make_parser(
        "Make a model pack, a folder with pack.json and safetensors files, from checkpoints. The pack is\n"
        "written whole or not at all.",
        "duodiff import");
    const auto add_path = [&](const char* option, std::filesystem::path& path, const char* description) {
        parser->add_option(option, path, description)->type_name("FILE")->group("Checkpoints");
    };
    add_path("--full", request.full, "The full network");
    add_path("--shallow", request.shallow, "The shallow network of a DuoDiff pair");
    add_path("--early-exit", request.early_exit, "The network with probes and heads");
    add_path("--autoencoder", request.autoencoder, "The autoencoder of a latent model");
    parser
        ->add_option(
            "--config", request.configs,
            "YAML configurations: each for the checkpoint with the same stem, one alone for all U-ViTs")
        ->type_name("FILE...")
        ->expected(1, 64)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group("Checkpoints");
    parser->add_option("--out", request.output, "Folder of the new pack (required)")
        ->type_name("PACK")
        ->group("Pack");
    parser->add_option("--name", request.name, "Name shown to people; default: the folder's")
        ->type_name("TEXT")
        ->group("Pack");
    parser->add_option("--licence,--license", request.licence, "Licence of the weights")
        ->type_name("TEXT")
        ->group("Pack");
    parser->add_option("--provenance", request.provenance, "Where the weights come from")
        ->type_name("TEXT")
        ->group("Pack");
    add_checked(*parser, "--classes", "A,B,...",
                "Names of the classes in order, or a text file with one a line",
                [&](const std::string& text) { request.class_names = read_class_names(text); })
        ->group("Pack");
    parser->add_flag("--overwrite", request.overwrite, "Replace the pack at --out")->group("Pack");
    parser->add_flag("--json", json, "Print what the new pack holds as one JSON object");
    parser->footer(
        "Example:\n  duodiff import --full full.pth --shallow shallow.pth --early-exit early_exit.pth "
        "--out my-pack");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--out"});
    if (request.full.empty() && request.early_exit.empty()) {
        throw EngineError(ErrorCode::usage, "--full is required, or --early-exit where that is all there is");
    }
    require_inputs(request);

    context.hooks.watch_stop();
    ProgressLine line(context.err, context.hooks.terminal);
    const InfoReport report = context.hooks.import_pack(request, job_progress(context, line));
    line.end();
    if (json) {
        print_json(context.out, info_json(report));
    } else {
        print_info(context.out, report);
    }
    return 0;
}

}  // namespace duodiff::cli
