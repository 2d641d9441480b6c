// SPDX-License-Identifier: GPL-3.0-or-later
#include "export_support.h"
#include "report/film.h"
#include "report/image8.h"
#include "report/image_metadata.h"
#include "report/run_file.h"
#include "studio/film_pictures.h"

#include <QCheckBox>
#include <QComboBox>
#include <QImageReader>
#include <QLabel>

#include <algorithm>

using namespace duodiff;
using namespace duodiff::studio;
using namespace duodiff::test;

namespace
{

std::vector<QImage> framesOf(const QString& path)
{
    QImageReader reader(path, "gif");
    std::vector<QImage> frames;
    for (QImage frame = reader.read(); !frame.isNull(); frame = reader.read()) {
        frames.push_back(frame.convertToFormat(QImage::Format_RGB32));
    }
    return frames;
}

bool isPicture(const QImage& image, const Image8& picture)
{
    if (image.width() != picture.width || image.height() != picture.height) {
        return false;
    }
    const auto channels = static_cast<std::size_t>(picture.channels);
    for (int y = 0; y < picture.height; ++y) {
        for (int x = 0; x < picture.width; ++x) {
            const auto at = static_cast<std::size_t>(y * picture.width + x) * channels;
            if (qRed(image.pixel(x, y)) != picture.pixels[at]) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace

/// Point 17: GIF and strip of the steps, out of the kept states.
class StudioFilm : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theGifShowsEveryKthKeptStepAndEndsWithTheImages()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 40, 5, 3);
        f.runToTheEnd();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("film")));
        choice.gif = true;
        choice.filmEvery = 7;
        QCOMPARE(exportInto(f, choice).size(), 1);
        const auto frames = framesOf(choice.folder + QStringLiteral("/steps.gif"));
        const KeptRun& run = *f.app->kept();
        const std::vector<int> steps{0, 7, 14, 21, 28, 35, 40};
        QCOMPARE(frames.size(), steps.size());
        const FilmPictures film(run, PictureKind::noisy);
        for (std::size_t frame = 0; frame < frames.size(); ++frame) {
            QVERIFY(isPicture(frames[frame], film.grid(steps[frame])));
        }
        std::vector<Image8> finished;
        for (const FinishedImage& image : run.images) {
            finished.push_back(to_image8(image));
        }
        const int factor = ui::gifFactor(filmFacts(run));
        QVERIFY(factor > 1);
        QVERIFY(isPicture(frames.back(), enlarged(compose_grid(finished), factor)));
        QVERIFY(!isPicture(frames.front(), enlarged(compose_grid(finished), factor)));
        QCOMPARE(frames.back().size(), ui::gifSize(filmFacts(run)));
    }

    void theGifPlaysAtTheChosenRateAndShowsThePredictedPictureWhereAskedTo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 12, 2, 2);
        f.runToTheEnd();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("film")));
        choice.gif = true;
        choice.filmEvery = 1;
        choice.framesPerSecond = 25;
        choice.filmShows = PictureKind::predicted;
        exportInto(f, choice);
        const QString path = choice.folder + QStringLiteral("/steps.gif");
        QImageReader reader(path);
        QCOMPARE(reader.read().isNull(), false);
        QCOMPARE(reader.nextImageDelay(), 40);
        // With no step done there is no prediction yet.
        const auto frames = framesOf(path);
        QCOMPARE(frames.size(), std::size_t(12));
        const FilmPictures film(*f.app->kept(), PictureKind::predicted);
        QVERIFY(isPicture(frames.front(), film.grid(1)));
        const FilmPictures noisy(*f.app->kept(), PictureKind::noisy);
        QVERIFY(!isPicture(frames.front(), noisy.grid(1)));
    }

    void theStripHasARowAnImageFromNoiseToPicture()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::duodiff, 30, 3, 2);
        f.runToTheEnd();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("film")));
        choice.strip = true;
        choice.stripPictures = 6;
        exportInto(f, choice);
        const std::filesystem::path path = (choice.folder + QStringLiteral("/steps.png")).toStdU16String();
        const Image8 strip = read_png(path);
        const KeptRun& run = *f.app->kept();
        const auto facts = filmFacts(run);
        QCOMPARE(QSize(strip.width, strip.height), ui::stripSize(facts, 6));
        std::vector<PictureSequence> images(3);
        for (int image = 0; image < 3; ++image) {
            for (const int step : {0, 6, 12, 18, 24, 30}) {
                const int batch = image / 2;
                const auto state = run.trajectory->state(batch, step);
                const auto* begin = state->x.data() + (image % 2) * 28 * 28;
                images[static_cast<std::size_t>(image)].push_back(
                    to_image8(std::span(begin, 28 * 28), 1, 28, 28));
            }
        }
        QVERIFY(strip == enlarged(compose_strip(images, {.steps = 6, .grid = {}}), ui::stripFactor(facts)));
        QCOMPARE(read_image_metadata(path).index, -1);
    }

    void unfinishedImagesAreInFilmGridAndFilesUnderNamesOfTheirOwn()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        const ExportChoice choice = everything(f.folder.filePath(QStringLiteral("stopped")));
        const QStringList files = exportInto(f, choice);
        const std::filesystem::path folder = choice.folder.toStdU16String();
        for (const char* name : {"0000.png", "0003.png", "0004-unfinished-12-of-50-steps.png",
                                 "0007-unfinished-12-of-50-steps.png"}) {
            QVERIFY2(files.contains(choice.folder + QLatin1Char('/') + QLatin1String(name)), name);
        }
        const RunRecord record = read_run_file(folder / "run.json");
        QCOMPARE(record.state, RunState::cancelled);
        QCOMPARE(record.images.size(), std::size_t(4));
        QCOMPARE(record.unfinished.size(), std::size_t(4));
        QCOMPARE(record.unfinished[1].file, std::string("0005-unfinished-12-of-50-steps.png"));
        QCOMPARE(record.unfinished[1].steps_done, 12);
        const KeptRun& run = *f.app->kept();
        QVERIFY(read_png(folder / record.unfinished[1].file) == to_image8(run.unfinished[1].picture));
        const ImageMetadata metadata = read_image_metadata(folder / record.unfinished[1].file);
        QCOMPARE(metadata.steps_done, 12);
        QCOMPARE(metadata.trace.size(), std::size_t(12));
        QVERIFY(bytesOf(choice.folder + QStringLiteral("/report.html")).contains("4 kept unfinished"));

        std::vector<Image8> pictures;
        for (const FinishedImage& image : run.images) {
            pictures.push_back(to_image8(image));
        }
        for (const UnfinishedImage& image : run.unfinished) {
            pictures.push_back(to_image8(image.picture));
        }
        const GridOptions framed{.dashed = {false, false, false, false, true, true, true, true}};
        QVERIFY(read_png(folder / "grid.png") == compose_grid(pictures, framed));
        QVERIFY(!(read_png(folder / "grid.png") == compose_grid(pictures)));
        // The film goes on with the finished batch; the stopped one stays as it was.
        const FilmPictures film(run, PictureKind::noisy);
        QVERIFY(!(film.grid(12) == film.grid(50)));
        QVERIFY(isPicture(framesOf(choice.folder + QStringLiteral("/steps.gif")).back(), film.grid(50)));
    }

    void withoutKeptStepsTheFilmIsGreyAndSaysWhy()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 5, 2, 2);
        f.runToTheEnd();
        KeptRun read = *f.app->kept();
        const ui::ExportDialog kept(everything(QStringLiteral("/x")), exportFacts(read));
        QVERIFY(named<QCheckBox>(kept, QStringLiteral("GIF"))->isEnabled());
        QVERIFY(kept.choice().gif && kept.choice().strip);
        QCOMPARE(named<QComboBox>(kept, QStringLiteral("What the steps show"))->count(), 2);

        read.trajectory.reset();
        const ui::ExportDialog dialog(everything(QStringLiteral("/x")), exportFacts(read));
        for (const char* name : {"GIF", "Strip"}) {
            const auto* box = named<QCheckBox>(dialog, QString::fromLatin1(name));
            QVERIFY(!box->isEnabled());
            QVERIFY(!box->isChecked());
            QVERIFY(box->accessibleDescription().contains(QStringLiteral("not kept")));
        }
        const auto labels = dialog.findChildren<QLabel*>();
        QVERIFY(std::any_of(labels.begin(), labels.end(), [](const QLabel* label) {
            return label->text().contains(QStringLiteral("not kept"));
        }));
        QVERIFY(!dialog.choice().gif);
        // What cannot be chosen now is not forgotten for the next run.
        QVERIFY(dialog.preference().gif && dialog.preference().strip);
    }

    void aGifThatIsFarTooLargeIsRefusedBeforeItIsMade()
    {
        ui::ExportFacts facts{.images = 64, .steps = 1000, .picture = {512, 512}, .inColour = true};
        facts.film.images = 64;
        facts.film.picture = {512, 512};
        for (int step = 0; step <= 1000; ++step) {
            facts.film.noisy.push_back(step);
        }
        ExportChoice choice = nothing(QStringLiteral("/x"));
        choice.gif = true;
        choice.filmEvery = 1;
        const ui::ExportDialog dialog(choice, facts);
        QVERIFY2(dialog.note().contains(QStringLiteral("more steps")), qPrintable(dialog.note()));
        facts.film.images = 100'000;
        const ui::ExportDialog larger(choice, facts);
        QVERIFY2(larger.note().contains(QStringLiteral("65535")), qPrintable(larger.note()));
    }
};

QTEST_MAIN(StudioFilm)
#include "studio_film.moc"
