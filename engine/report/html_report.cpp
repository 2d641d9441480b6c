// SPDX-License-Identifier: MIT
#include "report/html_report.h"

#include "report/atomic_file.h"
#include "report/html_page.h"
#include "report/html_sections.h"
#include "report/report_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace duodiff
{

namespace
{

using html::Subject;

std::string ratio_text(const Subject& subject, const Subject& against)
{
    if (&subject == &against) {
        return "\u2013";
    }
    const double factor = against.numbers.ms_per_image / subject.numbers.ms_per_image;
    return factor_text(factor);
}

/// The full network's run, else the first.
const Subject& compared_with(const std::vector<Subject>& subjects)
{
    const auto full = std::find_if(subjects.begin(), subjects.end(), [](const Subject& subject) {
        return subject.record.settings.policy == PolicyKind::full &&
               std::isfinite(subject.numbers.ms_per_image);
    });
    return full != subjects.end() ? *full : subjects.front();
}

/// What the comparison comes to, in a sentence.
std::string comparison_sentence(const std::vector<Subject>& subjects)
{
    const Subject& against = compared_with(subjects);
    const auto ms = [](const Subject& subject) {
        return std::isfinite(subject.numbers.ms_per_image) ? subject.numbers.ms_per_image
                                                           : std::numeric_limits<double>::infinity();
    };
    const auto fastest =
        std::min_element(subjects.begin(), subjects.end(),
                         [&ms](const Subject& a, const Subject& b) { return ms(a) < ms(b); });
    if (!std::isfinite(ms(*fastest)) || !std::isfinite(ms(against))) {
        return fmt::format("Of these {} runs too few were finished to compare their times.", subjects.size());
    }
    if (&*fastest == &against) {
        return fmt::format("Of these {} runs \u201c{}\u201d was the fastest, with {} an image.",
                           subjects.size(), fastest->name, duration_text(ms(*fastest)));
    }
    return fmt::format(
        "Of these {} runs \u201c{}\u201d was the fastest, with {} an image: {} faster than \u201c{}\u201d "
        "with "
        "{}, both measured.",
        subjects.size(), fastest->name, duration_text(ms(*fastest)), factor_text(ms(against) / ms(*fastest)),
        against.name, duration_text(ms(against)));
}

std::string comparison(const std::vector<Subject>& subjects)
{
    const Subject& against = compared_with(subjects);
    double slowest = 0.0;
    for (const Subject& subject : subjects) {
        slowest = std::max(slowest,
                           std::isfinite(subject.numbers.ms_per_image) ? subject.numbers.ms_per_image : 0.0);
    }
    std::string rows;
    for (const Subject& subject : subjects) {
        const ReportNumbers& numbers = subject.numbers;
        rows += fmt::format(
            "<tr><td class=\"name\">{}</td><td class=\"n\">{}</td>{}<td class=\"n\">{}</td><td "
            "class=\"n\">{}</td>"
            "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escape_markup(subject.name), duration_text(numbers.sampling_ms),
            html::bar_cell(duration_text(numbers.ms_per_image),
                           slowest > 0.0 ? numbers.ms_per_image / slowest : 0.0),
            ratio_text(subject, against), layer_text(numbers.mean_exit_layer),
            share_text(numbers.block_share), gflops_text(numbers.gflops_per_image));
    }
    return fmt::format(
        "<table><thead><tr><th scope=\"col\">Run</th><th class=\"n\" scope=\"col\">Time</th>"
        "<th class=\"n\" scope=\"col\">An image</th><th></th><th class=\"n\" scope=\"col\">Speed-up</th>"
        "<th class=\"n\" scope=\"col\">Mean exit layer</th><th class=\"n\" scope=\"col\">Blocks run</th>"
        "<th class=\"n\" scope=\"col\">GFLOPs an image</th></tr></thead><tbody>\n{}</tbody></table>\n"
        "<p class=\"note\">Speed-up: measured time an image of \u201c{}\u201d over that of the run.</p>\n",
        rows, escape_markup(against.name));
}

std::vector<Subject> subjects_of(std::span<const ReportedRun> runs)
{
    std::vector<Subject> subjects;
    for (const ReportedRun& run : runs) {
        Subject subject{
            *run.record, {}, run.name.empty() ? policy_label(run.record->settings) : run.name, run.grid};
        for (const ReportedRun& other : runs) {
            if (!subject.record.baseline && other.record != run.record) {
                subject.record.baseline = baseline_from(*other.record, subject.record);
            }
        }
        subject.numbers = report_numbers(subject.record);
        subjects.push_back(std::move(subject));
    }
    return subjects;
}

std::string about(const RunRecord& record)
{
    std::vector<std::string> words;
    for (const std::string& word :
         {record.model.name, html::date_text(record.started_at), record.machine.program}) {
        if (!word.empty()) {
            words.push_back(word);
        }
    }
    return fmt::format("<p class=\"about\">{}</p>\n",
                       escape_markup(fmt::format("{}", fmt::join(words, " \u00b7 "))));
}

}  // namespace

std::string html_report(std::span<const ReportedRun> runs)
{
    const std::vector<Subject> subjects = subjects_of(runs);
    std::string body = "<h1>Timing report</h1>\n";
    if (!subjects.empty()) {
        body += about(subjects.front().record);
    }
    if (subjects.size() == 1) {
        body += html::run_body(subjects.front());
    } else {
        body += subjects.empty() ? ""
                                 : fmt::format("<p class=\"result\">{}</p>\n",
                                               escape_markup(comparison_sentence(subjects)));
        body += subjects.empty() ? "" : html::section("Comparison", comparison(subjects));
        for (const Subject& subject : subjects) {
            body += fmt::format("<div class=\"run\">\n<h1>{}</h1>\n{}{}</div>\n", escape_markup(subject.name),
                                about(subject.record), html::run_body(subject));
        }
    }
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Timing "
        "report</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        html::style, body);
}

std::string html_report(const RunRecord& record, const Image8* grid)
{
    const std::array<ReportedRun, 1> runs = {ReportedRun{&record, grid, {}}};
    return html_report(runs);
}

void write_html_report(const std::filesystem::path& path, std::span<const ReportedRun> runs)
{
    write_file_atomically(path, html_report(runs));
}

}  // namespace duodiff
