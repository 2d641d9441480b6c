// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pareto_sheet.h"

#include "ui/number_range.h"
#include "ui/pareto_plot.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

std::vector<int> whole(const std::vector<double>& values)
{
    std::vector<int> result;
    for (const double value : values) {
        result.push_back(static_cast<int>(std::lround(value)));
    }
    return result;
}

NumberRange readSwitchSteps(const QLineEdit& field)
{
    return readRange(field.text(), 1, 1000, true);
}

NumberRange readSteps(const QLineEdit& field)
{
    return readRange(field.text(), 1, 1000, true);
}

}  // namespace

ParetoSheet::ParetoSheet(QWidget* parent) : QWidget(parent), m_theme(Theme::dark())
{
    setAccessibleName(tr("Pareto sheet"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(14, 4, 10, 8);
    layout->setSpacing(12);
    auto* left = new QVBoxLayout;
    left->setSpacing(5);
    layout->addLayout(left);
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(4);
    left->addLayout(grid);
    const QString form = tr("\nNumbers, or a range from..to:step, such as 100..600:100; both may be mixed.");
    m_switchSteps = addField(grid, 0, tr("t_s"), tr("Values of t_s"),
                             tr("Switch steps of DuoDiff to run, 1 to 1000. Default 100..500:100.") + form,
                             QStringLiteral("100..500:100"));
    m_thresholds = addField(grid, 1, tr("θ"), tr("Values of theta"),
                            tr("Thresholds of AdaDiff to run. Default 0.05..0.15:0.025.") + form,
                            QStringLiteral("0.05..0.15:0.025"));
    m_steps =
        addField(grid, 2, tr("Steps"), tr("Numbers of steps"),
                 tr("Solver steps of each, 1 to 1000. Default: empty, those of the controls.") + form, {});
    m_steps->setPlaceholderText(tr("as the controls"));

    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(6);
    const auto addButton = [&](const QString& text, const QString& toolTip) {
        auto* button = new QPushButton(text, this);
        button->setAccessibleName(tr("%1 the sweep").arg(text));
        button->setToolTip(toolTip);
        buttons->addWidget(button);
        return button;
    };
    m_start = addButton(tr("Start"), {});
    m_continue =
        addButton(tr("Continue"), tr("Go on with the runs that are missing; finished ones are kept"));
    m_csv = addButton(tr("CSV…"), tr("Write a table with a line for every finished run"));
    m_csv->setAccessibleName(tr("Write the table"));
    left->addLayout(buttons);
    m_status = new QLabel(this);
    m_note = new QLabel(this);
    m_selected = new QLabel(this);
    m_note->setProperty("role", "muted");
    for (QLabel* label : {m_status, m_selected, m_note}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setMaximumWidth(280);
        left->addWidget(label);
    }
    left->addStretch(1);
    m_plot = new ParetoPlot(this);
    layout->addWidget(m_plot, 1);

    connect(m_start, &QPushButton::clicked, this, [this] {
        if (m_state == State::running) {
            Q_EMIT stopRequested();
        } else {
            Q_EMIT startRequested();
        }
    });
    connect(m_continue, &QPushButton::clicked, this, &ParetoSheet::continueRequested);
    connect(m_csv, &QPushButton::clicked, this, &ParetoSheet::csvRequested);
    connect(m_plot, &ParetoPlot::chosen, this, [this](int row) {
        m_selected->setText(sweepRowText(m_sweep.rows[static_cast<std::size_t>(row)]));
        Q_EMIT chosen(row);
    });
    setState(State::idle, {});
}

QLineEdit* ParetoSheet::addField(QGridLayout* grid, int row, const QString& label, const QString& name,
                                 const QString& toolTip, const QString& text)
{
    auto* title = new QLabel(label, this);
    title->setToolTip(toolTip);
    auto* field = new QLineEdit(text, this);
    field->setAccessibleName(name);
    field->setToolTip(toolTip);
    field->setMinimumWidth(150);
    field->setMaximumWidth(230);
    title->setBuddy(field);
    grid->addWidget(title, row, 0);
    grid->addWidget(field, row, 1);
    connect(field, &QLineEdit::textChanged, this, &ParetoSheet::refresh);
    return field;
}

void ParetoSheet::setModel(bool hasShallow, bool hasEarlyExit, double lowestThreshold,
                           double highestThreshold)
{
    m_hasShallow = hasShallow;
    m_hasEarlyExit = hasEarlyExit;
    m_lowest = lowestThreshold;
    m_highest = highestThreshold;
    refresh();
}

std::optional<ParetoSheet::Values> ParetoSheet::values() const
{
    const NumberRange switchSteps = m_hasShallow ? readSwitchSteps(*m_switchSteps) : NumberRange();
    const NumberRange thresholds =
        m_hasEarlyExit ? readRange(m_thresholds->text(), m_lowest, m_highest, false) : NumberRange();
    const NumberRange steps = readSteps(*m_steps);
    if (!switchSteps.error.isEmpty() || !thresholds.error.isEmpty() || !steps.error.isEmpty() ||
        (switchSteps.values.empty() && thresholds.values.empty())) {
        return std::nullopt;
    }
    return Values{whole(switchSteps.values), thresholds.values, whole(steps.values)};
}

void ParetoSheet::setTexts(const QString& switchSteps, const QString& thresholds, const QString& steps)
{
    m_switchSteps->setText(switchSteps);
    m_thresholds->setText(thresholds);
    m_steps->setText(steps);
}

void ParetoSheet::setSweep(const Sweep& sweep)
{
    m_sweep = sweep;
    m_plot->setSweep(sweep);
    const auto selected = m_plot->selected();
    m_selected->setText(selected ? sweepRowText(sweep.rows[*selected]) : QString());
    refresh();
}

void ParetoSheet::setState(State state, const QString& text)
{
    m_state = state;
    m_status->setText(text);
    refresh();
}

void ParetoSheet::setNote(const QString& note, const QString& details)
{
    m_note->setText(note);
    m_note->setToolTip(details);
}

QString ParetoSheet::statusText() const
{
    return m_status->text();
}

void ParetoSheet::refresh()
{
    if (m_plot == nullptr) {
        return;
    }
    const bool running = m_state == State::running;
    const auto explain = [this, running](QLineEdit* field, const NumberRange& range, bool applies,
                                         const QString& reason) {
        const QString usual = field->property("usual").toString().isEmpty()
                                  ? field->toolTip()
                                  : field->property("usual").toString();
        field->setProperty("usual", usual);
        field->setEnabled(applies && !running);
        const QString note = !applies ? reason : range.error;
        field->setToolTip(note.isEmpty() ? usual : note + QStringLiteral("\n\n") + usual);
        field->setStyleSheet(applies && !range.error.isEmpty()
                                 ? QStringLiteral("border: 1px solid %1;").arg(m_theme.bad.name())
                                 : QString());
        return applies ? range.error : QString();
    };
    QStringList errors{explain(m_switchSteps, readSwitchSteps(*m_switchSteps), m_hasShallow,
                               tr("This model has no shallow network.")),
                       explain(m_thresholds, readRange(m_thresholds->text(), m_lowest, m_highest, false),
                               m_hasEarlyExit, tr("This model has no early exits.")),
                       explain(m_steps, readSteps(*m_steps), true, {})};
    errors.removeAll(QString());
    const bool valid = values().has_value();
    m_start->setText(running ? tr("Stop") : tr("Start"));
    m_start->setAccessibleName(running ? tr("Stop the sweep") : tr("Start the sweep"));
    m_start->setEnabled(running || valid);
    m_start->setToolTip(running ? tr("Stop now; finished runs are kept")
                        : errors.isEmpty()
                            ? (valid ? tr("Run the full network and every value, one after the "
                                          "other, with the other settings of the controls")
                                     : tr("Give a value of t_s or θ"))
                            : errors.first());
    m_continue->setEnabled(m_state == State::stopped);
    m_csv->setEnabled(!m_plot->rows().empty());
}

void ParetoSheet::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_plot->setTheme(theme);
    refresh();
}

}  // namespace duodiff::ui
