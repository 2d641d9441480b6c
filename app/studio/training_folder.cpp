// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/training_folder.h"

#include <QFileInfo>
#include <QMetaObject>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

QString textOf(const std::filesystem::path& path)
{
    return QString::fromStdU16String(path.u16string());
}

}  // namespace

struct TrainingFolder::Reader {
    explicit Reader(const QString& folder) : path(folder.toStdU16String()), log(path) {}

    /// Nothing where all is as it was.
    std::optional<Contents> look()
    {
        const QFileInfo file(textOf(path / "log.jsonl"));
        const bool hasLog = file.isFile();
        const bool isNew = hasLog && log.update();
        auto found = find_samples(path);
        const std::size_t exits = static_cast<std::size_t>(std::count_if(
            found.begin(), found.end(), [](const TrainSample& sample) { return !sample.exits.empty(); }));
        const bool otherSamples = found.size() != samples.size() || exits != samplesWithExits ||
                                  (!found.empty() && found.back().step != samples.back().step);
        const QDateTime written = hasLog ? file.lastModified() : QDateTime();
        if (!isNew && !otherSamples && looked && written == lastWritten) {
            return std::nullopt;
        }
        looked = true;
        lastWritten = written;
        samples = std::move(found);
        samplesWithExits = exits;
        return Contents{hasLog ? log.lines() : std::vector<TrainCurves>(), samples, written};
    }

    std::filesystem::path path;
    LogFollower log;
    std::vector<TrainSample> samples;
    std::size_t samplesWithExits = 0;
    QDateTime lastWritten;
    bool looked = false;
};

TrainingFolder::TrainingFolder(QObject* parent) : QObject(parent)
{
    m_pool.setMaxThreadCount(1);
}

TrainingFolder::~TrainingFolder()
{
    m_pool.clear();
    m_pool.waitForDone();
}

void TrainingFolder::open(const QString& folder)
{
    ++m_opened;
    ++m_wanted;
    m_folder = folder;
    m_reader = folder.isEmpty() ? nullptr : std::make_shared<Reader>(folder);
    m_looking = false;
    m_lookAgain = false;
    refresh();
}

void TrainingFolder::refresh()
{
    if (!m_reader) {
        return;
    }
    m_lookAgain = m_looking;
    if (!m_looking) {
        m_looking = true;
        look();
    }
}

void TrainingFolder::look()
{
    m_pool.start([this, reader = m_reader, opened = m_opened] {
        std::optional<Contents> contents;
        std::optional<Failure> failure;
        try {
            contents = reader->look();
        } catch (...) {
            failure = current_failure(reader->path.string());
        }
        QMetaObject::invokeMethod(
            this,
            [this, opened, contents = std::move(contents), failure = std::move(failure)] {
                if (opened != m_opened) {
                    return;
                }
                m_looking = false;
                if (std::exchange(m_lookAgain, false)) {
                    refresh();
                }
                if (failure) {
                    Q_EMIT failed(*failure);
                } else if (contents) {
                    Q_EMIT changed(*contents);
                }
            },
            Qt::QueuedConnection);
    });
}

void TrainingFolder::readPicture(const TrainSample& sample)
{
    m_pool.start([this, sample, wanted = ++m_wanted] {
        if (wanted != m_wanted) {
            return;
        }
        Picture picture{sample.step, QImage(textOf(sample.picture)), {}};
        try {
            if (!sample.exits.empty()) {
                picture.exits = read_exit_curve(sample.exits);
            }
        } catch (const EngineError&) {
            // The pictures are worth showing without it.
        }
        QMetaObject::invokeMethod(
            this,
            [this, wanted, picture = std::move(picture)] {
                if (wanted == m_wanted) {
                    Q_EMIT pictureRead(picture);
                }
            },
            Qt::QueuedConnection);
    });
}

}  // namespace duodiff::studio
