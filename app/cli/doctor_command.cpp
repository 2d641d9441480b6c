// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "progress_line.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace duodiff::cli
{
namespace
{

struct Mark {
    std::string_view name;    ///< in JSON
    std::string_view sign;    ///< in front of a line
    std::string_view colour;  ///< ANSI
};

Mark mark_of(Finding::Level level)
{
    switch (level) {
        case Finding::Level::info:
            return {"info", "    ", ""};
        case Finding::Level::ok:
            return {"ok", "ok  ", "\x1b[32m"};
        case Finding::Level::warning:
            return {"warning", "warn", "\x1b[33m"};
        case Finding::Level::missing:
            return {"missing", "MISS", "\x1b[31m"};
    }
    return {"info", "    ", ""};
}

/// In the order in which the topics first come up.
std::vector<std::string> topics_of(const DoctorReport& report)
{
    std::vector<std::string> topics;
    for (const Finding& finding : report.findings) {
        if (std::find(topics.begin(), topics.end(), finding.topic) == topics.end()) {
            topics.push_back(finding.topic);
        }
    }
    return topics;
}

void print_doctor(const Context& context, const DoctorReport& report)
{
    const bool colour = context.hooks.terminal.colour && context.hooks.terminal.out_is_terminal;
    for (const std::string& topic : topics_of(report)) {
        context.out << topic << '\n';
        for (const Finding& finding : report.findings) {
            if (finding.topic != topic) {
                continue;
            }
            const Mark mark = mark_of(finding.level);
            const bool coloured = colour && !mark.colour.empty();
            context.out << fmt::format("  {}{}{} {:<24} {}\n", coloured ? mark.colour : "", mark.sign,
                                       coloured ? "\x1b[0m" : "", finding.name, finding.value);
            if (!finding.remedy.empty()) {
                context.out << fmt::format("       {}\n", finding.remedy);
            }
        }
    }
}

nlohmann::json doctor_json(const DoctorReport& report, bool complete)
{
    nlohmann::json json = {{"complete", complete}, {"findings", nlohmann::json::array()}};
    for (const Finding& finding : report.findings) {
        json["findings"].push_back({{"topic", finding.topic},
                                    {"name", finding.name},
                                    {"value", finding.value},
                                    {"level", mark_of(finding.level).name},
                                    {"remedy", finding.remedy}});
    }
    return json;
}

Finding bundled_pack_finding(const Hooks& hooks)
{
    if (hooks.bundled_pack.empty()) {
        return {"Files", "bundled model pack", "not found", Finding::Level::warning,
                "Set DUODIFF_PACK_DIR to a pack's folder, or give --model each time."};
    }
    return {"Files", "bundled model pack", hooks.bundled_pack.string(), Finding::Level::ok, {}};
}

}  // namespace

int doctor_command(const Context& context, const Arguments& arguments)
{
    bool json = false;
    bool quick = false;
    const auto parser = make_parser(
        "Show versions, devices, threads, the precision that is fastest here, and what is missing. Ends "
        "with\n"
        "status 1 where something is missing that the program needs.",
        "duodiff doctor");
    parser->add_flag("--quick", quick, "Leave out the speed check of about five seconds");
    parser->add_flag("--json", json, "Print one JSON object");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    context.hooks.watch_stop();
    ProgressLine line(context.err, context.hooks.terminal);
    DoctorReport report = context.hooks.examine(!quick, job_progress(context, line));
    line.end();
    report.findings.push_back(bundled_pack_finding(context.hooks));
    const bool complete =
        std::none_of(report.findings.begin(), report.findings.end(),
                     [](const Finding& finding) { return finding.level == Finding::Level::missing; });
    if (json) {
        print_json(context.out, doctor_json(report, complete));
    } else {
        print_doctor(context, report);
    }
    return complete ? 0 : 1;
}

}  // namespace duodiff::cli
