// SPDX-License-Identifier: GPL-3.0-or-later
// The training window with the real trainer and the real engine, on images of eight pixels.
#include "session/engine.h"
#include "studio/training.h"
#include "studio_fixture.h"
#include "train/train_plan.h"
#include "training_data.h"
#include "ui/sample_viewer.h"
#include "ui/training_page.h"

#include <QSpinBox>
#include <QStandardPaths>

#include <fstream>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;

namespace
{

class RealTraining
{
public:
    RealTraining()
    {
        test::write_small_config(path());
        SettingsStore(settingsPath()).save({});
        StudioOptions options;
        options.model = QStringLiteral(DUODIFF_SOURCE_DIR "/models/fashion-mnist");
        options.settingsFile = settingsPath();
        options.dataFolder = folder.filePath(QStringLiteral("data"));
        StudioServices services{[] { return make_engine(); }, {}};
        services.training = {.plan = read_train_plan, .train = train};
        app = std::make_unique<Studio>(std::move(services), options);
        QSignalSpy opened(app.get(), &Studio::modelOpened);
        app->show();
        QVERIFY(opened.wait(patience));
        app->training().show();
    }

    std::filesystem::path path() const { return folder.path().toStdString(); }
    QString settingsPath() const { return folder.filePath(QStringLiteral("studio.ini")); }
    QString config() const { return folder.filePath(QStringLiteral("small.yaml")); }
    ui::TrainingSetup& setup() { return *app->training().page().setup(); }

    /// Other words in the configuration.
    void replace(const std::string& from, const std::string& to)
    {
        std::string text = test::file_content(config().toStdString());
        const std::size_t place = text.find(from);
        QVERIFY(place != std::string::npos);
        text.replace(place, from.size(), to);
        std::ofstream(config().toStdString()) << text;
    }
    void start()
    {
        QVERIFY2(setup().startButton()->isEnabled(), qPrintable(setup().objection()));
        setup().startButton()->click();
        QVERIFY(app->training().isRunning());
    }
    void waitForEnd()
    {
        if (app->training().isRunning()) {
            QSignalSpy ended(&app->training(), &Training::ended);
            QVERIFY(ended.wait(patience));
        }
    }
    std::vector<FinishedImage> sample()
    {
        auto settings = app->window().controls()->settings();
        settings.policy = PolicyKind::adadiff;
        settings.steps = 12;
        settings.count = 4;
        settings.batch = 4;
        settings.seed = 7;
        app->window().controls()->setSettings(settings);
        QSignalSpy ended(app.get(), &Studio::runEnded);
        app->generate();
        return ended.wait(patience) ? app->kept()->images : std::vector<FinishedImage>();
    }

    QTemporaryDir folder;
    std::unique_ptr<Studio> app;
};

}  // namespace

class StudioTrainingReal : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void samplingBesideATrainingGivesTheImagesThatItGivesAlone()
    {
        RealTraining f;
        const auto alone = f.sample();
        QCOMPARE(alone.size(), std::size_t(4));
        f.replace("steps: 12", "steps: 1000000");
        f.replace("checkpoint_every: 5", "checkpoint_every: 100000");
        f.replace("log_every: 4", "log_every: 50");
        f.app->training().openPath(f.config());
        f.setup().threadsField()->setValue(1);
        f.start();
        QTRY_COMPARE_WITH_TIMEOUT(f.setup().state(), ui::TrainingState::training, patience);
        const auto beside = f.sample();
        QVERIFY(f.app->training().isRunning());
        QCOMPARE(beside.size(), alone.size());
        for (std::size_t image = 0; image < alone.size(); ++image) {
            QVERIFY(beside[image].pixels == alone[image].pixels);
        }
        QTRY_VERIFY_WITH_TIMEOUT(!f.app->training().page().log().empty(), patience);
        f.app->training().trainer().stop();
        f.waitForEnd();
        QVERIFY(f.setup().resumes());
    }

    void aRunThatWasPausedAndStoppedInTheWindowEndsWithTheBytesOfOneThatWasNot()
    {
        RealTraining f;
        f.replace("sample_every: 0", "sample_every: 6");
        f.replace("steps: 12", "steps: 400");
        f.replace("precision: fp32", "threads: 1\n  precision: fp32");
        const std::string elsewhere = (f.path() / "elsewhere").string();
        train({.config = f.config().toStdString(), .overrides = {{"output.folder", elsewhere}}});

        f.app->training().openPath(f.config());
        f.start();
        QTRY_COMPARE_WITH_TIMEOUT(f.setup().state(), ui::TrainingState::training, patience);
        f.setup().pauseButton()->click();
        QTRY_COMPARE_WITH_TIMEOUT(f.setup().state(), ui::TrainingState::paused, patience);
        f.setup().pauseButton()->click();
        f.app->training().trainer().stop();
        f.waitForEnd();
        if (f.setup().canStart()) {  // a fast machine may have been done before
            f.start();
            f.waitForEnd();
        }
        QTRY_COMPARE_WITH_TIMEOUT(f.app->training().page().samples()->chosen(), std::int64_t(400), patience);
        QVERIFY(!f.app->training().page().log().empty());
        QCOMPARE(f.app->training().page().log().back().step, std::int64_t(400));
        const std::string weights = test::file_content(f.path() / "run" / "full.safetensors");
        QVERIFY(!weights.empty());
        QVERIFY(weights == test::file_content(f.path() / "elsewhere" / "full.safetensors"));
    }

    void missingDataIsSaidAsTheTrainerSaysIt()
    {
        RealTraining f;
        std::filesystem::remove_all(f.path() / "images");
        std::filesystem::create_directories(f.path() / "images");
        f.app->training().openPath(f.config());
        f.start();
        f.waitForEnd();
        const auto message = f.app->training().page().messages()->current();
        QCOMPARE(message.kind, ui::Message::Kind::error);
        QVERIFY(!message.what.isEmpty());
        QVERIFY(!message.remedy.isEmpty());
        QVERIFY2(message.where.contains(QStringLiteral("images")), qPrintable(message.where));
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioTrainingReal test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_training_real.moc"
