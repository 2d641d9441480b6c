// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "info_text.h"
#include "settings_options.h"

#include <nlohmann/json.hpp>

namespace duodiff::cli
{

int info_command(const Context& context, const Arguments& arguments)
{
    ModelSource source;
    bool json = false;
    const auto parser = make_parser("Show what a model pack or a checkpoint holds, and what it costs to run.",
                                    "duodiff info");
    parser->add_option("path", source.model, "Model pack (a folder) or checkpoint")->type_name("PATH");
    parser->add_option("--config", source.config, "YAML configuration of a bare checkpoint")
        ->type_name("FILE");
    parser->add_flag("--json", json, "Print one JSON object");
    parser->footer("Example:\n  duodiff info models/fashion-mnist");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    if (source.model.empty()) {
        throw EngineError(ErrorCode::usage, "the pack or checkpoint to look at is missing");
    }
    require_model_files(source);
    const InfoReport report = context.hooks.inspect(source.model, source.config);
    if (json) {
        print_json(context.out, info_json(report));
    } else {
        print_info(context.out, report);
    }
    return 0;
}

}  // namespace duodiff::cli
