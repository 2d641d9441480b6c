// SPDX-License-Identifier: GPL-3.0-or-later
#include "export_support.h"
#include "report/image8.h"
#include "report/run_file.h"
#include "ui/exit_plot.h"
#include "ui/preview_grid.h"

using namespace duodiff;
using namespace duodiff::studio;
using namespace duodiff::test;

namespace
{

const QString unfinishedName = QStringLiteral("0005-unfinished-12-of-50-steps.png");

void waitForHistory(StudioFixture& f, int runs)
{
    QTRY_COMPARE_WITH_TIMEOUT(f.app->history().model().rowCount(), runs, patience);
}

/// Shows the run again and returns what is kept of it.
std::shared_ptr<const KeptRun> shownAgain(StudioFixture& f, const QString& id)
{
    QSignalSpy shown(&f.app->history(), &History::shown);
    f.app->history().show(id);
    return shown.wait(patience) ? f.app->kept() : nullptr;
}

bool samePictures(const KeptRun& a, const KeptRun& b)
{
    if (a.images.size() != b.images.size() || a.unfinished.size() != b.unfinished.size()) {
        return false;
    }
    for (std::size_t k = 0; k < a.images.size(); ++k) {
        if (!(to_image8(a.images[k]) == to_image8(b.images[k])) || a.images[k].index != b.images[k].index) {
            return false;
        }
    }
    for (std::size_t k = 0; k < a.unfinished.size(); ++k) {
        const UnfinishedImage& left = a.unfinished[k];
        const UnfinishedImage& right = b.unfinished[k];
        if (!(to_image8(left.picture) == to_image8(right.picture)) ||
            left.picture.index != right.picture.index || left.picture.seed != right.picture.seed ||
            left.picture.label != right.picture.label || left.steps_done != right.steps_done ||
            left.t != right.t) {
            return false;
        }
    }
    return true;
}

void checkShown(StudioFixture& f)
{
    auto* previews = f.app->window().previews();
    QCOMPARE(previews->count(), 8);
    for (int image = 0; image < 8; ++image) {
        QCOMPARE(previews->caption(image).contains(QStringLiteral("unfinished, 12 of 50 steps")), image >= 4);
        QVERIFY(previews->caption(image).contains(QStringLiteral("seed")));
        QVERIFY(!previews->image(image).isNull());
    }
    QVERIFY(f.app->window().pictureStep().contains(QStringLiteral("<b>4</b> unfinished")));
}

}  // namespace

