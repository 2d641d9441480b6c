// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/pareto.h"

#include "report/sweep_file.h"
#include "studio/images_file.h"
#include "studio/studio.h"
#include "ui/control_panel.h"
#include "ui/message_bar.h"
#include "ui/pareto_plot.h"
#include "ui/pareto_sheet.h"

#include <QAction>
#include <QDateTime>
#include <QDir>
#include <QDockWidget>
#include <QFileDialog>
#include <QFileInfo>
#include <QPushButton>

#include <limits>
#include <utility>

namespace duodiff::studio
{

using ui::ParetoSheet;

namespace
{

std::filesystem::path pathOf(const QString& path)
{
    return path.toStdU16String();
}

}  // namespace

Pareto::Pareto(Studio& studio, QString folder)
    : QObject(&studio), m_studio(studio), m_folder(std::move(folder)), m_sheet(new ParetoSheet)
{
    ui::MainWindow& window = studio.window();
    m_dock = window.addPanel(tr("Pareto sheet"), QStringLiteral("paretoDock"), m_sheet,
                             {Qt::BottomDockWidgetArea, QStringLiteral("plotDock"), false},
                             QStringLiteral("Ctrl+8"));
    auto* open = window.addAction(ui::MenuKind::tools, tr("&Pareto sheet"), QStringLiteral("Ctrl+Shift+P"),
                                  tr("Run many values of t_s and θ, and see time against difference"));
    connect(open, &QAction::triggered, this, [this] {
        m_dock->show();
        m_dock->raise();
        m_sheet->startButton()->setFocus();
    });
    connect(m_sheet, &ParetoSheet::startRequested, this, &Pareto::start);
    connect(m_sheet, &ParetoSheet::continueRequested, this, &Pareto::goOn);
    connect(m_sheet, &ParetoSheet::stopRequested, this, &Pareto::stop);
    connect(m_sheet, &ParetoSheet::csvRequested, this, &Pareto::askForCsv);
    connect(m_sheet, &ParetoSheet::chosen, this, &Pareto::show);
    connect(&window, &ui::MainWindow::themeChanged, m_sheet, &ParetoSheet::setTheme);
    connect(&studio, &Studio::runEnded, this, &Pareto::onRunEnded);
    connect(&studio.run(), &RunController::failed, this, &Pareto::onRunFailed);
    connect(&studio, &Studio::modelOpened, this, &Pareto::refresh);
    load();
    refresh();
}

void Pareto::load()
{
    const QString path = m_folder + QStringLiteral("/sweep.json");
    if (m_folder.isEmpty() || !QFileInfo::exists(path)) {
        return;
    }
    try {
        m_sweep = read_sweep_file(pathOf(path));
    } catch (const EngineError& error) {
        // Set aside, so that a new sweep does not write over what a person may still want to look at.
        QFile::rename(path, path + QDateTime::currentDateTimeUtc().toString(
                                       QStringLiteral("'.damaged-'yyyyMMddhhmmss")));
        say(error.failure());
    }
}

bool Pareto::save()
{
    if (m_folder.isEmpty()) {
        return true;
    }
    try {
        QDir().mkpath(m_folder);
        write_sweep_file(pathOf(m_folder + QStringLiteral("/sweep.json")), m_sweep);
        return true;
    } catch (const EngineError& error) {
        say(error.failure());
        return false;
    }
}

void Pareto::say(const Failure& failure)
{
    m_studio.window().messages()->postFailure(failure);
}

QString Pareto::rowFile(std::size_t row) const
{
    return m_folder + QStringLiteral("/row-%1.images").arg(row);
}

bool Pareto::start()
{
    const auto values = m_sheet->values();
    if (!values || !m_studio.canRun() || isRunning()) {
        return false;
    }
    SweepPlan plan;
    plan.base = m_studio.window().controls()->settings();
    plan.switch_steps = values->switchSteps;
    plan.thresholds = values->thresholds;
    plan.steps = values->steps;
    m_sweep = begin_sweep(plan);
    m_sweep.model = m_studio.model()->summary;
    m_sweep.started_at = QDateTime::currentDateTimeUtc().toString(Qt::ISODate).toStdString();
    m_images.clear();
    if (!m_folder.isEmpty()) {
        for (const QString& old : QDir(m_folder).entryList({QStringLiteral("row-*.images")}, QDir::Files)) {
            QFile::remove(m_folder + QLatin1Char('/') + old);
        }
    }
    save();
    return goOn();
}

bool Pareto::goOn()
{
    if (isRunning() || !m_studio.canRun() || !next_row(m_sweep)) {
        return false;
    }
    if (!isSameModel(m_sweep.model, m_studio.model()->summary)) {
        say({ErrorCode::usage, "the sweep was begun with another model", m_sweep.model.name,
             "Open that model to continue it, or start a new sweep."});
        return false;
    }
    m_stopping = false;
    m_dock->show();
    m_dock->raise();
    m_row = next_row(m_sweep);
    runNext();
    return isRunning();
}

void Pareto::stop()
{
    m_stopping = true;
    if (m_started) {
        m_studio.run().abort();
    } else {
        m_row.reset();
        refresh();
    }
}

void Pareto::runNext()
{
    m_row = m_stopping ? std::nullopt : next_row(m_sweep);
    if (m_row) {
        m_started = m_studio.startRun(m_sweep.rows[*m_row].settings);
        if (!m_started) {
            m_row.reset();
        }
    }
    refresh();
    if (!m_row) {
        Q_EMIT ended();
    }
}

void Pareto::onRunEnded(JobState state)
{
    if (!m_started) {
        return;
    }
    if (state == JobState::failed) {
        return;  // what failed comes with the next signal
    }
    m_started = false;
    const std::size_t index = *m_row;
    SweepRow& row = m_sweep.rows[index];
    const auto& kept = m_studio.kept();
    if (state == JobState::done && kept && kept->record.state == RunState::done) {
        const bool isReference = row.settings.policy == PolicyKind::full;
        double difference = 0.0;
        if (!isReference) {
            const auto reference = reference_row(m_sweep, index);
            const Images* full = reference ? imagesOf(*reference) : nullptr;
            difference = full != nullptr ? duodiff::picture_difference(kept->images, *full)
                                         : std::numeric_limits<double>::quiet_NaN();
        }
        finish_row(row, kept->record, difference);
        m_sweep.machine = kept->record.machine;
        m_images[index] = kept->images;
        if (!m_folder.isEmpty()) {
            try {
                QDir().mkpath(m_folder);
                writeImages(rowFile(index), kept->images);
            } catch (const EngineError& error) {
                say(error.failure());
            }
        }
        save();
        Q_EMIT rowEnded(static_cast<int>(index));
    } else {
        m_stopping = true;
    }
    // What waits for the end of a run, such as opening a model, goes first.
    QMetaObject::invokeMethod(this, &Pareto::runNext, Qt::QueuedConnection);
    refresh();
}

void Pareto::onRunFailed(const Failure& failure)
{
    if (!m_started) {
        return;
    }
    m_started = false;
    SweepRow& row = m_sweep.rows[*m_row];
    row.state = SweepState::failed;
    row.failure = failure.what;
    // Without the full network there is nothing to compare with.
    m_stopping = m_stopping || row.settings.policy == PolicyKind::full;
    save();
    Q_EMIT rowEnded(static_cast<int>(*m_row));
    QMetaObject::invokeMethod(this, &Pareto::runNext, Qt::QueuedConnection);
    refresh();
}

const Pareto::Images* Pareto::imagesOf(std::size_t row)
{
    const auto known = m_images.find(row);
    if (known != m_images.end()) {
        return &known->second;
    }
    if (m_folder.isEmpty() || !QFileInfo::exists(rowFile(row))) {
        return nullptr;
    }
    try {
        return &(m_images[row] = readImages(rowFile(row)));
    } catch (const EngineError& error) {
        say(error.failure());
        return nullptr;
    }
}

void Pareto::show(int row)
{
    const auto index = static_cast<std::size_t>(row);
    if (row < 0 || index >= m_sweep.rows.size()) {
        return;
    }
    const auto reference = reference_row(m_sweep, index);
    const Images* full = reference ? imagesOf(*reference) : nullptr;
    const Images* images = imagesOf(index);
    if (full == nullptr || images == nullptr) {
        return;
    }
    const auto keptOf = [this](std::size_t of, const Images& pictures) {
        auto kept = std::make_shared<KeptRun>();
        kept->record.model = m_sweep.model;
        kept->record.settings = m_sweep.rows[of].settings;
        kept->record.sampling_ms = m_sweep.rows[of].sampling_ms;
        kept->images = pictures;
        return kept;
    };
    if (!m_studio.twin().isRunning()) {
        m_studio.twin().compare(keptOf(*reference, *full), keptOf(index, *images), tr("Full"),
                                policyText(m_sweep.rows[index].settings));
    }
}

void Pareto::refresh()
{
    if (const auto& model = m_studio.model()) {
        const double most = model->threshold_is_probability ? 1.0 : 1e6;
        m_sheet->setModel(model->has_shallow, model->has_early_exit, -most, most);
    }
    m_sheet->setSweep(m_sweep);
    const auto rows = static_cast<int>(m_sweep.rows.size());
    int done = 0;
    int failed = 0;
    for (const SweepRow& row : m_sweep.rows) {
        done += row.state == SweepState::done ? 1 : 0;
        failed += row.state == SweepState::failed ? 1 : 0;
    }
    QString text;
    if (isRunning()) {
        text = tr("Run %1 of %2: %3")
                   .arg(done + failed + 1)
                   .arg(rows)
                   .arg(policyText(m_sweep.rows[*m_row].settings));
    } else if (rows > 0) {
        text = tr("%1 of %2 runs finished").arg(done).arg(rows);
    }
    if (failed > 0) {
        text += tr(", %1 failed").arg(failed);
    }
    m_sheet->setState(isRunning()         ? ParetoSheet::State::running
                      : next_row(m_sweep) ? ParetoSheet::State::stopped
                                          : ParetoSheet::State::idle,
                      text);
    if (rows > 0) {
        const SamplingSettings& s = m_sweep.rows.front().settings;
        m_sheet->setNote(
            tr("%1 images a run, seed %2, each timed once, not interleaved").arg(s.count).arg(s.seed),
            tr("The runs are made in this order: few steps before many, the full network first, then t_s, "
               "then "
               "θ.\nThe difference is the root mean square to the full network's images with as many steps, "
               "of "
               "the range 0 to 1."));
    }
}

void Pareto::askForCsv()
{
    auto* dialog = new QFileDialog(&m_studio.window(), tr("Write the table of the sweep"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("csv"));
    dialog->selectFile(QStringLiteral("sweep.csv"));
    connect(dialog, &QFileDialog::fileSelected, this, &Pareto::writeCsv);
    dialog->show();
}

bool Pareto::writeCsv(const QString& path)
{
    try {
        write_sweep_csv(pathOf(path), m_sweep);
    } catch (const EngineError& error) {
        say(error.failure());
        return false;
    }
    return true;
}

}  // namespace duodiff::studio
