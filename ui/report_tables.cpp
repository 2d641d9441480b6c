// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/report_tables.h"

#include <QCoreApplication>
#include <QStringList>

#include <cmath>
#include <string_view>
#include <utility>

namespace duodiff::ui::report
{

namespace
{

using Pairs = std::vector<std::pair<QString, QString>>;

QString words(const char* text)
{
    return QCoreApplication::translate("Report", text);
}

QString plain(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString safe(std::string_view text)
{
    return plain(text).toHtmlEscaped();
}

QString cell(const QString& text, bool number)
{
    return QStringLiteral("<td%1>%2</td>").arg(number ? QStringLiteral(" align=\"right\"") : QString(), text);
}

/// The first column holds words, the others numbers.
QString table(const QStringList& head, const std::vector<QStringList>& rows)
{
    QString html = QStringLiteral("<table width=\"100%\" cellspacing=\"0\" cellpadding=\"3\"><thead><tr>");
    for (qsizetype column = 0; column < head.size(); ++column) {
        html += QStringLiteral("<th align=\"%1\"%2>%3</th>")
                    .arg(column == 0 ? QStringLiteral("left") : QStringLiteral("right"),
                         column == 0 ? QStringLiteral(" width=\"%1%\"").arg(head.size() > 6 ? 22 : 34)
                                     : QString(),
                         head[column]);
    }
    html += QStringLiteral("</tr></thead>");
    for (const QStringList& row : rows) {
        html += QStringLiteral("<tr>");
        for (qsizetype column = 0; column < row.size(); ++column) {
            html += cell(row[column], column > 0);
        }
        html += QStringLiteral("</tr>");
    }
    return html + QStringLiteral("</table><p class=\"gap\">&nbsp;</p>");
}

QString pairTable(const Pairs& pairs)
{
    QString html = QStringLiteral("<table width=\"100%\" cellspacing=\"0\" cellpadding=\"3\">");
    for (const auto& [name, value] : pairs) {
        html += QStringLiteral("<tr><td class=\"name\" width=\"30%\">%1</td><td>%2</td></tr>")
                    .arg(name, value.isEmpty() ? QStringLiteral("–") : value);
    }
    return html + QStringLiteral("</table>");
}

QString classText(const RunRecord& record)
{
    if (record.model.class_names.empty()) {
        return words("none");
    }
    if (record.settings.classes.empty()) {
        return words("every class in turn");
    }
    QStringList names;
    for (const std::int64_t label : record.settings.classes) {
        const bool known = label >= 0 && label < static_cast<std::int64_t>(record.model.class_names.size());
        names << (known ? safe(record.model.class_names[static_cast<std::size_t>(label)])
                        : QString::number(label));
    }
    return names.join(QStringLiteral(", "));
}

}  // namespace

QString styleSheet()
{
    return QStringLiteral(
        "h1 { font-size: 21px; font-weight: 600; margin: 0; }"
        "h2 { font-size: 17px; font-weight: 600; margin: 18px 0 4px 0; }"
        "h3 { font-size: 13px; font-weight: 600; margin: 14px 0 3px 0; }"
        "p { margin: 3px 0 6px 0; }"
        ".quiet, .name { color: #5c6579; }"
        ".result { font-size: 14px; }"
        "table { border-collapse: collapse; border-width: 0; }"
        // The bundled font has no bold: 700 would be smeared out of the semi-bold.
        ".gap { font-size: 5px; margin: 0; }"
        ".strong { font-weight: 600; }"
        "th { font-weight: 500; color: #5c6579; border-bottom: 1px solid #8b92a3; font-size: 11px; }"
        "td { border-bottom: 1px solid #e3e6ed; font-size: 11px; }");
}

QString title(const RunRecord& record)
{
    return QStringLiteral("<h1>%1</h1><p class=\"quiet\">%2 · %3 · %4</p>")
        .arg(words("DuoDiff timing report"), safe(record.model.name), safe(record.started_at),
             safe(record.machine.program));
}

QString heading(const QString& text)
{
    return QStringLiteral("<h3>%1</h3>").arg(text);
}

QString pageHeading(const QString& text)
{
    return QStringLiteral("<h3 style=\"page-break-before: always\">%1</h3>").arg(text);
}

QString runHeading(const RunRecord& record, bool onNewPage)
{
    return QStringLiteral("<h2%1>%2</h2>")
        .arg(onNewPage ? QStringLiteral(" style=\"page-break-before: always\"") : QString(),
             safe(policy_label(record.settings)));
}

QString resultSentence(const RunRecord& record, const ReportNumbers& numbers)
{
    return QStringLiteral("<p class=\"result\">%1</p>").arg(safe(result_sentence(record, numbers)));
}

QString phaseTransitionSentence(const ReportNumbers& numbers)
{
    if (!numbers.phase_transition) {
        return QStringLiteral("<p>%1</p>")
            .arg(words("No phase transition: the mean exit layer has no clear jump."));
    }
    const PhaseTransitionNumbers& found = *numbers.phase_transition;
    return QStringLiteral("<p>%1</p>")
        .arg(
            words(
                "Phase transition at t = %1 (step %2): the mean exit layer goes from %3 to %4; this one jump "
                "explains %5 of its variance.")
                .arg(found.t)
                .arg(found.step)
                .arg(plain(layer_text(found.at.level_before)), plain(layer_text(found.at.level_after)),
                     plain(share_text(found.at.explained))));
}

QString comparisonTable(const std::vector<RunRecord>& records)
{
    std::vector<QStringList> rows;
    for (const RunRecord& record : records) {
        const ReportNumbers numbers = report_numbers(record);
        const QString transition =
            numbers.phase_transition ? QString::number(numbers.phase_transition->t) : QStringLiteral("–");
        QString speedUp = QStringLiteral("–");
        if (numbers.speed_up) {
            speedUp = plain(factor_text(numbers.speed_up->factor)) + QLatin1Char(' ') +
                      (numbers.speed_up->measured ? words("measured") : words("estimated"));
        }
        rows.push_back({safe(policy_label(record.settings)), plain(duration_text(numbers.sampling_ms)),
                        plain(duration_text(numbers.ms_per_image)), plain(share_text(numbers.block_share)),
                        plain(layer_text(numbers.mean_exit_layer)),
                        plain(gflops_text(numbers.gflops_per_image)), transition, speedUp});
    }
    return table(
        {words("Run"), words("Time"), words("An image"), words("Blocks run"), words("Mean exit layer"),
         words("GFLOPs an image"), words("Transition, t"), words("Speed-up")},
        rows);
}

QString ledgerTable(const ReportNumbers& numbers)
{
    std::vector<QStringList> rows;
    for (const LedgerNumbers& part : numbers.ledger) {
        if (part.ms == 0.0) {
            continue;
        }
        rows.push_back({safe(part.label), plain(duration_text(part.ms)), plain(share_text(part.share))});
    }
    rows.push_back({QStringLiteral("<span class=\"strong\">%1</span>").arg(words("Wall time")),
                    plain(duration_text(numbers.ledger_wall_ms)),
                    numbers.ledger_wall_ms > 0.0 ? plain(share_text(1.0)) : QString()});
    return table({words("Part"), words("Time"), words("Share")}, rows);
}

QString baselineTable(const RunRecord& record, const ReportNumbers& numbers)
{
    if (!record.baseline || !numbers.speed_up || !numbers.speed_up->measured) {
        const std::string estimate = speed_up_text(numbers);
        return QStringLiteral("<p>%1%2</p>")
            .arg(
                words("The full network was not measured on this machine with these settings, so there is no "
                      "measured speed-up."),
                estimate.empty() ? QString() : words(" This run was %1.").arg(safe(estimate)));
    }
    const auto row = [](const QString& name, double ms, const QString& speedUp, double blocks,
                        double gflops) {
        return QStringList{name, plain(duration_text(ms)), speedUp, plain(share_text(blocks)),
                           plain(gflops_text(gflops))};
    };
    return table(
        {words("Run"), words("An image"), words("Speed-up"), words("Blocks run"), words("GFLOPs an image")},
        {row(words("Baseline: %1").arg(safe(record.baseline->what)), record.baseline->ms_per_image,
             QStringLiteral("–"), 1.0, numbers.full_gflops_per_image),
         row(words("This run: %1").arg(safe(policy_label(record.settings))), numbers.ms_per_image,
             plain(factor_text(numbers.speed_up->factor)), numbers.block_share, numbers.gflops_per_image)});
}

QString networkTable(const ReportNumbers& numbers)
{
    std::vector<QStringList> rows;
    for (const NetworkNumbers& network : numbers.networks) {
        const QString steps = words("%1 steps, mean exit layer %2")
                                  .arg(network.steps)
                                  .arg(plain(layer_text(network.mean_exit_layer)));
        rows.push_back({QStringLiteral("<span class=\"strong\">%1</span><br/>%2")
                            .arg(safe(network_label(network.role)), steps),
                        plain(count_text(network.executions)), QString(),
                        plain(count_text(network.image_steps)), QString(), plain(duration_text(network.ms))});
        for (const LayerNumbers& layer : network.layers) {
            if (layer.layer == 0 && layer.leaving == 0) {
                continue;
            }
            rows.push_back({words("layer %1").arg(layer.layer), plain(count_text(layer.executions)),
                            layer.layer > 0 ? plain(share_text(layer.share)) : QString(),
                            plain(count_text(layer.leaving)), plain(share_text(layer.leaving_share)),
                            layer.layer > 0 ? plain(duration_text(layer.ms)) : QString()});
        }
    }
    return table({words("Network, layer"), words("Block runs"), words("Share"), words("Leaving here"),
                  words("Share"), words("Time")},
                 rows);
}

QString settingsTable(const RunRecord& record)
{
    const SamplingSettings& settings = record.settings;
    Pairs pairs = {
        {words("Policy"), safe(policy_label(settings))},
        {words("Moved during the run"), safe(moved_parameters_text(record))},
        {words("Solver"), plain(display_name(settings.solver))},
        {words("Steps"), QString::number(settings.steps)},
        {words("Images, batch"), QStringLiteral("%1, %2").arg(settings.count).arg(settings.batch)},
        {words("First seed"), QString::number(settings.seed)},
        {words("Classes"), classText(record)},
        {words("Parametrization"),
         settings.parametrization ? plain(to_string(*settings.parametrization)) : words("the model's own")},
        {words("Compatibility"), plain(to_string(settings.compat))},
        {words("Ended"), plain(to_string(record.state))},
    };
    if (settings.solver == SolverKind::ddim) {
        pairs.insert(pairs.begin() + 3, {words("η"), QString::number(settings.eta)});
    }
    if (moved_parameters_text(record).empty()) {
        pairs.erase(pairs.begin() + 1);
    }
    return pairTable(pairs);
}

QString machineTable(const MachineInfo& machine)
{
    return pairTable({
        {words("Processor"), safe(machine.cpu)},
        {words("Cores, threads"), QStringLiteral("%1, %2").arg(machine.cores).arg(machine.threads)},
        {words("Memory"),
         machine.memory_bytes > 0
             ? words("%1 GiB").arg(static_cast<double>(machine.memory_bytes) / (1024.0 * 1024.0 * 1024.0), 0,
                                   'f', 1)
             : QString()},
        {words("Device"), safe(machine.device)},
        {words("Precision"), safe(machine.precision)},
        {words("Attention"), safe(machine.attention)},
        {words("System"), safe(machine.os)},
        {words("Program, LibTorch"), safe(machine.program) + QStringLiteral(", ") + safe(machine.libtorch)},
    });
}

QString modelTable(const ModelSummary& model)
{
    QString networks = words("full %1 blocks").arg(model.depth);
    if (model.shallow_depth > 0) {
        networks += words(", shallow %1 blocks").arg(model.shallow_depth);
    }
    if (model.has_early_exit) {
        networks += words(", early exit");
    }
    Pairs pairs = {
        {words("Name"), safe(model.name)},
        {words("File"), safe(model.path)},
        {words("Images"),
         (model.channels == 1
              ? words("%1 × %1, 1 channel")
              : words("%1 × %1, %2 channels").replace(QStringLiteral("%2"), QString::number(model.channels)))
             .arg(model.image_size)},
        {words("Networks"), networks},
    };
    for (const auto& [part, digest] : model.sha256) {
        pairs.emplace_back(words("SHA-256, %1").arg(safe(part)), safe(digest));
    }
    return pairTable(pairs);
}

}  // namespace duodiff::ui::report
