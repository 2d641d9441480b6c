// SPDX-License-Identifier: GPL-3.0-or-later
// Points 19 and 21 on a real screen.
// What only a screen shows: keys that arrive by the window system's focus, and a file that is dragged in
// by the mouse. Runs under an X server of its own; xdotool is the hand.
#include "studio_fixture.h"

#include <QAction>
#include <QApplication>
#include <QDrag>
#include <QMimeData>
#include <QMouseEvent>
#include <QProcess>
#include <QScreen>
#include <QUrl>

using namespace duodiff;
using namespace duodiff::studio;
using duodiff::test::StudioFixture;

namespace
{

/// A place to drag a file from, as a file manager is.
class FileSource : public QWidget
{
public:
    explicit FileSource(QString path) : m_path(std::move(path))
    {
        setWindowFlags(Qt::FramelessWindowHint);
        setGeometry(0, 0, 60, 60);
    }

protected:
    void mouseMoveEvent(QMouseEvent*) override
    {
        if (m_dragging) {
            return;
        }
        m_dragging = true;
        auto* mime = new QMimeData;
        mime->setUrls({QUrl::fromLocalFile(m_path)});
        auto* drag = new QDrag(this);
        drag->setMimeData(mime);
        drag->exec(Qt::CopyAction);
    }

private:
    QString m_path;
    bool m_dragging = false;
};

/// xdotool does one thing after the other while this process handles the events that come of it.
void byHand(const QStringList& words)
{
    QProcess hand;
    hand.start(QStringLiteral("xdotool"), words);
    QTRY_VERIFY_WITH_TIMEOUT(hand.state() == QProcess::NotRunning, 20'000);
    QCOMPARE(hand.exitCode(), 0);
}

QStringList moveTo(const QPoint& place)
{
    return {QStringLiteral("mousemove"), QString::number(place.x()), QString::number(place.y())};
}

void dragOnto(QWidget& target, FileSource& source)
{
    const QPoint from = source.mapToGlobal(source.rect().center());
    const QPoint to = target.mapToGlobal(target.rect().center());
    const QStringList pause{QStringLiteral("sleep"), QStringLiteral("0.15")};
    byHand(moveTo(from) + QStringList{QStringLiteral("mousedown"), QStringLiteral("1")} + pause +
           moveTo(from + QPoint(12, 0)) + pause + moveTo(to) + pause + moveTo(to + QPoint(4, 4)) + pause +
           QStringList{QStringLiteral("mouseup"), QStringLiteral("1")});
}

}  // namespace

class StudioOnScreen : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QCOMPARE(QGuiApplication::platformName(), QStringLiteral("xcb")); }

    void keysReachTheWindowByTheScreensFocus()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        f.configure(PolicyKind::full, 40);
        f.script->gate.close();
        QSignalSpy ended(f.app.get(), &Studio::runEnded);
        byHand({QStringLiteral("key"), QStringLiteral("ctrl+Return")});
        QTRY_VERIFY_WITH_TIMEOUT(f.app->run().isRunning(), duodiff::test::patience);
        f.script->gate.waitForVisitor();
        byHand({QStringLiteral("key"), QStringLiteral("Escape")});
        QTRY_COMPARE_WITH_TIMEOUT(ended.count(), 1, duodiff::test::patience);
        QCOMPARE(ended.first().first().value<JobState>(), JobState::cancelled);
    }

    void aPackDraggedInByTheMouseIsOpened()
    {
        StudioFixture f;
        f.app->window().move(80, 0);
        f.showAndOpen();
        QVERIFY(QTest::qWaitForWindowExposed(&f.app->window()));
        FileSource source(f.packPath());
        source.show();
        QVERIFY(QTest::qWaitForWindowExposed(&source));
        QSignalSpy opened(f.app.get(), &Studio::modelOpened);
        dragOnto(*f.app->window().centralWidget(), source);
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, duodiff::test::patience);
    }

    void aWrongFileDraggedInSaysWhy()
    {
        StudioFixture f;
        f.app->window().move(80, 0);
        f.showAndOpen();
        QVERIFY(QTest::qWaitForWindowExposed(&f.app->window()));
        QFile text(f.folder.filePath(QStringLiteral("notes.txt")));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("no model");
        text.close();
        FileSource source(text.fileName());
        source.show();
        QVERIFY(QTest::qWaitForWindowExposed(&source));
        dragOnto(*f.app->window().centralWidget(), source);
        QTRY_VERIFY_WITH_TIMEOUT(!f.messages().isEmpty(), duodiff::test::patience);
        QVERIFY(!f.messages().current().what.isEmpty());
    }
};

QTEST_MAIN(StudioOnScreen)
#include "studio_on_screen.moc"
