// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/run_record.h"
#include "studio/state_folder.h"

#include <QByteArray>
#include <QJsonObject>
#include <QObject>
#include <QString>

#include <map>

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// What has to be equal for one run's time to be another's baseline: machine, program, model and whatever of
/// the settings decides how long a step takes.
QJsonObject timingConditions(const RunRecord& record);

/// Point 14: the times of the full network that were measured on this machine, in this session and in those
/// before. Without one there is no "faster", only an estimate.
class Baselines : public QObject
{
    Q_OBJECT

public:
    Baselines(StateFolder& folder, ui::MainWindow& window, QObject* parent = nullptr);

    /// Reads what earlier sessions measured.
    void load();
    /// Takes a finished run of the full network in; gives another one its baseline, where there is one.
    void apply(RunRecord& record);

    QString file() const { return m_folder.filePath(QStringLiteral("baselines.json")); }

private:
    struct Measured {
        QJsonObject conditions;
        double msPerImage = 0.0;
        QString what;          ///< "full, seed 7, 16 images"
        QString date;          ///< ISO, local
        bool earlier = false;  ///< in another session
    };

    void save();
    static std::map<QByteArray, Measured> read(const QByteArray& json, bool& damaged);

    StateFolder& m_folder;
    ui::MainWindow& m_window;
    std::map<QByteArray, Measured> m_measured;  ///< by their conditions
};

}  // namespace duodiff::studio
