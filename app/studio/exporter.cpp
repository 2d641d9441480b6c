// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/exporter.h"

#include "report/atomic_file.h"
#include "report/gif_file.h"
#include "report/html_report.h"
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/run_file.h"
#include "studio/export_folder.h"
#include "studio/film_pictures.h"
#include "ui/exit_plot.h"
#include "ui/report_document.h"

#include <QCoreApplication>
#include <QMetaObject>
#include <QThread>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

/// The record as it goes into the folder: every image under its file's name.
RunRecord namedRecord(const KeptRun& run, const ui::ExportChoice& choice)
{
    RunRecord record = run.record;
    nameImages(record, choice.images ? run : KeptRun());
    return record;
}

/// Called between two pieces of work with what is done of a part, 0..1. Throws where the export was
/// cancelled.
using Progress = std::function<void(double)>;

class Writer
{
public:
    Writer(const KeptRun& run, const ui::ExportChoice& choice, ExportFolder& folder, Progress progress)
        : m_run(run),
          m_choice(choice),
          m_folder(folder),
          m_record(namedRecord(run, choice)),
          m_progress(std::move(progress))
    {
        const auto facts = filmFacts(run);
        m_hasFilm = facts.unavailable.isEmpty();
        if (m_hasFilm) {
            const auto& held = facts.held(choice.filmShows);
            m_frames = ui::filmSteps(held, choice.filmEvery > 0 ? choice.filmEvery : ui::proposedEvery(held));
        }
        // A frame is about as much work as an image.
        m_work = static_cast<double>(run.images.size() + run.unfinished.size() + 3 +
                                     (choice.gif ? m_frames.size() : 0));
    }

    /// Returns the samples in one picture; without pixels where there are none.
    Image8 write()
    {
        const Image8 grid = writeImages();
        if (m_choice.gif && !m_frames.empty()) {
            writeGif();
        }
        if (m_choice.strip && m_hasFilm) {
            writePicture("steps.png", FilmPictures(m_run, m_choice.filmShows).strip(m_choice.stripPictures),
                         -1);
        }
        step();
        if (m_choice.runFile) {
            write_run_file(m_folder.add("run.json"), m_record);
        }
        if (m_choice.table) {
            write_steps_csv(m_folder.add("steps.csv"), m_record);
        }
        step();
        if (m_choice.htmlReport) {
            const ReportedRun reported{&m_record, grid.pixels.empty() ? nullptr : &grid, {}};
            write_html_report(m_folder.add("report.html"), std::span(&reported, 1));
        }
        step();
        return grid;
    }

private:
    void step() { m_progress(std::min(1.0, ++m_done / m_work)); }

    void writePicture(const std::string& name, const Image8& picture, int index)
    {
        const auto path = m_folder.add(name);
        m_choice.settingsInside ? write_image(path, picture, m_record, index)
                                : write_clean_image(path, picture);
    }

    Image8 writeImages()
    {
        std::vector<std::pair<int, Image8>> pictures;
        for (const FinishedImage& image : m_run.images) {
            pictures.emplace_back(image.index, to_image8(image));
        }
        for (const UnfinishedImage& image : m_run.unfinished) {
            pictures.emplace_back(image.picture.index, to_image8(image.picture));
        }
        std::sort(pictures.begin(), pictures.end(),
                  [](const auto& a, const auto& b) { return a.first < b.first; });
        GridOptions options;
        std::vector<Image8> tiles;
        for (auto& [index, picture] : pictures) {
            const ImageRecord* record = recordOf(index);
            options.dashed.push_back(record != nullptr && record->steps_done > 0);
            if (record != nullptr && !record->file.empty()) {
                writePicture(record->file, picture, index);
            }
            tiles.push_back(std::move(picture));
            step();
        }
        if (tiles.empty()) {
            return {};
        }
        Image8 grid = compose_grid(tiles, options);
        if (m_choice.grid) {
            writePicture("grid.png", grid, -1);
        }
        return grid;
    }

    const ImageRecord* recordOf(int index) const
    {
        for (const auto* images : {&m_record.images, &m_record.unfinished}) {
            for (const ImageRecord& image : *images) {
                if (image.index == index) {
                    return &image;
                }
            }
        }
        return nullptr;
    }

    void writeGif()
    {
        const FilmPictures film(m_run, m_choice.filmShows);
        const auto frame = [&](std::size_t index) {
            step();
            return film.grid(m_frames[index]);
        };
        const std::vector<std::uint8_t> bytes =
            encode_gif(m_frames.size(), frame, {.frame_ms = 1000 / std::max(m_choice.framesPerSecond, 1)});
        write_file_atomically(m_folder.add("steps.gif"), std::span<const std::uint8_t>(bytes));
    }

    const KeptRun& m_run;
    const ui::ExportChoice& m_choice;
    ExportFolder& m_folder;
    RunRecord m_record;
    Progress m_progress;
    bool m_hasFilm = false;
    std::vector<int> m_frames;
    double m_work = 1.0;
    double m_done = 0.0;
};

