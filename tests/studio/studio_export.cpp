// SPDX-License-Identifier: GPL-3.0-or-later
#include "export_support.h"
#include "report/image8.h"
#include "report/run_file.h"

#include <QAction>
#include <QLineEdit>

#include <sys/resource.h>

#include <csignal>

using namespace duodiff;
using namespace duodiff::studio;
using namespace duodiff::test;
using duodiff::ui::Act;

namespace
{

/// "IHDR", "tEXt", ...
QByteArrayList chunksOf(const QByteArray& png)
{
    QByteArrayList names;
    for (qsizetype at = 8; at + 8 <= png.size();) {
        const auto* byte = reinterpret_cast<const uchar*>(png.constData()) + at;
        names << png.mid(at + 4, 4);
        at += 12 + ((byte[0] << 24) | (byte[1] << 16) | (byte[2] << 8) | byte[3]);
    }
    return names;
}

/// Labels of the extensions of a GIF (F9: times, FF: rounds, FE: a comment, 01: text) in its order.
QByteArray extensionsOf(const QByteArray& gif)
{
    const auto at = [&gif](qsizetype place) { return static_cast<uchar>(gif[place]); };
    const auto map = [](uchar flags) { return (flags & 0x80) != 0 ? 3 << ((flags & 7) + 1) : 0; };
    const auto afterBlocks = [&at](qsizetype place) {
        while (at(place) != 0) {
            place += at(place) + 1;
        }
        return place + 1;
    };
    QByteArray labels;
    for (qsizetype place = 13 + map(at(10)); at(place) != 0x3B;) {
        if (at(place) == 0x21) {
            labels += gif[place + 1];
            place = afterBlocks(place + 2);
        } else {
            place = afterBlocks(place + 11 + map(at(place + 9)));
        }
    }
    return labels;
}

/// No file of this process may become larger than this; as on a disk that is full.
class FullDisk
{
public:
    explicit FullDisk(rlim_t bytes)
    {
        m_handler = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &m_former);
        const rlimit limit{bytes, m_former.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk()
    {
        setrlimit(RLIMIT_FSIZE, &m_former);
        std::signal(SIGXFSZ, m_handler);
    }

private:
    rlimit m_former{};
    void (*m_handler)(int) = nullptr;
};

}  // namespace

/// Point 17: export in one dialog.
class StudioExport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theDialogSaysHowManyFilesAndHowLargeAndIsAboutRight()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 6, 6);
        f.runToTheEnd();
        const ExportChoice asked = everything(f.folder.filePath(QStringLiteral("all")));
        const ui::ExportFacts facts = exportFacts(*f.app->kept());
        const ui::ExportDialog dialog(asked, facts);
        const ExportChoice choice = dialog.choice();
        const ui::ExportEstimate estimate = ui::exportEstimate(choice, facts);
        QVERIFY2(dialog.note().startsWith(QStringLiteral("%1 files, about ").arg(estimate.files)),
                 qPrintable(dialog.note()));
        const QStringList files = exportInto(f, choice);
        QCOMPARE(files.size(), estimate.files);
        qint64 bytes = 0;
        for (const QString& file : files) {
            bytes += QFileInfo(file).size();
        }
        QVERIFY2(estimate.bytes < 2 * bytes && bytes < 2 * estimate.bytes,
                 qPrintable(QStringLiteral("%1 for %2").arg(estimate.bytes).arg(bytes)));
    }

    void aCleanExportHasNoRecordInAnyPicture()
    {
        StudioFixture f;
        f.showAndOpen();
        auto settings = f.controls().settings();
        settings.seed = 8'123'456'789;
        f.controls().setSettings(settings);
        runAndStop(f, 62);
        ExportChoice choice = everything(f.folder.filePath(QStringLiteral("clean")));
        choice.settingsInside = false;
        choice.runFile = choice.table = choice.htmlReport = choice.pdfReport = false;
        choice.plotPng = choice.plotSvg = choice.plotPdf = false;
        const QStringList files = exportInto(f, choice);
        QCOMPARE(files.size(), 8 + 3);
        for (const QString& file : files) {
            const QByteArray bytes = bytesOf(file);
            for (const char* word :
                 {"8123456789", "812345679", "fashion", "duodiff", "DuoDiff", "trainedAlgorithmicMedia",
                  "aaaaaaaaaa", "tEXt", "iTXt", "zTXt", "tIME", "eXIf"}) {
                QVERIFY2(!bytes.contains(word), qPrintable(file + QLatin1Char(' ') + QLatin1String(word)));
            }
            if (file.endsWith(QLatin1String(".png"))) {
                QByteArrayList chunks = chunksOf(bytes);
                chunks.removeAll("IDAT");
                QCOMPARE(chunks, QByteArrayList({"IHDR", "IEND"}));
            } else {
                QVERIFY(file.endsWith(QLatin1String("steps.gif")));
                QByteArray extensions = extensionsOf(bytes);
                QCOMPARE(extensions.count('\xF9'), 51);
                QCOMPARE(extensions.count('\xFF'), 1);
                QCOMPARE(extensions.size(), 51 + 1);
            }
        }
        // The same pictures with their settings inside do carry them, so that the words above mean something.
        choice.settingsInside = true;
        choice.folder += QStringLiteral("-not");
        exportInto(f, choice);
        for (const char* name : {"/grid.png", "/steps.png", "/0004-unfinished-12-of-50-steps.png"}) {
            const QByteArray bytes = bytesOf(choice.folder + QLatin1String(name));
            QVERIFY(bytes.contains("fashion") && bytes.contains("trainedAlgorithmicMedia"));
        }
    }

    void anExportCancelledInTheMiddleLeavesTheFolderAsItWas()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 6, 6);
        f.runToTheEnd();
        const ExportChoice choice = everything(f.folder.filePath(QStringLiteral("again")));
        QVERIFY(!exportInto(f, choice).isEmpty());
        const auto before = contentsOf(choice.folder);
        QVERIFY(before.size() > 10);

        f.configure(PolicyKind::full, 60, 6, 6);
        f.runToTheEnd();
        for (const double moment : {0.0, 0.3, 0.85}) {
            QSignalSpy exported(f.app.get(), &Studio::exported);
            const auto connection =
                connect(&f.app->exporter(), &Exporter::progressed, this, [&](double done) {
                    if (done >= moment && done < 1.0) {
                        f.app->exporter().cancel();
                    }
                });
            QVERIFY(f.app->exportRun(choice));
            QVERIFY(exported.wait(patience));
            disconnect(connection);
            QVERIFY(exported.first().first().toStringList().isEmpty());
            QVERIFY(contentsOf(choice.folder) == before);
            QCOMPARE(f.messages().current().kind, ui::Message::Kind::notice);
            QVERIFY(f.messages().current().what.contains(QStringLiteral("cancelled")));
            QVERIFY(!f.app->exporter().isBusy());
        }
        ExportChoice fresh = choice;
        fresh.folder = f.folder.filePath(QStringLiteral("new/deep"));
        QSignalSpy exported(f.app.get(), &Studio::exported);
        QVERIFY(f.app->exportRun(fresh));
        f.app->exporter().cancel();
        QVERIFY(exported.wait(patience));
        QVERIFY(!QFileInfo::exists(f.folder.filePath(QStringLiteral("new"))));
        // And the next one goes through.
        QVERIFY(!exportInto(f, fresh).isEmpty());
    }

    void aLongExportSaysSoAndItsMessageAndItsKeyCancelIt()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 300, 64, 64);
        f.runToTheEnd();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("long")));
        choice.gif = true;
        choice.filmEvery = 1;
        QAction* cancel = nullptr;
        for (QAction* action : f.app->window().findChildren<QAction*>()) {
            cancel = action->text() == QStringLiteral("&Cancel the export") ? action : cancel;
        }
        QVERIFY(cancel != nullptr && !cancel->isEnabled());
        for (const bool byKey : {false, true}) {
            QSignalSpy exported(f.app.get(), &Studio::exported);
            QVERIFY(f.app->exportRun(choice));
            QVERIFY(cancel->isEnabled());
            QVERIFY(!f.app->window().action(Act::exportAll)->isEnabled());
            QTRY_VERIFY_WITH_TIMEOUT(
                f.messages().current().what.startsWith(QStringLiteral("Exporting")) || !exported.isEmpty(),
                patience);
            if (!exported.isEmpty()) {
                QSKIP("this machine exports too fast to be asked");
            }
            byKey ? cancel->trigger() : f.messages().current().actions.front().run();
            QVERIFY(exported.wait(patience));
            QVERIFY(exported.first().first().toStringList().isEmpty());
            QVERIFY(!QFileInfo::exists(choice.folder));
        }
    }

    void aFullDiskOrAFolderInTheWayWritesNothingSaysWhyAndRetryWorks()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 6, 6);
        f.runToTheEnd();
        f.app->history().store();
        QTRY_COMPARE_WITH_TIMEOUT(f.app->history().model().rowCount(), 1, patience);
        const ExportChoice choice = everything(f.folder.filePath(QStringLiteral("full")));
        {
            const FullDisk disk(20'000);
            QVERIFY(exportInto(f, choice).isEmpty());
        }
        QCOMPARE(f.messages().current().kind, ui::Message::Kind::error);
        QVERIFY(!f.messages().current().remedy.isEmpty());
        QVERIFY2(!f.messages().current().where.contains(QStringLiteral(".duodiff-export")),
                 qPrintable(f.messages().current().where));
        QVERIFY(!QFileInfo::exists(choice.folder));

        // Something that only the last file meets.
        QVERIFY(QDir().mkpath(choice.folder + QStringLiteral("/report.pdf/mine")));
        const auto before = contentsOf(choice.folder);
        QVERIFY(exportInto(f, choice).isEmpty());
        QVERIFY(contentsOf(choice.folder) == before);
        const ui::Message message = f.messages().current();
        QVERIFY2(message.where.endsWith(QStringLiteral("/full/report.pdf")), qPrintable(message.where));
        QVERIFY(QDir(choice.folder + QStringLiteral("/report.pdf")).removeRecursively());
        QCOMPARE(message.actions.front().text, QStringLiteral("Retry"));
        QSignalSpy exported(f.app.get(), &Studio::exported);
        message.actions.front().run();
        QVERIFY(exported.wait(patience));
        QCOMPARE(QDir(choice.folder).entryList(QDir::Files).size(),
                 exported.first().first().toStringList().size());
    }

    void closingTheWindowFinishesTheExport()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 6, 6);
        f.runToTheEnd();
        const ExportChoice choice = everything(f.folder.filePath(QStringLiteral("closing")));
        QVERIFY(f.app->exportRun(choice));
        f.app->window().close();
        QVERIFY(QFileInfo::exists(choice.folder + QStringLiteral("/report.pdf")));
        QVERIFY(!f.app->exporter().isBusy());
    }

    void theDialogExportsTheRunThatItWasOpenedFor()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 6, 2, 2);
        f.runToTheEnd();
        f.app->window().action(Act::exportAll)->trigger();
        auto* dialog = f.app->window().findChild<ui::ExportDialog*>();
        QVERIFY(dialog != nullptr);
        const QString folder = dialog->choice().folder;
        const auto asked = f.app->kept();
        f.configure(PolicyKind::full, 9, 2, 2);
        f.runToTheEnd();
        QSignalSpy exported(f.app.get(), &Studio::exported);
        named<QLineEdit>(*dialog, QStringLiteral("Folder"))
            ->setText(f.folder.filePath(QStringLiteral("asked")));
        dialog->accept();
        QVERIFY(exported.wait(patience));
        const std::filesystem::path path =
            f.folder.filePath(QStringLiteral("asked/run.json")).toStdU16String();
        QCOMPARE(read_run_file(path).settings.steps, 6);
        QVERIFY(!QFileInfo::exists(folder));
    }
};

QTEST_MAIN(StudioExport)
#include "studio_export.moc"
