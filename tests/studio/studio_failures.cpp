// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio_fixture.h"
#include "ui/pack_dialog.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QMessageBox>
#include <QToolButton>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;

namespace
{

QToolButton* buttonOf(ui::MessageBar& bar, const QString& name)
{
    QCoreApplication::processEvents();  // new buttons are shown, former ones go
    for (QToolButton* button : bar.findChildren<QToolButton*>()) {
        if (button->accessibleName() == name && button->isVisibleTo(&bar)) {
            return button;
        }
    }
    return nullptr;
}

/// A checkpoint beside the pack; the scripted engine opens any.
QString checkpointIn(const StudioFixture& f)
{
    const QString path = f.folder.filePath(QStringLiteral("weights.pth"));
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write("PK") == 2 ? path : QString();
}

void failWith(StudioFixture& f, ErrorCode code, const std::string& what)
{
    f.script->failAtStep = 2;
    f.script->sampleFailure = Failure{code, what, "step 2", "Use a smaller batch."};
    QSignalSpy ended(f.app.get(), &Studio::runEnded);
    f.app->generate();
    QVERIFY(ended.wait(patience));
    QTRY_COMPARE_WITH_TIMEOUT(f.messages().current().kind, ui::Message::Kind::error, patience);
    QVERIFY(QGuiApplication::modalWindow() == nullptr);
}

}  // namespace

/// Point 20: errors in the bar, with what can be done about them. Point 21: bare checkpoints.
class StudioFailures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void outOfMemoryOffersASmallerBatchAndThatRuns()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 6, 12, 8);
        failWith(f, ErrorCode::out_of_memory, "Out of memory");
        QToolButton* smaller = buttonOf(f.messages(), QStringLiteral("Use batches of 4"));
        QVERIFY(smaller != nullptr && buttonOf(f.messages(), QStringLiteral("Retry")) != nullptr);
        f.script->failAtStep = -1;
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        smaller->click();
        QVERIFY(ended.wait(patience));
        QCOMPARE(f.controls().settings().batch, 4);
        QCOMPARE(f.app->kept()->record.settings.batch, 4);
        QCOMPARE(f.app->kept()->record.state, RunState::done);
        QCOMPARE(f.app->kept()->images.size(), std::size_t(12));
    }

    void aBatchOfOneCannotBecomeSmaller()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 6, 2, 1);
        failWith(f, ErrorCode::out_of_memory, "Out of memory");
        QCOMPARE(f.messages().current().actions.size(), std::size_t(1));
    }

    void retryRunsTheSameAgain()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 6, 4, 4);
        const auto settings = f.controls().settings();
        failWith(f, ErrorCode::failed, "Something broke");
        f.script->failAtStep = -1;
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        buttonOf(f.messages(), QStringLiteral("Retry"))->click();
        QVERIFY(ended.wait(patience));
        QVERIFY(f.app->kept()->record.settings == settings);
        QCOMPARE(f.app->kept()->record.state, RunState::done);
    }

    void copyDetailsCopiesWhatWhereAndWhatToDo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::full, 6, 2, 2);
        failWith(f, ErrorCode::failed, "Something broke");
        QGuiApplication::clipboard()->clear();
        buttonOf(f.messages(), QStringLiteral("Copy details"))->click();
        const QString copied = QGuiApplication::clipboard()->text();
        for (const char* part : {"Something broke", "step 2", "Use a smaller batch.", "Qt "}) {
            QVERIFY2(copied.contains(QLatin1String(part)), qPrintable(copied));
        }
        QVERIFY(!f.messages().isEmpty());  // it stays until it is dismissed
    }

    void aBareCheckpointNamesItsConventionAndIsMadeAPackThatOpens()
    {
        StudioFixture f;
        std::vector<ImportRequest> asked;
        f.makePack = [&asked](const ImportRequest& request, const Progress& progress) {
            asked.push_back(request);
            progress("Writing", 0.5);
            std::filesystem::create_directories(request.output);
            QFile pack(QString::fromStdString((request.output / "pack.json").string()));
            if (pack.open(QIODevice::WriteOnly)) {
                pack.write("{}");
            }
        };
        f.make();
        f.showAndOpen();
        const QString checkpoint = checkpointIn(f);
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.app->openPath(checkpoint);
        QVERIFY(opened.wait(patience));
        QVERIFY2(f.messages().current().what.contains(QStringLiteral("convention of the DuoDiff authors")),
                 qPrintable(f.messages().current().what));
        buttonOf(f.messages(), QStringLiteral("Make a pack…"))->click();
        auto* dialog = f.app->window().findChild<ui::PackDialog*>();
        QVERIFY(dialog != nullptr);
        QVERIFY2(dialog->objection().isEmpty(), qPrintable(dialog->objection()));
        const ui::PackChoice choice = dialog->choice();
        QCOMPARE(choice.earlyExit, checkpoint);
        QCOMPARE(choice.name, QStringLiteral("weights"));
        QVERIFY(!QFileInfo::exists(choice.folder));
        opened.clear();
        dialog->accept();
        QVERIFY(opened.wait(patience));
        QCOMPARE(asked.size(), std::size_t(1));
        QCOMPARE(QString::fromStdString(asked.front().early_exit.string()), checkpoint);
        QCOMPARE(QString::fromStdString(f.script->opened.back().model.string()), choice.folder);
        QVERIFY(f.app->model()->is_pack);
    }

    void aPackThatCannotBeMadeSaysWhyAndRetryAsksAgain()
    {
        StudioFixture f;
        f.makePack = [](const ImportRequest&, const Progress&) {
            throw EngineError(ErrorCode::bad_file, "The two networks do not fit together", "weights.pth",
                              "Choose others.");
        };
        f.make();
        f.showAndOpen();
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        f.app->openPath(checkpointIn(f));
        QVERIFY(opened.wait(patience));
        f.app->packMaker().action()->trigger();
        QSignalSpy failed(&f.app->packMaker(), &PackMaker::failed);
        f.app->window().findChild<ui::PackDialog*>()->accept();
        QVERIFY(failed.wait(patience));
        QCOMPARE(f.messages().current().what, QStringLiteral("The two networks do not fit together"));
        QTRY_VERIFY(f.app->window().findChild<ui::PackDialog*>() == nullptr);
        buttonOf(f.messages(), QStringLiteral("Retry"))->click();
        QVERIFY(f.app->window().findChild<ui::PackDialog*>() != nullptr);
    }

    void thePackDialogSaysWhatIsMissing()
    {
        StudioFixture f;
        const QString checkpoint = checkpointIn(f);
        const QString folder = f.folder.filePath(QStringLiteral("new"));
        QVERIFY(ui::PackDialog({.full = checkpoint, .folder = folder}).objection().isEmpty());
        QVERIFY(!ui::PackDialog({.shallow = checkpoint, .folder = folder}).objection().isEmpty());
        QVERIFY(!ui::PackDialog({.full = checkpoint, .folder = f.folder.path()}).objection().isEmpty());
        QVERIFY(!ui::PackDialog({.full = checkpoint}).objection().isEmpty());
        QVERIFY(ui::PackDialog({.full = QStringLiteral("/none.pth"), .folder = folder})
                    .objection()
                    .contains(QStringLiteral("/none.pth")));
    }
};

QTEST_MAIN(StudioFailures)
#include "studio_failures.moc"