/// Points 1, 15, 16, 17: what Stop and keep has left unfinished is kept as such, everywhere.
class StudioUnfinished : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theHistoryMarksUnfinishedThumbnailsAndCountsThem()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        waitForHistory(f, 1);
        const ui::HistoryEntry entry = f.app->history().model().entry(0);
        QCOMPARE(entry.images, 4);
        QCOMPARE(entry.unfinished, 4);
        QVERIFY(ui::historyOutcome(entry).contains(QStringLiteral("4 of 8 images · 4 unfinished")));
        QVERIFY(ui::historyText(entry).contains(QStringLiteral("4 unfinished")));
        const QImage strip = f.app->history().store().thumbnails(entry.id);
        QCOMPARE(strip.size(), QSize(8 * 28, 28));
        const auto kept = f.app->kept();
        for (int number = 0; number < 8; ++number) {
            const auto k = static_cast<std::size_t>(number % 4);
            const QImage picture = ui::toImage(number < 4 ? kept->images[k] : kept->unfinished[k].picture);
            int changed = 0;
            int inside = 0;
            for (int y = 0; y < 28; ++y) {
                for (int x = 0; x < 28; ++x) {
                    const bool edge = x == 0 || y == 0 || x == 27 || y == 27;
                    if (qRed(strip.pixel(number * 28 + x, y)) != qRed(picture.pixel(x, y))) {
                        ++(edge ? changed : inside);
                    }
                }
            }
            QCOMPARE(inside, 0);
            QCOMPARE(changed > 50, number >= 4);
        }
    }

    void theyAreShownAgainAsUnfinishedAlsoAfterARestart()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        const auto before = f.app->kept();
        waitForHistory(f, 1);
        const QString id = f.app->history().model().entry(0).id;
        f.configure(PolicyKind::full, 5, 2, 2);
        f.runToTheEnd();
        auto again = shownAgain(f, id);
        QVERIFY(again && samePictures(*again, *before));
        checkShown(f);

        f.make();
        f.showAndOpen();
        waitForHistory(f, 2);
        QCOMPARE(f.app->history().model().find(id)->unfinished, 4);
        again = shownAgain(f, id);
        QVERIFY(again && samePictures(*again, *before));
        checkShown(f);
    }

    void aRunStoppedInItsFirstBatchHasOnlyUnfinishedOnes()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 12);
        waitForHistory(f, 1);
        const ui::HistoryEntry entry = f.app->history().model().entry(0);
        QCOMPARE(entry.images, 0);
        QCOMPARE(entry.unfinished, 4);
        QCOMPARE(entry.thumbnails, 4);
        f.configure(PolicyKind::full, 5, 2, 2);
        f.runToTheEnd();
        const auto again = shownAgain(f, entry.id);
        QVERIFY(again != nullptr);
        QCOMPARE(again->unfinished.size(), std::size_t(4));
        QCOMPARE(f.app->window().previews()->count(), 4);
        QVERIFY(f.app->window().previews()->caption(0).contains(QStringLiteral("unfinished")));
    }

    void anUnfinishedImageDroppedOnTheWindowSaysSoAndRestoresItsSettings()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        const auto before = f.app->kept();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("out")));
        choice.images = true;
        QVERIFY(!exportInto(f, choice).isEmpty());
        f.configure(PolicyKind::full, 7, 1, 1);
        const auto other = f.controls().settings();
        Q_EMIT f.app->window().pathsDropped({choice.folder + QLatin1Char('/') + unfinishedName});
        const ui::Message message = f.messages().current();
        QVERIFY2(message.what.contains(QStringLiteral("Image 5 of a run, unfinished after 12 of 50 steps")),
                 qPrintable(message.what));
        auto* previews = f.app->window().previews();
        QCOMPARE(previews->count(), 1);
        QVERIFY(previews->caption(0).contains(QStringLiteral("unfinished, 12 of 50 steps")));
        QCOMPARE(previews->image(0), ui::toImage(before->unfinished[1].picture));
        // Its curve, without the model: the steps that it had, of the fifty that it was to have.
        QCOMPARE(f.app->window().plot()->data().reached(), 12);
        QVERIFY(f.controls().settings() == other);
        message.actions.front().run();
        QCOMPARE(f.controls().settings().steps, 50);
        QCOMPARE(f.controls().settings().count, 8);
        QCOMPARE(f.controls().settings().policy, PolicyKind::adadiff);
    }

    void aDroppedRunFileShowsThemAndExportsTheSamePicturesAgain()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        const auto before = f.app->kept();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("first")));
        choice.images = choice.grid = choice.runFile = true;
        const QStringList files = exportInto(f, choice);
        QCOMPARE(files.size(), 10);
        f.configure(PolicyKind::full, 5, 2, 2);
        f.runToTheEnd();
        Q_EMIT f.app->window().pathsDropped({choice.folder + QStringLiteral("/run.json")});
        QVERIFY(samePictures(*f.app->kept(), *before));
        checkShown(f);
        const QString first = choice.folder;
        choice.folder = f.folder.filePath(QStringLiteral("second"));
        QCOMPARE(exportInto(f, choice).size(), 10);
        QVERIFY(contentsOf(choice.folder) == contentsOf(first));

        // Without one of its pictures the others are still shown.
        QVERIFY(QFile::remove(first + QLatin1Char('/') + unfinishedName));
        Q_EMIT f.app->window().pathsDropped({first});
        QCOMPARE(f.app->kept()->unfinished.size(), std::size_t(3));
        QVERIFY(f.app->window().previews()->image(5).isNull());
        QVERIFY(!f.app->window().previews()->image(6).isNull());
    }

    void closingTheWindowInMidRunKeepsThemToo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 50, 8, 4);
        f.script->gate.close();
        f.script->gate.allow(62);
        f.app->generate();
        f.script->gate.waitForVisitor();
        f.app->window().close();
        f.script->gate.open();
        f.make();
        f.showAndOpen();
        waitForHistory(f, 1);
        const ui::HistoryEntry entry = f.app->history().model().entry(0);
        QCOMPARE(entry.images, 4);
        QCOMPARE(entry.unfinished, 4);
        const auto again = shownAgain(f, entry.id);
        QVERIFY(again != nullptr);
        QCOMPARE(again->unfinished.front().steps_done, 12);
        checkShown(f);
    }

    /// Point 21, and no wait without a sign.
    void aLargeRunFileIsReadBesideTheWindow()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 1000, 64, 64);
        f.runToTheEnd();
        const auto before = f.app->kept();
        const QString folder = f.folder.filePath(QStringLiteral("large"));
        QVERIFY(QDir().mkpath(folder));
        const QString path = folder + QStringLiteral("/run.json");
        write_run_file(path.toStdU16String(), before->record, {.uncertainty_rows = true});
        QVERIFY(QFileInfo(path).size() > 1'000'000);
        f.configure(PolicyKind::full, 5, 2, 2);
        f.runToTheEnd();
        const auto other = f.app->kept();
        f.app->openPath(path);
        QVERIFY(f.app->kept() == other);  // the window goes on
        QTRY_VERIFY_WITH_TIMEOUT(f.app->kept() != other, patience);
        QCOMPARE(f.app->kept()->record.steps.size(), std::size_t(1000));

        QFile damaged(path);
        QVERIFY(damaged.resize(damaged.size() / 2));
        QSignalSpy failed(f.app.get(), &Studio::openFailed);
        f.app->openPath(path);
        QVERIFY(failed.wait(patience));
        QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
        QVERIFY(f.messages().current().where.contains(QStringLiteral("run.json")));
    }
};

QTEST_MAIN(StudioUnfinished)
#include "studio_unfinished.moc"
