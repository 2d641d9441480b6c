// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "base/error.h"
#include "train/looking_on.h"

#include <QDateTime>
#include <QImage>
#include <QObject>
#include <QString>
#include <QThreadPool>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace duodiff::studio
{

/// What there is to see of a training run, whoever makes it: its log and its pictures, read from its folder
/// on a thread of its own. Reading again costs what is new.
class TrainingFolder : public QObject
{
    Q_OBJECT

public:
    struct Contents {
        std::vector<TrainCurves> log;
        std::vector<TrainSample> samples;
        QDateTime logged;  ///< when the log was last written; invalid: there is none
    };
    struct Picture {
        std::int64_t step = 0;
        QImage image;
        std::optional<TrainExitCurve> exits;
    };

    explicit TrainingFolder(QObject* parent = nullptr);
    ~TrainingFolder() override;

    /// What was known of another folder is forgotten. Empty: none.
    void open(const QString& folder);
    const QString& folder() const { return m_folder; }
    /// `changed` follows, where there is something new; of several asked for meanwhile one is done.
    void refresh();
    /// `pictureRead` follows for the newest one asked for.
    void readPicture(const TrainSample& sample);

Q_SIGNALS:
    void changed(const duodiff::studio::TrainingFolder::Contents& contents);
    void pictureRead(const duodiff::studio::TrainingFolder::Picture& picture);
    void failed(const duodiff::Failure& failure);

private:
    struct Reader;

    void look();

    QString m_folder;
    std::shared_ptr<Reader> m_reader;   ///< used on the pool's thread alone
    quint64 m_opened = 0;               ///< which of the folders an answer is of
    std::atomic<quint64> m_wanted = 0;  ///< number of the newest picture asked for
    bool m_looking = false;
    bool m_lookAgain = false;
    QThreadPool m_pool;
};

}  // namespace duodiff::studio