QImage toQImage(const Image8& picture)
{
    if (picture.pixels.empty()) {
        return {};
    }
    const auto format = picture.channels == 1   ? QImage::Format_Grayscale8
                        : picture.channels == 3 ? QImage::Format_RGB888
                                                : QImage::Format_RGBA8888;
    return QImage(picture.pixels.data(), picture.width, picture.height, picture.width * picture.channels,
                  format)
        .copy();
}

}  // namespace

ui::ExportFacts exportFacts(const KeptRun& run)
{
    ui::ExportFacts facts;
    facts.images = static_cast<int>(run.images.size());
    facts.unfinished = static_cast<int>(run.unfinished.size());
    facts.steps = static_cast<int>(run.record.steps.size());
    const FinishedImage* image = !run.images.empty()       ? &run.images.front()
                                 : !run.unfinished.empty() ? &run.unfinished.front().picture
                                                           : nullptr;
    if (image != nullptr) {
        facts.picture = {image->width, image->height};
        facts.inColour = image->channels > 2;
    }
    facts.film = filmFacts(run);
    return facts;
}

Exporter::Exporter(QObject* parent) : QObject(parent) {}

Exporter::~Exporter()
{
    cancel();
    if (m_writer != nullptr) {
        m_writer->wait();
        delete m_writer;
    }
}

bool Exporter::start(std::shared_ptr<const KeptRun> run, const ui::ExportChoice& choice)
{
    if (isBusy()) {
        return false;
    }
    m_run = std::move(run);
    m_choice = choice;
    m_cancelled = false;
    m_percent = -1;
    m_samples = {};
    m_toPaint.clear();
    const std::pair<bool, const char*> painted[] = {{choice.plotPng, "exit-layers.png"},
                                                    {choice.plotSvg, "exit-layers.svg"},
                                                    {choice.plotPdf, "exit-layers.pdf"},
                                                    {choice.pdfReport, "report.pdf"}};
    for (const auto& [wanted, name] : painted) {
        if (wanted) {
            m_toPaint << QLatin1String(name);
        }
    }
    const auto write = [this] {
        m_folder = std::make_unique<ExportFolder>(std::filesystem::path(m_choice.folder.toStdU16String()));
        m_samples = toQImage(
            Writer(*m_run, m_choice, *m_folder, [this](double done) { report(0.8 * done); }).write());
    };
    onWriter(write, [this] { paintNext(); });
    return true;
}

void Exporter::cancel()
{
    m_cancelled = true;
}

void Exporter::wait()
{
    while (isBusy()) {
        QCoreApplication::processEvents(QEventLoop::ExcludeUserInputEvents | QEventLoop::WaitForMoreEvents);
    }
}

void Exporter::report(double fraction)
{
    if (m_cancelled) {
        throw EngineError(ErrorCode::cancelled, "The export was cancelled; nothing was written.");
    }
    const int percent = static_cast<int>(100.0 * fraction);
    if (m_percent.exchange(percent) != percent) {
        QMetaObject::invokeMethod(
            this, [this, fraction] { Q_EMIT progressed(std::min(fraction, 0.99)); }, Qt::QueuedConnection);
    }
}

void Exporter::onWriter(std::function<void()> work, std::function<void()> next)
{
    m_writer = QThread::create([this, work = std::move(work), next = std::move(next)] {
        std::optional<Failure> failure;
        try {
            work();
        } catch (...) {
            failure = current_failure("export");
        }
        QMetaObject::invokeMethod(
            this,
            [this, failure, next] {
                m_writer->wait();
                delete std::exchange(m_writer, nullptr);
                failure ? end(failure) : next();
            },
            Qt::QueuedConnection);
    });
    m_writer->start();
}

void Exporter::paintNext()
{
    try {
        report(0.8 + 0.2 / static_cast<double>(m_toPaint.size() + 1));
        if (m_toPaint.isEmpty()) {
            onWriter([this] { m_published = m_folder->publish(); }, [this] { end(std::nullopt); });
            return;
        }
        const QString name = m_toPaint.takeFirst();
        const QString path = QString::fromStdU16String(m_folder->add(name.toStdString()).u16string());
        QString error;
        bool written = false;
        if (name == QLatin1String("report.pdf")) {
            written = ui::writeReportPdf({m_run->record}, m_samples, path, &error);
        } else {
            ui::ExitPlot plot;
            plot.showRecord(m_run->record);
            written = plot.exportTo(path, &error);
        }
        if (!written) {
            throw EngineError(ErrorCode::failed, error.toStdString(), path.toStdString(),
                              "Choose a folder that you may write to, with room left on its disk.");
        }
        QTimer::singleShot(0, this, &Exporter::paintNext);
    } catch (...) {
        end(current_failure("export"));
    }
}

void Exporter::end(std::optional<Failure> failure)
{
    if (failure && m_folder) {
        failure->what = m_folder->told(failure->what);
        failure->where = m_folder->told(failure->where);
    }
    m_folder.reset();
    m_run.reset();
    m_samples = {};
    const QStringList files = failure ? QStringList() : std::exchange(m_published, {});
    Q_EMIT progressed(1.0);
    Q_EMIT finished(files, failure);
}

}  // namespace duodiff::studio
