// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "train/train_plan.h"
#include "ui/theme.h"

#include <QStringList>
#include <QWidget>

#include <optional>
#include <string>
#include <utility>
#include <vector>

class QComboBox;
class QFormLayout;
class QGridLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QToolButton;
class QVBoxLayout;

namespace duodiff::ui
{

/// What a training run, or one that is looked at, is doing.
enum class TrainingState {
    idle,
    preparing,  ///< reads the data
    training,
    paused,
    stopping,  ///< ends after the step in progress and saves
    watching,  ///< of another program, or of an earlier time
};

/// How far it is. What is not known is left out.
struct TrainingNumbers {
    std::optional<std::int64_t> step;
    std::int64_t steps = 0;
    std::optional<double> loss;
    std::optional<double> imagesPerSecond;
    std::optional<double> secondsLeft;
    std::optional<double> seconds;  ///< of training, all sittings together
    QString text;                   ///< "Reading the training data, 40 %"
    double fraction = 0.0;          ///< below 0: how far is not known
};

/// "2 h 10 min", "41 s"
QString durationText(double seconds);

/// The left side of the training window: what the configuration says, what of it this run does otherwise,
/// how far it is, and the buttons.
class TrainingSetup : public QWidget
{
    Q_OBJECT

public:
    using Overrides = std::vector<std::pair<std::string, std::string>>;

    explicit TrainingSetup(QWidget* parent = nullptr);

    /// A configuration; the fields get its values. `name` is shown above.
    void open(const QString& name, const QString& path, const TrainPlan& plan);
    /// A run that is only looked at; without a plan where its configuration cannot be read.
    void openWatched(const QString& folder, const std::optional<TrainPlan>& plan);
    /// The same configuration with the overrides of the fields.
    void updatePlan(const TrainPlan& plan);
    /// Why it cannot start as the fields are; empty: nothing.
    void setObjection(const QString& objection);
    QString objection() const;
    /// Keys and values of the fields that differ from the configuration.
    Overrides overrides() const;
    void setFolder(const QString& folder);
    void setDevices(const QStringList& devices);
    void setState(TrainingState state);
    TrainingState state() const { return m_state; }
    void setNumbers(const TrainingNumbers& numbers);
    /// Whether there are weights that a pack could be made of.
    void setHasWeights(bool has);
    void setTheme(const Theme& theme);

    /// What the primary button would do: go on, or begin.
    bool resumes() const;
    bool canStart() const;
    QPushButton* startButton() const { return m_start; }
    QPushButton* pauseButton() const { return m_pause; }
    QPushButton* newFolderButton() const { return m_newFolder; }
    QPushButton* packButton() const { return m_pack; }
    QSpinBox* stepsField() const { return m_steps; }
    QLineEdit* folderField() const { return m_folder; }
    QLineEdit* startFromField() const { return m_startFrom; }
    QLineEdit* dataField() const { return m_data; }
    QSpinBox* threadsField() const { return m_threads; }
    QComboBox* deviceField() const { return m_device; }
    /// Everything that is said here, line by line.
    QString textSummary() const;

Q_SIGNALS:
    void startRequested(bool resume);
    void stopRequested();
    void pauseRequested(bool paused);
    void newFolderRequested();
    void packRequested();
    /// A run that is watched is to be continued by this program.
    void continueRequested();
    void fieldsChanged();

private:
    void buildFacts(QVBoxLayout* layout);
    void buildFields(QVBoxLayout* layout);
    void buildProgress(QVBoxLayout* layout);
    void buildButtons(QVBoxLayout* layout);
    QLabel* addFact(QGridLayout* grid, const QString& name);
    void addField(QVBoxLayout* layout, const QString& name, QWidget* field, const QString& toolTip);
    QLineEdit* addPath(QVBoxLayout* layout, const QString& name, const QString& toolTip, bool folder);
    void showFacts(const TrainPlan& plan);
    void refresh();
    QString missingFile() const;

    Theme m_theme;
    TrainingState m_state = TrainingState::idle;
    TrainPlan m_base;  ///< as the configuration has it
    TrainPlan m_plan;  ///< with the overrides
    bool m_hasPlan = false;
    QString m_objection;
    QString m_issue;
    QLabel* m_name = nullptr;
    std::vector<std::pair<QLabel*, QLabel*>> m_facts;
    QWidget* m_fields = nullptr;
    QWidget* m_backboneRow = nullptr;
    QWidget* m_startFromRow = nullptr;
    QSpinBox* m_steps = nullptr;
    QLineEdit* m_folder = nullptr;
    QLineEdit* m_data = nullptr;
    QLineEdit* m_backbone = nullptr;
    QLineEdit* m_startFrom = nullptr;
    QSpinBox* m_threads = nullptr;
    QComboBox* m_device = nullptr;
    QLabel* m_progressText = nullptr;
    QProgressBar* m_progress = nullptr;
    std::vector<std::pair<QLabel*, QLabel*>> m_numbers;
    QLabel* m_note = nullptr;
    QPushButton* m_start = nullptr;
    QPushButton* m_pause = nullptr;
    QPushButton* m_newFolder = nullptr;
    QPushButton* m_pack = nullptr;
};

}  // namespace duodiff::ui
