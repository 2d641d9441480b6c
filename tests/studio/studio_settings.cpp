// SPDX-License-Identifier: GPL-3.0-or-later
// Point 18: settings that come back, and damaged ones that do no harm.
#include "studio/settings_store.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace duodiff;
using namespace duodiff::studio;

class StudioSettings : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    QString file(const QString& name) const { return m_folder.filePath(name); }
    static void write(const QString& path, const QByteArray& bytes)
    {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
    }

private Q_SLOTS:
    void whatIsSavedComesBack()
    {
        Remembered before;
        before.geometry = QByteArray("\0\1\2geometry", 11);
        before.layout = QByteArray("layout\xff", 7);
        before.theme = QStringLiteral("light");
        before.showPreviews = false;
        before.lastModel = QStringLiteral("/modelle/größe, 1; [a]=b");
        before.recent = {before.lastModel, QStringLiteral("/b")};
        before.exportChoice.folder = QStringLiteral("/x y");
        before.exportChoice.plotSvg = true;
        before.exportChoice.settingsInside = false;
        before.exportChoice.gif = before.exportChoice.strip = true;
        before.exportChoice.filmShows = PictureKind::predicted;
        before.exportChoice.framesPerSecond = 30;
        before.exportChoice.stripPictures = 7;
        before.historyLimit = 77;
        SamplingSettings settings;
        settings.policy = PolicyKind::adadiff;
        settings.threshold = 0.0837512345678;
        settings.seed = 18446744073709551615ull;
        settings.classes = {3, 1};
        before.settings = settings;

        const SettingsStore first(file("a/b/studio.ini"));
        QVERIFY(!first.existed());
        QVERIFY(first.save(before));
        SettingsStore second(file("a/b/studio.ini"));
        QVERIFY(second.existed());
        const Remembered after = second.load();
        QVERIFY2(second.notice().isEmpty(), qPrintable(second.notice()));
        QCOMPARE(after.geometry, before.geometry);
        QCOMPARE(after.layout, before.layout);
        QCOMPARE(after.theme, before.theme);
        QCOMPARE(after.showPreviews, before.showPreviews);
        QCOMPARE(after.lastModel, before.lastModel);
        QCOMPARE(after.recent, before.recent);
        QCOMPARE(after.exportChoice.folder, before.exportChoice.folder);
        QCOMPARE(after.exportChoice.plotSvg, true);
        QCOMPARE(after.exportChoice.settingsInside, false);
        QVERIFY(after.exportChoice.gif && after.exportChoice.strip);
        QCOMPARE(after.exportChoice.filmShows, PictureKind::predicted);
        QCOMPARE(after.exportChoice.framesPerSecond, 30);
        QCOMPARE(after.exportChoice.stripPictures, 7);
        QCOMPARE(after.historyLimit, 77);
        QVERIFY(after.settings == before.settings);
    }

    void aDamagedFileGivesDefaultsANoticeAndIsKept_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("no INI") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0 garbage \n[[[ nothing", 30);
        QTest::newRow("cut off") << QByteArray("[studio]\nform");
        QTest::newRow("other version") << QByteArray("[studio]\nformat=999\n");
        QTest::newRow("huge") << QByteArray("[studio]\nformat=1\n") + QByteArray(5'000'000, ';');
        QTest::newRow("a limit that is no number")
            << QByteArray("[studio]\nformat=1\n[history]\nlimit=@ByteArray(\0\1)\n");
        QTest::newRow("a limit that would drop every run")
            << QByteArray("[studio]\nformat=1\n[history]\nlimit=-7\n");
        QTest::newRow("settings that are no JSON")
            << QByteArray("[studio]\nformat=1\n[run]\nsettings=\"{oh no\"\n");
        QTest::newRow("settings out of range")
            << QByteArray("[studio]\nformat=1\n[run]\nsettings=\"{\\\"policy\\\": \\\"everything\\\"}\"\n");
    }

    void aDamagedFileGivesDefaultsANoticeAndIsKept()
    {
        QFETCH(QByteArray, bytes);
        const QString path = file(QString("damaged-%1.ini").arg(QTest::currentDataTag()));
        write(path, bytes);
        SettingsStore store(path);
        const Remembered remembered = store.load();
        QVERIFY(!store.notice().isEmpty());
        QVERIFY(!remembered.settings);
        QCOMPARE(remembered.theme, Remembered().theme);
        QCOMPARE(remembered.historyLimit, Remembered().historyLimit);
        QFile aside(path + QStringLiteral(".damaged"));
        QVERIFY(aside.open(QIODevice::ReadOnly));
        QCOMPARE(aside.readAll(), bytes);
        QVERIFY(store.save(remembered));
        QVERIFY(SettingsStore(path).load().recent.isEmpty());
    }
};

QTEST_GUILESS_MAIN(StudioSettings)
#include "studio_settings.moc"
