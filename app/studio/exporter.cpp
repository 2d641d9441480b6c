// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/exporter.h"

#include "report/html_report.h"
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/run_file.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"
#include "ui/report_document.h"

#include <QDir>
#include <QMetaObject>
#include <QThread>
#include <QTimer>

#include <fmt/format.h>

#include <filesystem>

namespace duodiff::studio
{

namespace
{

using Path = std::filesystem::path;

struct Written {
    QStringList files;
    std::optional<Failure> failure;
};

std::string imageName(int index)
{
    return fmt::format("{:04}.png", index);
}

/// The record as it goes into the folder: every image under its file's name.
RunRecord namedRecord(const KeptRun& run, const ui::ExportChoice& choice)
{
    RunRecord record = run.record;
    for (ImageRecord& image : record.images) {
        image.file = choice.images ? imageName(image.index) : std::string();
    }
    return record;
}

/// Everything that needs no painting; on the writer's thread.
Written writeFiles(const KeptRun& run, const ui::ExportChoice& choice,
                   const std::function<void(double)>& progress)
{
    Written written;
    const Path folder = choice.folder.toStdU16String();
    const auto done = [&written](const Path& path) {
        written.files << QString::fromStdU16String(path.u16string());
    };
    try {
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        if (error) {
            throw EngineError(ErrorCode::failed, "The folder could not be made: " + error.message(),
                              folder.string(), "Choose a folder that you may write to.");
        }
        const RunRecord record = namedRecord(run, choice);
        std::vector<Image8> pictures;
        const auto total = static_cast<double>(run.images.size() + 1);
        for (const FinishedImage& image : run.images) {
            pictures.push_back(to_image8(image));
            if (choice.images) {
                const Path path = folder / imageName(image.index);
                choice.settingsInside ? write_image(path, pictures.back(), record, image.index)
                                      : write_clean_image(path, pictures.back());
                done(path);
            }
            progress(static_cast<double>(pictures.size()) / total);
        }
        const auto grid = pictures.empty() ? Image8() : compose_grid(pictures);
        if (choice.grid && !pictures.empty()) {
            const Path path = folder / "grid.png";
            choice.settingsInside ? write_image(path, grid, record, -1) : write_clean_image(path, grid);
            done(path);
        }
        if (choice.runFile) {
            write_run_file(folder / "run.json", record);
            done(folder / "run.json");
        }
        if (choice.table) {
            write_steps_csv(folder / "steps.csv", record);
            done(folder / "steps.csv");
        }
        if (choice.htmlReport) {
            const ReportedRun reported{&record, pictures.empty() ? nullptr : &grid, {}};
            write_html_report(folder / "report.html", std::span(&reported, 1));
            done(folder / "report.html");
        }
    } catch (...) {
        written.failure = current_failure("export");
    }
    return written;
}

QImage gridOf(const std::vector<FinishedImage>& images)
{
    if (images.empty()) {
        return {};
    }
    std::vector<Image8> pictures;
    for (const FinishedImage& image : images) {
        pictures.push_back(to_image8(image));
    }
    const Image8 grid = compose_grid(pictures);
    const auto format = grid.channels == 1   ? QImage::Format_Grayscale8
                        : grid.channels == 3 ? QImage::Format_RGB888
                                             : QImage::Format_RGBA8888;
    return QImage(grid.pixels.data(), grid.width, grid.height, grid.width * grid.channels, format).copy();
}

}  // namespace

Exporter::Exporter(QObject* parent) : QObject(parent) {}

Exporter::~Exporter()
{
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
    m_files.clear();
    m_toPaint.clear();
    const std::pair<bool, const char*> painted[] = {{choice.plotPng, "exit-layers.png"},
                                                    {choice.plotSvg, "exit-layers.svg"},
                                                    {choice.plotPdf, "exit-layers.pdf"},
                                                    {choice.pdfReport, "report.pdf"}};
    for (const auto& [wanted, name] : painted) {
        if (wanted) {
            m_toPaint << QDir(choice.folder).filePath(QLatin1String(name));
        }
    }
    m_writer = QThread::create([this, kept = m_run, choice] {
        const auto progress = [this](double fraction) {
            QMetaObject::invokeMethod(
                this, [this, fraction] { Q_EMIT progressed(0.8 * fraction); }, Qt::QueuedConnection);
        };
        const Written written = writeFiles(*kept, choice, progress);
        QMetaObject::invokeMethod(
            this,
            [this, written] {
                m_files += written.files;
                if (written.failure) {
                    end(written.failure);
                } else {
                    paintNext();
                }
            },
            Qt::QueuedConnection);
    });
    m_writer->start();
    return true;
}

void Exporter::paintNext()
{
    if (m_toPaint.isEmpty()) {
        end(std::nullopt);
        return;
    }
    const QString path = m_toPaint.takeFirst();
    QString error;
    bool written = false;
    if (path.endsWith(QLatin1String("report.pdf"))) {
        written = ui::writeReportPdf({m_run->record}, gridOf(m_run->images), path, &error);
    } else {
        ui::ExitPlot plot;
        plot.showRecord(m_run->record);
        written = plot.exportTo(path, &error);
    }
    if (!written) {
        end(Failure{ErrorCode::failed, error.toStdString(), path.toStdString(),
                    "Choose a folder that you may write to, with room left on its disk."});
        return;
    }
    m_files << path;
    Q_EMIT progressed(0.9);
    QTimer::singleShot(0, this, &Exporter::paintNext);
}

void Exporter::end(const std::optional<Failure>& failure)
{
    if (m_writer != nullptr) {
        m_writer->wait();
        delete m_writer;
        m_writer = nullptr;
    }
    m_run.reset();
    Q_EMIT progressed(1.0);
    Q_EMIT finished(m_files, failure);
}

}  // namespace duodiff::studio
