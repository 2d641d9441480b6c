// SPDX-License-Identifier: GPL-3.0-or-later
// Point 18: presets, and settings that survive.
#include "studio_fixture.h"

#include <QAction>
#include <QComboBox>
#include <QLineEdit>
#include <QToolButton>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::patience;
using duodiff::test::StudioFixture;

namespace
{

class PresetFixture : public StudioFixture
{
public:
    PresetFixture()
    {
        showAndOpen();
        activate();
    }
    Presets& presets() { return app->presets(); }
    ui::PresetBar& bar() { return app->presets().bar(); }
    QString presetsPath() const { return folder.filePath(QStringLiteral("presets.json")); }
    void restart()
    {
        app->window().close();
        make();
        showAndOpen();
        activate();
    }
};

ModelInfo otherModel()
{
    auto model = test::scriptedModel();
    model.threshold_minimum = -3.0;
    model.threshold_maximum = 7.0;
    model.threshold_default = 1.5;
    model.threshold_is_probability = false;
    return model;
}

QByteArray contents(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

class StudioPresets : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aPresetIsRelativeToTheModelsRange()
    {
        for (ModelInfo model : {test::scriptedModel(), otherModel()}) {
            model.has_shallow = false;
            const double span = model.threshold_maximum - model.threshold_minimum;
            const auto of = [&](std::size_t number) {
                return withPreset(builtInPresets()[number], model, {});
            };
            QCOMPARE(of(0).policy, PolicyKind::adadiff);
            QVERIFY(std::abs(of(0).threshold - (model.threshold_minimum + 0.15 * span)) < 1e-6);
            QCOMPARE(of(1).threshold, model.threshold_default);
            QVERIFY(of(2).threshold <= model.threshold_default);
            QVERIFY(of(2).steps < of(1).steps && of(1).steps < of(0).steps);
            QCOMPARE(of(3).policy, PolicyKind::full);
        }
        auto pair = test::scriptedModel();
        // With a shallow network the built-in ones are DuoDiff, early exits or not.
        QCOMPARE(withPreset(builtInPresets()[2], pair, {}).policy, PolicyKind::duodiff);
        QCOMPARE(withPreset(builtInPresets()[2], pair, {}).switch_step, 500);
        pair.has_early_exit = false;
        QCOMPARE(withPreset(builtInPresets()[0], pair, {}).policy, PolicyKind::duodiff);
        QCOMPARE(withPreset(builtInPresets()[0], pair, {}).switch_step, 150);
        QCOMPARE(withPreset(builtInPresets()[1], pair, {}).switch_step, 300);
        pair.has_shallow = false;
        QCOMPARE(withPreset(builtInPresets()[2], pair, {}).policy, PolicyKind::full);
    }

    void whatAPresetDoesNotSayStays()
    {
        SamplingSettings settings;
        settings.seed = 77;
        settings.count = 5;
        settings.classes = {3};
        settings.threshold = 0.111;
        for (const Preset& preset : builtInPresets()) {
            const auto changed = withPreset(preset, test::scriptedModel(), settings);
            QCOMPARE(changed.seed, settings.seed);
            QCOMPARE(changed.count, settings.count);
            QCOMPARE(changed.classes, settings.classes);
            QCOMPARE(changed.threshold, settings.threshold);
        }
    }

    void aKeyChoosesAPresetAsOneStepOfUndoAndAHandMakesItCustom()
    {
        PresetFixture f;
        const auto before = f.controls().settings();
        for (int number = 0; number < 4; ++number) {
            QTest::keyClick(&f.app->window(), static_cast<Qt::Key>(Qt::Key_1 + number),
                            Qt::ControlModifier | Qt::AltModifier);
            QCOMPARE(f.bar().box()->currentText(), builtInPresets()[static_cast<std::size_t>(number)].name);
        }
        QCOMPARE(f.app->undo().stack().count(), 4);
        QCOMPARE(f.app->undo().stack().undoText(), QStringLiteral("preset Full network"));
        f.app->undo().stack().undo();
        QCOMPARE(f.presets().current(), QStringLiteral("Fast"));
        auto* switchStep = f.controls().switchStep()->slider();
        switchStep->setValue(switchStep->value() + 1);
        QCOMPARE(f.bar().box()->currentIndex(), -1);
        QCOMPARE(f.bar().box()->placeholderText(), QStringLiteral("Custom"));
        while (f.app->undo().stack().canUndo()) {
            f.app->undo().stack().undo();
        }
        QVERIFY(f.controls().settings() == before);
    }

    void ownPresetsAreSavedRenamedAndDeletedByKeyboardAloneAndSurviveARestart()
    {
        PresetFixture f;
        auto settings = f.controls().settings();
        settings.policy = PolicyKind::adadiff;
        settings.threshold = 0.0837512345678;
        settings.solver = SolverKind::ddim;
        settings.steps = 33;
        settings.eta = 0.25;
        f.controls().setSettings(settings);
        QTest::keyClick(&f.app->window(), Qt::Key_0, Qt::ControlModifier | Qt::AltModifier);
        auto* name = f.bar().nameField();
        QVERIFY(name->hasFocus());
        QTest::keyClicks(name, QStringLiteral("quality"));
        QVERIFY(!f.bar().saveButton()->isEnabled());
        name->clear();
        QTest::keyClicks(name, QStringLiteral("Über 1"));
        QTest::keyClick(name, Qt::Key_Return);
        QCOMPARE(f.presets().current(), QStringLiteral("Über 1"));

        f.restart();
        f.controls().restoreAllDefaults();
        QCOMPARE(f.presets().own().size(), std::size_t(1));
        f.presets().choose(QStringLiteral("Über 1"));
        QCOMPARE(f.controls().settings().threshold, settings.threshold);
        QCOMPARE(f.controls().settings().eta, settings.eta);
        QCOMPARE(f.controls().settings().steps, 33);

        QTest::keyClick(&f.app->window(), Qt::Key_0, Qt::ControlModifier | Qt::AltModifier);
        f.bar().nameField()->setText(QStringLiteral("Mine"));
        f.bar().renameButton()->click();
        QCOMPARE(f.presets().current(), QStringLiteral("Mine"));
        f.restart();
        QCOMPARE(f.presets().current(), QStringLiteral("Mine"));
        f.bar().deleteButton()->click();
        QVERIFY(f.presets().own().empty());
        f.messages().current().actions.front().run();
        QCOMPARE(f.presets().own().size(), std::size_t(1));
        f.presets().remove(QStringLiteral("Mine"));
        f.restart();
        QVERIFY(f.presets().own().empty());
    }

    void anOwnPresetReadsBackAsItWasWritten()
    {
        SamplingSettings settings;
        settings.policy = PolicyKind::duodiff;
        settings.switch_step = 431;
        const Preset preset = presetOf(QStringLiteral("a \"b\"\n").simplified(), settings, otherModel());
        const auto stored = presetsFromJson(presetsToJson({preset}));
        QVERIFY(!stored.damaged);
        QVERIFY(stored.presets.size() == 1 && stored.presets.front() == preset);
    }

    void damagedPresetsAreKeptAsideWithANotice_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("left");
        const Preset good = presetOf(QStringLiteral("good"), {}, test::scriptedModel());
        QTest::newRow("empty") << QByteArray() << 0;
        QTest::newRow("binary") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0", 11) << 0;
        QTest::newRow("cut off") << presetsToJson({good}).chopped(9) << 0;
        QTest::newRow("wrong types")
            << QByteArray(R"({"format": "duodiff-presets", "version": 1, "presets": {"name": 7}})") << 0;
        QTest::newRow("of another version")
            << QByteArray(R"({"format": "duodiff-presets", "version": 2, "presets": []})") << 0;
        QTest::newRow("nested without end") << QByteArray(100'000, '[') << 0;
        QTest::newRow("huge") << QByteArray(2'000'000, ' ') << 0;
        QTest::newRow("one twice") << presetsToJson({good, good}) << 1;
        Preset endless = good;
        endless.name = QStringLiteral("bad");
        endless.steps = 1'000'000;
        QTest::newRow("a number out of range") << presetsToJson({endless, good}) << 1;
    }

    void damagedPresetsAreKeptAsideWithANotice()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, left);
        PresetFixture f;
        f.app->window().close();
        f.app.reset();
        QFile file(f.presetsPath());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
        file.close();
        f.make();
        f.showAndOpen();
        QCOMPARE(f.presets().own().size(), static_cast<std::size_t>(left));
        QVERIFY(f.messages().current().what.contains(QStringLiteral("could not be read")));
        QVERIFY(contents(f.presetsPath() + QStringLiteral(".damaged")) == bytes);
        f.restart();
        QVERIFY(f.messages().isEmpty());
    }

    void settingsAreOnDiskBeforeTheStudioEnds()
    {
        PresetFixture f;
        f.configure(PolicyKind::duodiff, 123);
        const auto onDisk = [&] {
            const auto stored = SettingsStore(f.settingsPath()).load();
            return stored.settings && *stored.settings == f.controls().settings();
        };
        QTRY_VERIFY_WITH_TIMEOUT(onDisk(), patience);
        QCOMPARE(SettingsStore(f.settingsPath()).load().lastModel, f.packPath());
    }

    void aNoticeOfDamagedSettingsStaysInView()
    {
        PresetFixture f;
        f.app->window().close();
        f.app.reset();
        QFile file(f.settingsPath());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("\x89PNG\r\n\x1a\n garbage [[[");
        file.close();
        f.make();
        f.showAndOpen();
        QVERIFY(f.messages().current().what.contains(QStringLiteral("settings")));
        f.runToTheEnd();
        QVERIFY(f.messages().current().what.contains(QStringLiteral("settings")));
        f.messages().dismiss();
        QVERIFY(f.messages().isEmpty());
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioPresets test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_presets.moc"
