// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/run_numbers.h"

#include "report/report_numbers.h"
#include "ui/ledger_bar.h"
#include "ui/steady_row.h"

#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

const QString dash = QStringLiteral("–");

QString text(const std::string& value)
{
    return QString::fromStdString(value);
}

constexpr std::size_t previewsPart = 3;

/// The ledger's parts as the panel groups them, in the order of Theme::ledger.
std::array<double, 5> grouped(const Ledger& ledger)
{
    return {ledger.blocks + ledger.embed + ledger.compaction, ledger.probes + ledger.heads,
            ledger.solver + ledger.noise, ledger.previews,
            ledger.decoding + ledger.transfers + ledger.other()};
}

}  // namespace

RunNumbers::RunNumbers(QWidget* parent) : QWidget(parent), m_theme(Theme::dark())
{
    setAccessibleName(tr("This run"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 2, 14, 12);
    layout->setSpacing(0);

    const auto addLarge = [&](const QString& name, const QString& toolTip, QLabel*& value, QLabel*& unit) {
        SteadyRow* line = SteadyRow::addTo(*layout, this);
        value = new QLabel(this);
        value->setObjectName(name);
        value->setFont(uiFont(21, QFont::DemiBold));
        value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        value->setToolTip(toolTip);
        unit = new QLabel(this);
        unit->setObjectName(name + QStringLiteral("Unit"));
        unit->setProperty("role", QStringLiteral("muted"));
        unit->setTextInteractionFlags(Qt::TextSelectableByMouse);
        unit->setToolTip(toolTip);
        unit->setWordWrap(true);
        line->addWidget(value, 0, Qt::AlignBaseline);
        line->addWidget(unit, 1, Qt::AlignBaseline);
    };
    addLarge(
        QStringLiteral("skipped"),
        tr("Share of the transformer blocks that the full network would have run at every step of every\n"
           "image, and that this run did not run. 0 % to 100 %."),
        m_skipped, m_skippedUnit);
    addLarge(
        QStringLiteral("speed"),
        tr("Time of the full network over the time of this run, an image. Measured: against a run of the\n"
           "full network on this machine. Estimated: from the work done; run the full network with the\n"
           "same settings to measure it."),
        m_speed, m_speedUnit);
    m_cards = new QVBoxLayout;
    m_cards->setContentsMargins(0, 8, 0, 0);
    m_cards->setSpacing(8);
    layout->addLayout(m_cards);
    layout->addSpacing(10);
    m_bar = new LedgerBar(this);
    layout->addWidget(m_bar);
    layout->addSpacing(8);

    m_parts = {
        addRow(QStringLiteral("blocks"), tr("Blocks"),
               tr("Transformer blocks, with patch embedding and the taking out of exited images. Seconds.")),
        addRow(QStringLiteral("probes"), tr("Probes and heads"),
               tr("Uncertainty probes, and the output heads that make a picture of a layer. Seconds.")),
        addRow(QStringLiteral("solver"), tr("Solver and noise"),
               tr("The solver's update of x, and drawing its noise. Seconds.")),
        addRow(QStringLiteral("previews"), tr("Previews"),
               tr("Making pictures for this window: seconds, and the share of the wall time.")),
        addRow(QStringLiteral("other"), tr("Copies and other"),
               tr("Decoding of latents, copies between devices, and what is not accounted for. Seconds.")),
    };
    m_sum = addRow(QStringLiteral("sum"), tr("Sum / wall"),
                   tr("Sum of the parts that were timed, and the wall time of the run. Seconds."));
    layout->addSpacing(10);
    m_layer = addRow(QStringLiteral("layer"), tr("Mean exit layer"),
                     tr("Blocks run for an image and step, on average, of those in the full network."));
    m_gflops =
        addRow(QStringLiteral("gflops"), tr("GFLOPs an image"),
               tr("Arithmetic of one image over all steps, counted analytically, and what the full network\n"
                  "would take. 10⁹ operations."));
    m_baseline =
        addRow(QStringLiteral("baseline"), tr("Baseline"),
               tr("The run of the full network on this machine that the speed-up is measured against."));
    layout->addStretch(1);
    clear();
}

RunNumbers::Row RunNumbers::addRow(const QString& objectName, const QString& name, const QString& toolTip)
{
    Row row;
    row.line = new QWidget(this);
    row.line->setToolTip(toolTip);
    auto* layout = new SteadyRow(row.line);
    layout->setContentsMargins(0, 4, 0, 4);
    layout->setSpacing(8);
    row.name = new QLabel(name, row.line);
    row.name->setProperty("role", QStringLiteral("muted"));
    row.value = new QLabel(row.line);
    row.value->setObjectName(objectName);
    row.value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row.value->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    row.value->setFocusPolicy(Qt::ClickFocus);
    layout->addWidget(row.name);
    layout->addWidget(row.value, 1);
    row.line->setObjectName(QStringLiteral("row"));
    static_cast<QVBoxLayout*>(this->layout())->addWidget(row.line);
    return row;
}

void RunNumbers::setRow(const Row& row, const QString& value)
{
    if (row.value->text() == value) {
        return;
    }
    row.value->setText(value);
    row.value->setAccessibleName(row.name->text() + QStringLiteral(": ") + value);
}

void RunNumbers::showRecord(const RunRecord& record)
{
    display(record);
}

void RunNumbers::showLive(const RunRecord& record)
{
    display(record);
}

void RunNumbers::display(const RunRecord& record)
{
    const ReportNumbers numbers = report_numbers(record);
    if (numbers.image_steps == 0) {
        clear();
        return;
    }
    m_skipped->setText(tr("%1").arg(std::lround(100.0 * (1.0 - numbers.block_share))));
    m_skippedUnit->setText(tr("% of the blocks skipped"));
    displaySpeedUp(numbers, record.settings.policy);
    displayLedger(record.ledger);

    setRow(m_layer, tr("%1 of %2").arg(text(layer_text(numbers.mean_exit_layer))).arg(numbers.depth));
    const bool knownCost =
        !std::isnan(numbers.gflops_per_image) && !std::isnan(numbers.full_gflops_per_image);
    setRow(m_gflops, knownCost ? tr("%1 of %2")
                                     .arg(text(gflops_text(numbers.gflops_per_image)),
                                          text(gflops_text(numbers.full_gflops_per_image)))
                               : tr("not known"));
    setRow(m_baseline, record.baseline ? text(record.baseline->what) : tr("none measured"));
    setAccessibleDescription(textSummary());
}

void RunNumbers::displaySpeedUp(const ReportNumbers& numbers, PolicyKind policy)
{
    m_estimated = numbers.speed_up && !numbers.speed_up->measured;
    if (!numbers.speed_up) {
        m_speed->setText(dash);
        m_speedUnit->setText(policy == PolicyKind::full ? tr("the full network itself")
                                                        : tr("no speed-up known yet"));
    } else {
        const double factor = numbers.speed_up->factor;
        const QString against = text(numbers.speed_up->against);
        // Slower is said as slower, with the factor that it is slower by.
        const bool slower = factor < 0.995;
        m_speed->setText((m_estimated ? QStringLiteral("≈\u2009") : QString()) +
                         text(factor_text(slower ? 1.0 / factor : factor)));
        m_speedUnit->setText(
            slower ? (m_estimated ? tr("slower, estimated") : tr("slower, measured against full"))
                   : (m_estimated ? tr("estimated") : tr("measured against full")));
        m_speedUnit->setAccessibleDescription(against);
    }
    styleSpeedUp();
}

void RunNumbers::styleSpeedUp()
{
    // An estimate never looks like a measurement: lighter, in the colour of predictions, with "≈".
    const QFont font = uiFont(21, m_estimated ? QFont::Normal : QFont::DemiBold);
    if (m_speed->font() != font) {
        m_speed->setFont(font);
    }
    const auto colorOf = [this](const QLabel* label) {
        return label->text() == dash ? m_theme.faintText : m_theme.text;
    };
    // A style sheet is read anew each time it is set, so it is set only where it is another.
    const auto style = [](QLabel* label, const QColor& color) {
        const QString sheet = QStringLiteral("color: %1;").arg(color.name());
        if (label->styleSheet() != sheet) {
            label->setStyleSheet(sheet);
        }
    };
    style(m_skipped, colorOf(m_skipped));
    style(m_speed, m_estimated ? m_theme.prediction : colorOf(m_speed));
}

void RunNumbers::displayLedger(const Ledger& ledger)
{
    const std::array<double, 5> amounts = grouped(ledger);
    std::vector<LedgerBar::Part> parts;
    for (std::size_t part = 0; part < amounts.size(); ++part) {
        // Rounding can leave a few microseconds less than nothing for "other".
        QString value = text(duration_text(std::max(amounts[part], 0.0)));
        if (part == previewsPart && ledger.wall > 0.0) {
            value += tr(" (%1 %)").arg(100.0 * ledger.previews / ledger.wall, 0, 'f', 1);
        }
        setRow(m_parts[part], ledger.wall > 0.0 ? value : dash);
        parts.push_back({m_parts[part].name->text(), value, amounts[part], m_theme.ledger[part]});
    }
    m_bar->setParts(std::move(parts));
    m_otherDetail =
        tr("Decoding of latents %1, copies between devices and out of the engine %2, not accounted\n"
           "for %3.")
            .arg(text(duration_text(ledger.decoding)), text(duration_text(ledger.transfers)),
                 text(duration_text(std::max(ledger.other(), 0.0))));
    m_parts.back().line->setToolTip(m_otherDetail);
    m_parts.back().value->setAccessibleDescription(m_otherDetail);
    setRow(m_sum, ledger.wall > 0.0 ? tr("%1 / %2").arg(text(duration_text(ledger.sum_of_parts())),
                                                        text(duration_text(ledger.wall)))
                                    : dash);
}

void RunNumbers::clear()
{
    m_estimated = false;
    m_skipped->setText(dash);
    m_skippedUnit->setText(tr("% of the blocks skipped"));
    m_speed->setText(dash);
    m_speedUnit->setText(tr("speed-up against full"));
    m_bar->setParts({});
    m_otherDetail.clear();
    for (const Row& row : m_parts) {
        setRow(row, dash);
    }
    for (const Row& row : {m_sum, m_layer, m_gflops, m_baseline}) {
        setRow(row, dash);
    }
    styleSpeedUp();
    setAccessibleDescription(tr("No run yet."));
}

void RunNumbers::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_bar->setGround(theme.line);
    auto parts = m_bar->parts();
    for (std::size_t part = 0; part < parts.size(); ++part) {
        parts[part].color = theme.ledger[part];
    }
    m_bar->setParts(std::move(parts));
    setStyleSheet(QStringLiteral("QWidget#row { border-bottom: 1px solid %1; }").arg(theme.line.name()));
    styleSpeedUp();
}

void RunNumbers::addCard(QWidget* card)
{
    m_cards->addWidget(card);
}

QString RunNumbers::textSummary() const
{
    QStringList lines = {m_skipped->text() + m_skippedUnit->text(),
                         m_speed->text() + QLatin1Char(' ') + m_speedUnit->text()};
    for (const Row& row : m_parts) {
        lines << row.name->text() + QStringLiteral(": ") + row.value->text();
    }
    if (!m_otherDetail.isEmpty()) {
        lines << m_otherDetail;
    }
    for (const Row& row : {m_sum, m_layer, m_gflops, m_baseline}) {
        lines << row.name->text() + QStringLiteral(": ") + row.value->text();
    }
    return lines.join(QLatin1Char('\n'));
}

QSize RunNumbers::sizeHint() const
{
    return {240, QWidget::sizeHint().height()};
}

}  // namespace duodiff::ui
