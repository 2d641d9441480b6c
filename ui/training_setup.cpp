// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training_setup.h"

#include "ui/curves_plot.h"

#include <QComboBox>
#include <QDir>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStyle>

#include <cmath>

namespace duodiff::ui
{

namespace
{

QString text(const std::string& value)
{
    return QString::fromStdString(value);
}

/// As the trainer sees it: relative to the folder that the program was started in.
QString absolute(const QString& path)
{
    return path.isEmpty() ? QString() : QDir::cleanPath(QDir::current().absoluteFilePath(path));
}

QString grouped(std::int64_t value)
{
    return plainNumber(static_cast<double>(value));
}

QString kindText(const TrainPlan& plan)
{
    if (plan.kind == "early_exit") {
        return plan.train_backbone ? TrainingSetup::tr("exits, and the full network with them")
                                   : TrainingSetup::tr("exits of a full network that stays as it is");
    }
    return plan.kind == "shallow" ? TrainingSetup::tr("a shallow network, for all t")
                                  : TrainingSetup::tr("a full network");
}

QString parametrizationText(const TrainPlan& plan)
{
    return plan.parametrization == "predict_original"   ? TrainingSetup::tr("predicts the image x₀")
           : plan.parametrization == "predict_previous" ? TrainingSetup::tr("predicts the step before")
                                                        : TrainingSetup::tr("predicts the noise");
}

QString countText(std::int64_t parameters)
{
    return parameters >= 1'000'000
               ? TrainingSetup::tr("%1 M parameters").arg(static_cast<double>(parameters) / 1e6, 0, 'f', 1)
               : TrainingSetup::tr("%1 parameters").arg(grouped(parameters));
}

}  // namespace

QString durationText(double seconds)
{
    const auto whole = std::llround(std::max(0.0, seconds));
    if (whole < 60) {
        return TrainingSetup::tr("%1 s").arg(whole);
    }
    if (whole < 3600) {
        return TrainingSetup::tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    }
    return TrainingSetup::tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
}

void TrainingSetup::open(const QString& name, const QString& path, const TrainPlan& plan)
{
    m_base = m_plan = plan;
    m_hasPlan = true;
    m_objection.clear();
    m_name->setText(name);
    m_name->setToolTip(QDir::toNativeSeparators(path));
    const QSignalBlocker quiet(this);
    m_steps->setValue(static_cast<int>(plan.steps));
    m_folder->setText(QDir::toNativeSeparators(absolute(text(plan.folder))));
    m_data->setText(QDir::toNativeSeparators(absolute(text(plan.data))));
    m_backbone->setText(QDir::toNativeSeparators(absolute(text(plan.backbone))));
    m_threads->setValue(static_cast<int>(plan.threads));
    if (m_device->findData(text(plan.device)) < 0) {
        m_device->addItem(text(plan.device), text(plan.device));
    }
    m_device->setCurrentIndex(m_device->findData(text(plan.device)));
    m_backboneRow->setVisible(plan.kind == "early_exit");
    m_startFrom->setText(QDir::toNativeSeparators(absolute(text(plan.start_from))));
    m_startFromRow->setVisible(!plan.start_from.empty());
    setState(TrainingState::idle);
    showFacts(plan);
}

void TrainingSetup::openWatched(const QString& folder, const std::optional<TrainPlan>& plan)
{
    m_base = m_plan = plan.value_or(TrainPlan());
    m_hasPlan = plan.has_value();
    m_objection.clear();
    m_name->setText(QFileInfo(folder).fileName());
    m_name->setToolTip(QDir::toNativeSeparators(folder));
    setState(TrainingState::watching);
    showFacts(m_plan);
}

void TrainingSetup::updatePlan(const TrainPlan& plan)
{
    m_plan = plan;
    m_objection.clear();
    refresh();
}

void TrainingSetup::setObjection(const QString& objection)
{
    m_objection = objection;
    refresh();
}

QString TrainingSetup::objection() const
{
    return m_issue;
}

TrainingSetup::Overrides TrainingSetup::overrides() const
{
    Overrides changed;
    const auto path = [&](const char* key, const QLineEdit* field, const std::string& base) {
        const QString now = absolute(QDir::fromNativeSeparators(field->text().trimmed()));
        if (now != absolute(text(base))) {
            changed.emplace_back(key, now.toStdString());
        }
    };
    if (m_steps->value() != m_base.steps) {
        changed.emplace_back("training.steps", std::to_string(m_steps->value()));
    }
    path("output.folder", m_folder, m_base.folder);
    path("data.path", m_data, m_base.data);
    if (m_base.kind == "early_exit") {
        path("exits.backbone", m_backbone, m_base.backbone);
    }
    path("training.start_from", m_startFrom, m_base.start_from);
    if (m_threads->value() != m_base.threads) {
        changed.emplace_back("training.threads", std::to_string(m_threads->value()));
    }
    if (const std::string device = m_device->currentData().toString().toStdString();
        device != m_base.device) {
        changed.emplace_back("training.device", device);
    }
    return changed;
}

void TrainingSetup::setFolder(const QString& folder)
{
    m_folder->setText(QDir::toNativeSeparators(folder));
}

void TrainingSetup::setDevices(const QStringList& devices)
{
    const QSignalBlocker quiet(m_device);
    const QString former = m_device->currentData().toString();
    m_device->clear();
    m_device->addItem(tr("auto"), QStringLiteral("auto"));
    QStringList all = devices;
    all << former;
    for (const QString& device : all) {
        if (!device.isEmpty() && m_device->findData(device) < 0) {
            m_device->addItem(device, device);
        }
    }
    m_device->setCurrentIndex(std::max(0, m_device->findData(former)));
}

void TrainingSetup::setState(TrainingState state)
{
    m_state = state;
    refresh();
}

void TrainingSetup::setNumbers(const TrainingNumbers& numbers)
{
    m_progress->setRange(0, numbers.fraction < 0.0 ? 0 : 1000);
    m_progress->setValue(static_cast<int>(numbers.fraction * 1000.0));
    m_progressText->setText(numbers.text);
    const auto put = [this](std::size_t row, const std::optional<QString>& value) {
        m_numbers[row].second->setText(value.value_or(QStringLiteral("–")));
    };
    using Text = std::optional<QString>;
    put(0, numbers.step
               ? Text(numbers.steps > 0 ? tr("%1 of %2").arg(grouped(*numbers.step), grouped(numbers.steps))
                                        : grouped(*numbers.step))
               : Text());
    put(1, numbers.loss ? Text(QString::number(*numbers.loss, 'g', 4)) : Text());
    put(2, numbers.imagesPerSecond
               ? Text(tr("%1 images/s").arg(plainNumber(std::round(*numbers.imagesPerSecond))))
               : Text());
    put(3, numbers.secondsLeft ? Text(durationText(*numbers.secondsLeft)) : Text());
    put(4, numbers.seconds ? Text(durationText(*numbers.seconds)) : Text());
}

void TrainingSetup::setHasWeights(bool has)
{
    m_pack->setEnabled(has);
}

void TrainingSetup::setTheme(const Theme& theme)
{
    m_theme = theme;
    refresh();
}

bool TrainingSetup::resumes() const
{
    return m_plan.resumes_from.has_value();
}

QString TrainingSetup::missingFile() const
{
    const auto missing = [](const QLineEdit* field) {
        const QString path = QDir::fromNativeSeparators(field->text().trimmed());
        return path.isEmpty() || !QFileInfo::exists(absolute(path));
    };
    if (missing(m_data)) {
        return tr("There is no training data at this place. Choose the folder or file that has it.");
    }
    if (m_base.kind == "early_exit" && (!m_base.train_backbone || !m_backbone->text().isEmpty()) &&
        missing(m_backbone)) {
        return tr("The trained full network is not there. Train it first, or choose its file.");
    }
    if (!m_startFrom->text().trimmed().isEmpty() && !resumes() && missing(m_startFrom)) {
        return tr(
            "The weights that it starts from are not there. Choose their file, or leave the field empty to "
            "start from random ones.");
    }
    return m_folder->text().trimmed().isEmpty() ? tr("Choose where the run writes.") : QString();
}

bool TrainingSetup::canStart() const
{
    return m_state == TrainingState::idle && m_hasPlan && m_issue.isEmpty();
}

void TrainingSetup::showFacts(const TrainPlan& plan)
{
    const auto put = [this](std::size_t row, const QString& value) {
        m_facts[row].second->setText(value);
        m_facts[row].first->setVisible(!value.isEmpty());
        m_facts[row].second->setVisible(!value.isEmpty());
    };
    if (!m_hasPlan) {
        for (std::size_t row = 0; row < m_facts.size(); ++row) {
            put(row, {});
        }
        return;
    }
    put(0, tr("%1, %2").arg(kindText(plan), parametrizationText(plan)));
    put(1, tr("U-ViT, %1 blocks, %2 wide, %3 heads, %4")
               .arg(plan.depth)
               .arg(plan.width)
               .arg(plan.heads)
               .arg(countText(plan.parameters)));
    put(2, tr("%1 × %1, %2, patches of %3, %4")
               .arg(plan.image_size)
               .arg(plan.channels == 1   ? tr("grey")
                    : plan.channels == 3 ? tr("colour")
                                         : tr("%1 channels").arg(plan.channels))
               .arg(plan.patch_size)
               .arg(plan.classes > 0 ? tr("%1 classes").arg(plan.classes) : tr("no classes")));
    put(3, plan.probe.empty() ? QString() : text(plan.probe).replace(QLatin1Char('_'), QLatin1Char(' ')));
    put(4, tr("%1 images a step, rate up to %2, %3")
               .arg(plan.batch_size)
               .arg(plan.learning_rate)
               .arg(text(plan.precision)));
    put(5, m_state == TrainingState::watching ? text(plan.data) : QString());
}

void TrainingSetup::refresh()
{
    if (m_start == nullptr) {
        return;
    }
    const bool running = m_state == TrainingState::preparing || m_state == TrainingState::training ||
                         m_state == TrainingState::paused || m_state == TrainingState::stopping;
    const bool watching = m_state == TrainingState::watching;
    m_fields->setVisible(!watching);
    m_fields->setEnabled(!running);
    m_start->setVisible(!watching || m_hasPlan);
    m_start->setProperty("role", watching ? "" : "primary");
    m_start->style()->unpolish(m_start);
    m_start->style()->polish(m_start);
    m_pause->setVisible(running);
    const std::int64_t from = m_plan.resumes_from.value_or(0);
    const bool finished = resumes() && from >= m_steps->value();
    m_newFolder->setVisible(!watching && !running && resumes());
    m_issue.clear();
    if (!watching && !running) {
        m_issue = !m_objection.isEmpty() ? m_objection : missingFile();
        if (m_issue.isEmpty() && finished) {
            m_issue =
                tr("The run in this folder is finished, at step %1. For more of it raise the steps; for "
                   "another run choose another folder.")
                    .arg(grouped(from));
        }
    }
    m_note->setText(!m_issue.isEmpty() ? m_issue
                    : resumes() && !running && !watching
                        ? tr("This folder holds a run. It goes on from its "
                             "newest checkpoint as if it had not ended; nothing "
                             "of it is lost.")
                        : QString());
    m_note->setStyleSheet(
        m_issue.isEmpty() || finished ? QString() : QStringLiteral("color: %1;").arg(m_theme.bad.name()));
    m_note->setVisible(!m_note->text().isEmpty());
    m_start->setText(watching    ? tr("Continue it here…")
                     : running   ? tr("Stop and save")
                     : resumes() ? tr("Continue from step %1").arg(grouped(from))
                                 : tr("Start training"));
    m_start->setAccessibleName(m_start->text());
    m_start->setEnabled(watching || (running ? m_state != TrainingState::stopping : canStart()));
    m_start->setToolTip(
        watching            ? tr("Open the run's configuration, to go on with it in this window once nobody "
                                            "else trains it")
        : running           ? tr("End after the step in progress and save; it can be continued (Ctrl+.)")
        : m_issue.isEmpty() ? tr("Train on a thread of its own; the window stays free "
                                 "(Ctrl+Return)")
                            : m_issue);
    const bool paused = m_state == TrainingState::paused;
    m_pause->setText(paused ? tr("Continue") : tr("Pause"));
    m_pause->setAccessibleName(paused ? tr("Continue the training") : tr("Pause the training"));
    m_pause->setEnabled(m_state == TrainingState::training || paused);
}

QString TrainingSetup::textSummary() const
{
    QStringList lines{m_name->text()};
    for (const auto* rows : {&m_facts, &m_numbers}) {
        for (const auto& [name, value] : *rows) {
            if (!value->text().isEmpty()) {
                lines << QStringLiteral("%1: %2").arg(name->text(), value->text());
            }
        }
    }
    lines << m_progressText->text() << m_note->text();
    lines.removeAll(QString());
    return lines.join(QLatin1Char('\n'));
}

}  // namespace duodiff::ui
