// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "settings_options.h"
#include "values.h"

#include <fmt/format.h>

namespace duodiff::cli
{
namespace
{

void add_path(CLI::App& parser, const std::string& option, const std::string& description,
              std::filesystem::path& path)
{
    parser.add_option(option, path, description)->type_name("FILE");
}

void require_file(const std::filesystem::path& path)
{
    require_model_files({.model = path, .late_model = {}, .config = {}, .late_config = {}});
}

void add_device(CLI::App& parser, std::string& device)
{
    add_checked(parser, "--device", "NAME", "cpu (default), auto, cuda or cuda:N",
                [&device](const std::string& text) { device = read_device("--device", text); });
}

}  // namespace

int forward_command(const Context& context, const Arguments& arguments)
{
    ForwardRequest request;
    const auto parser = make_parser(
        "Run a network once for each `x.S` (and `y.S`) of a safetensors file, S being the timestep.\n"
        "Writes `output.S`; for early-exit models also `uncertainty.S` and `exit_outputs.S`.",
        "duodiff forward");
    add_path(*parser, "--model", "Checkpoint", request.model);
    add_path(*parser, "--config",
             "YAML configuration, where neither the checkpoint nor a .yaml beside it tells", request.config);
    add_path(*parser, "--input", "Safetensors file with x.S and y.S", request.input);
    add_path(*parser, "--output", "Safetensors file to write", request.output);
    add_device(*parser, request.device);
    add_checked(*parser, "--precision", "NAME", "fp32 (default), bf16, int8 or auto",
                [&](const std::string& text) {
                    request.precision = read_choice<Precision>("--precision", text, all_precisions);
                });
    parser->footer(
        "Example:\n  duodiff forward --model full.pth --input in.safetensors --output out.safetensors");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--model", "--input", "--output"});
    for (const auto& path : {request.model, request.config, request.input}) {
        require_file(path);
    }
    require_writable_file("--output", request.output);
    request.note = [&context](const std::string& text) { context.err << "note: " << text << '\n'; };
    context.hooks.forward(request);
    context.out << fmt::format("wrote {}\n", request.output.string());
    return 0;
}

int decode_command(const Context& context, const Arguments& arguments)
{
    DecodeRequest request;
    const auto parser = make_parser(
        "Run a KL autoencoder's decoder on `z` of a safetensors file and write `decoded`.\n"
        "Where the input also holds `image`, its encoding is written as `moments`.",
        "duodiff decode");
    add_path(*parser, "--autoencoder", "Checkpoint of the autoencoder", request.autoencoder);
    add_path(*parser, "--config",
             "YAML configuration, where neither the checkpoint nor a .yaml beside it tells", request.config);
    add_path(*parser, "--input", "Safetensors file with z", request.input);
    add_path(*parser, "--output", "Safetensors file to write", request.output);
    add_device(*parser, request.device);
    parser->footer(
        "Example:\n  duodiff decode --autoencoder kl.pth --input z.safetensors --output images.safetensors");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--autoencoder", "--input", "--output"});
    for (const auto& path : {request.autoencoder, request.config, request.input}) {
        require_file(path);
    }
    require_writable_file("--output", request.output);
    context.hooks.decode(request);
    context.out << fmt::format("wrote {}\n", request.output.string());
    return 0;
}

}  // namespace duodiff::cli
