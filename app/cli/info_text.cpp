// SPDX-License-Identifier: GPL-3.0-or-later
#include "info_text.h"

#include "command.h"
#include "values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace duodiff::cli
{
namespace
{

void print_row(std::ostream& out, std::string_view label, const std::string& text)
{
    if (!text.empty()) {
        out << fmt::format("  {:<13} {}\n", label, text);
    }
}

std::string config_text(const PartInfo& part)
{
    std::vector<std::string> entries;
    for (const auto& [key, value] : part.config) {
        entries.push_back(fmt::format("{} {}", key, value));
    }
    return joined(entries);
}

/// "block 3" -> "block"; parts of one kind and one cost are shown in a row.
std::string kind_of_part(const std::string& name)
{
    return name.substr(0, name.find(' '));
}

void print_costs(std::ostream& out, const PartInfo& part)
{
    const auto& costs = part.gflops_by_part;
    for (std::size_t first = 0; first < costs.size();) {
        std::size_t last = first;
        while (last + 1 < costs.size() &&
               kind_of_part(costs[last + 1].first) == kind_of_part(costs[first].first) &&
               costs[last + 1].second == costs[first].second) {
            ++last;
        }
        const std::string name =
            last == first ? costs[first].first
                          : fmt::format("{} .. {}", costs[first].first,
                                        costs[last].first.substr(kind_of_part(costs[last].first).size() + 1));
        const std::string each = last == first ? "" : " each";
        out << fmt::format("    {:<20} {:>10.5f} GFLOP{}\n", name, costs[first].second, each);
        first = last + 1;
    }
}

void print_part(std::ostream& out, const PartInfo& part)
{
    out << fmt::format("{}: {}\n", part.role, part.kind);
    print_row(out, "file", fmt::format("{} ({})", part.file, bytes_text(part.file_bytes)));
    print_row(out, "convention", part.convention);
    print_row(out, "probes", part.probes);
    print_row(out, "parameters", grouped(part.parameters));
    print_row(out, "backbone", part.shares_backbone ? "shared with the full network" : "");
    print_row(out, "configuration", config_text(part));
    if (part.gflops_per_step > 0.0) {
        print_row(out, "cost", fmt::format("{:.4g} GFLOP for one image and step", part.gflops_per_step));
    }
    print_costs(out, part);
    print_row(out, "sha256", part.sha256);
}

}  // namespace

void print_info(std::ostream& out, const InfoReport& report)
{
    out << fmt::format("{}: {}{}{}\n", report.path.string(), report.is_pack ? "model pack" : "checkpoint",
                       report.name.empty() ? "" : ", ", report.name);
    print_row(out, "description", report.description);
    print_row(out, "licence", report.licence);
    print_row(out, "provenance", report.provenance);
    print_row(out, "classes", joined(report.class_names));
    print_row(out, "predicts", report.parametrization);
    print_row(out, "schedule", report.schedule);
    if (report.is_pack) {
        const auto has = [&](const char* role) {
            return std::any_of(report.parts.begin(), report.parts.end(),
                               [&](const PartInfo& part) { return part.role == role; });
        };
        if (has("shallow")) {
            print_row(out, "switch step", fmt::format("default {}", report.switch_step_default));
        }
        if (has("early_exit")) {
            print_row(out, "threshold",
                      fmt::format("default {:.4g}, useful from {:.4g} to {:.4g}", report.threshold_default,
                                  report.threshold_minimum, report.threshold_maximum));
        }
    }
    for (const PartInfo& part : report.parts) {
        out << '\n';
        print_part(out, part);
    }
}

nlohmann::json info_json(const InfoReport& report)
{
    nlohmann::json json = {
        {"path", report.path.string()},
        {"is_pack", report.is_pack},
        {"name", report.name},
        {"description", report.description},
        {"licence", report.licence},
        {"provenance", report.provenance},
        {"class_names", report.class_names},
        {"parametrization", report.parametrization},
        {"schedule", report.schedule},
        {"switch_step_default", report.switch_step_default},
        {"threshold",
         {{"default", report.threshold_default},
          {"minimum", report.threshold_minimum},
          {"maximum", report.threshold_maximum}}},
        {"parts", nlohmann::json::array()},
    };
    for (const PartInfo& part : report.parts) {
        nlohmann::json costs = nlohmann::json::array();
        for (const auto& [name, gflops] : part.gflops_by_part) {
            costs.push_back({{"part", name}, {"gflops", gflops}});
        }
        json["parts"].push_back(
            {{"role", part.role},
             {"file", part.file},
             {"kind", part.kind},
             {"convention", part.convention},
             {"probes", part.probes},
             {"sha256", part.sha256},
             {"file_bytes", part.file_bytes},
             {"parameters", part.parameters},
             {"gflops_per_step", part.gflops_per_step},
             {"shares_backbone", part.shares_backbone},
             {"config", std::map<std::string, std::string>(part.config.begin(), part.config.end())},
             {"gflops_by_part", costs}});
    }
    return json;
}

}  // namespace duodiff::cli
