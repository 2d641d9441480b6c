// SPDX-License-Identifier: MIT
#include "report/html_page.h"

#include "report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace duodiff
{

std::string escape_markup(std::string_view text)
{
    std::string safe;
    safe.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                // Control characters have no place in markup.
                safe += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return safe;
}

}  // namespace duodiff

namespace duodiff::html
{

const std::string_view style = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --quiet: #5b6472; --rule: #e3e7ed;
  --track: #eef1f5; --blue: #1f6feb; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #15181d; --ink: #e6e9ee; --quiet: #9aa4b2; --rule: #2c323b; --track: #262c35; --blue: #4c8dff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 14px/1.5 Inter, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 968px; margin: 0 auto; padding: 40px 24px 56px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0; font-weight: 650; }
h2 { font-size: 12px; line-height: 1.4; margin: 36px 0 12px; font-weight: 650; color: var(--quiet);
  letter-spacing: .06em; text-transform: uppercase; }
h3 { font-size: 14px; margin: 20px 0 6px; font-weight: 650; }
h3 small { font-size: 13px; font-weight: 400; color: var(--quiet); margin-left: 8px; }
p { margin: 0 0 12px; }
.about { color: var(--quiet); margin: 4px 0 20px; }
.result { font-size: 17px; line-height: 1.5; margin: 0 0 24px; max-width: 46em; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 0;
  border: 1px solid var(--rule); border-radius: 8px; }
.figures div { padding: 14px 18px; }
.figures div + div { border-left: 1px solid var(--rule); }
.figures b { display: block; font-size: 24px; line-height: 1.3; font-weight: 650; white-space: nowrap; }
.figures span { color: var(--quiet); font-size: 13px; }
.run { border-top: 2px solid var(--ink); margin-top: 48px; padding-top: 24px; }
svg { display: block; max-width: 100%; height: auto; }
.plot { background: #fff; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 16px 5px 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { font-weight: 500; color: var(--quiet); font-size: 13px; white-space: nowrap; }
td.n, th.n { text-align: right; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
tr.sum td { font-weight: 650; border-bottom: 0; }
tr { break-inside: avoid; }
.facts th { width: 170px; font-size: 14px; }
.facts td { overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0 40px; }
.bar { position: relative; width: 150px; height: 8px; margin-top: 7px; background: var(--track); border-radius: 4px;
  overflow: hidden; }
.bar i { position: absolute; inset: 0 auto 0 0; background: var(--blue); border-radius: 4px; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 9px; }
.grid { image-rendering: pixelated; max-width: 100%; border: 1px solid var(--rule); border-radius: 4px; display: block; }
.note { color: var(--quiet); font-size: 13px; margin: 8px 0 0; }
@media (max-width: 640px) { .two { grid-template-columns: 1fr; } .figures div + div { border-left: 0; } }
@page { margin: 14mm; }
@media print { :root { color-scheme: light; } main { max-width: none; padding: 0; } section { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .long { break-inside: auto; } .run ~ .run { break-before: page; border: 0; margin: 0; padding: 0; }
  .figures { grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: 1fr; }
  .figures div { padding: 10px 12px; } .figures b { font-size: 20px; }
  .bar { width: 90px; } .name { white-space: nowrap; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

std::string base64(std::string_view bytes)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = std::min<std::size_t>(bytes.size() - i, 3);
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= have ? digits[group >> (18U - 6U * static_cast<unsigned>(k)) & 0x3FU] : '=';
        }
    }
    return text;
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& rows)
{
    std::string table = "<table class=\"facts\">\n";
    for (const auto& [name, value] : rows) {
        if (!value.empty()) {
            table += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape_markup(name),
                                 escape_markup(value));
        }
    }
    return table + "</table>\n";
}

std::string bar_cell(std::string_view text, double share)
{
    const double width = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) * 100.0 : 0.0;
    return fmt::format(
        "<td class=\"n\">{}</td><td><div class=\"bar\"><i style=\"width:{:.1f}%\"></i></div></td>",
        escape_markup(text), width);
}

std::string stacked_bar(const std::vector<Segment>& segments)
{
    constexpr double width = 920.0;
    constexpr double height = 14.0;
    std::string svg = fmt::format(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"Shares of the "
        "time\">\n",
        width, height);
    double x = 0.0;
    for (const Segment& segment : segments) {
        const double part = std::clamp(segment.share, 0.0, 1.0) * width;
        if (part > 0.0) {
            svg += fmt::format(
                "<rect x=\"{:.2f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>\n", x,
                part, height, segment.colour, escape_markup(segment.label));
        }
        x += part;
    }
    return svg + "</svg>\n";
}

}  // namespace duodiff::html
