// SPDX-License-Identifier: GPL-3.0-or-later
// Points 3, 6, 18, 19 and 20: keys, names, tooltips, panels, words for the time left, no message box.
// What every control owes the person: a name, a tooltip, a key of its own, a place in the tab order.
#include "studio/training.h"
#include "studio_fixture.h"
#include "ui/export_dialog.h"
#include "ui/pack_dialog.h"
#include "ui/status_strip.h"
#include "ui/training_page.h"

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QAction>
#include <QComboBox>
#include <QDirIterator>
#include <QDockWidget>
#include <QLabel>
#include <QLineEdit>
#include <QMap>
#include <QMenu>
#include <QShortcut>

using namespace duodiff;
using duodiff::test::StudioFixture;
using duodiff::ui::Act;

namespace
{

bool isPartOfAnother(const QWidget* widget)
{
    return widget->objectName().startsWith(QLatin1String("qt_")) ||
           qobject_cast<const QAbstractSpinBox*>(widget->parentWidget()) != nullptr ||
           qobject_cast<const QComboBox*>(widget->parentWidget()) != nullptr ||
           widget->inherits("QComboBoxPrivateContainer") || widget->inherits("QComboBoxListView") ||
           widget->inherits("QMenu");
}

QString nameFor(const QWidget* widget)
{
    return QStringLiteral("%1 '%2' in %3")
        .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
             QLatin1String(widget->parentWidget() ? widget->parentWidget()->metaObject()->className()
                                                  : "nothing"));
}

void checkNames(QWidget* root)
{
    for (const QWidget* widget : root->findChildren<QWidget*>()) {
        if (isPartOfAnother(widget) || widget->focusProxy() != nullptr) {
            continue;
        }
        const bool isControl = qobject_cast<const QAbstractButton*>(widget) != nullptr ||
                               qobject_cast<const QAbstractSpinBox*>(widget) != nullptr ||
                               qobject_cast<const QComboBox*>(widget) != nullptr ||
                               qobject_cast<const QSlider*>(widget) != nullptr ||
                               qobject_cast<const QLineEdit*>(widget) != nullptr;
        if (isControl) {
            QVERIFY2(!widget->toolTip().isEmpty(), qPrintable(nameFor(widget)));
        }
        // A label is read by its text.
        const bool isLabel = qobject_cast<const QLabel*>(widget) != nullptr;
        if (isControl || (widget->focusPolicy() != Qt::NoFocus && !isLabel)) {
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(nameFor(widget)));
        }
    }
}

}  // namespace

class StudioHabits : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyFocusableWidgetHasANameAndEveryControlATooltip()
    {
        StudioFixture f;
        f.showAndOpen();
        checkNames(&f.app->window());
        checkNames(&f.app->training().page());
        const ui::ExportDialog dialog({}, {.images = 3});
        checkNames(const_cast<ui::ExportDialog*>(&dialog));
        const ui::PackDialog packDialog({});
        checkNames(const_cast<ui::PackDialog*>(&packDialog));
    }

    void noTwoShortcutsAreAlikeAndEveryActionHasOne()
    {
        StudioFixture f;
        QMap<QString, QString> taken;
        std::size_t actions = 0;
        for (const QAction* action : f.app->window().findChildren<QAction*>()) {
            if (action->menu() != nullptr || action->isSeparator() || action->text().isEmpty()) {
                continue;
            }
            if (qobject_cast<QLineEdit*>(action->parent()) != nullptr ||
                (action->parent() != nullptr && action->parent()->inherits("QLineEdit"))) {
                continue;
            }
            if (qobject_cast<QDockWidget*>(action->parent()) != nullptr) {
                continue;  // Qt's own toggle; the View menu has one with a key for each panel
            }
            QVERIFY2(!action->shortcut().isEmpty(), qPrintable(action->text()));
            ++actions;
            for (const QKeySequence& shortcut : action->shortcuts()) {
                const QString keys = shortcut.toString();
                QVERIFY2(!taken.contains(keys),
                         qPrintable(keys + ' ' + action->text() + ' ' + taken.value(keys)));
                taken[keys] = action->text();
            }
        }
        for (const QShortcut* shortcut : f.app->window().findChildren<QShortcut*>()) {
            QVERIFY2(!taken.contains(shortcut->key().toString()), qPrintable(shortcut->key().toString()));
        }
        QVERIFY(actions > 20);
        QCOMPARE(f.app->window().shortcutList().size(), actions);
    }

    void tabReachesEveryControl()
    {
        StudioFixture f;
        f.showAndOpen();
        auto& window = f.app->window();
        f.activate();
        QSet<QWidget*> wanted;
        for (QWidget* widget : window.findChildren<QWidget*>()) {
            if (!isPartOfAnother(widget) && (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus &&
                widget->isVisible() && widget->isEnabled() && widget->focusProxy() == nullptr) {
                wanted.insert(widget);
            }
        }
        QVERIFY(wanted.size() > 20);
        f.controls().runButton()->setFocus();
        QSet<QWidget*> reached;
        for (int key = 0; key < 200; ++key) {
            QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
            reached.insert(QApplication::focusWidget());
        }
        for (const QWidget* widget : wanted - reached) {
            QFAIL(qPrintable(nameFor(widget) + ' ' + widget->accessibleName()));
        }
    }

    void tabGoesThroughTheControlsAsTheyAreSeen()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        QStringList names;
        f.controls().threshold()->slider()->setFocus();
        for (int key = 0; key < 40 && !names.contains(QStringLiteral("Generate")); ++key) {
            QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
            names << QApplication::focusWidget()->accessibleName();
        }
        const QStringList order{"Solver",           "Steps",  "Images",    "Seed",    "Class T-shirt",
                                "Class Ankle boot", "Device", "Precision", "Generate"};
        for (qsizetype index = 1; index < order.size(); ++index) {
            QVERIFY2(names.indexOf(order[index - 1]) >= 0 &&
                         names.indexOf(order[index - 1]) < names.indexOf(order[index]),
                     qPrintable(names.join(QStringLiteral(", "))));
        }
    }

    void whatDoesNotApplyIsDisabledWithTheReason()
    {
        StudioFixture f;
        f.showAndOpen();
        auto& controls = f.controls();
        f.configure(PolicyKind::adadiff, 10);
        QVERIFY(controls.threshold()->slider()->isEnabled());
        QVERIFY(!controls.switchStep()->slider()->isEnabled());
        QVERIFY(
            controls.switchStep()->slider()->toolTip().startsWith(QStringLiteral("t_s applies to DuoDiff")));
        f.configure(PolicyKind::duodiff, 10);
        QVERIFY(!controls.threshold()->slider()->isEnabled());
        QVERIFY(controls.threshold()->box()->toolTip().startsWith(QStringLiteral("θ applies to AdaDiff")));

        auto plain = test::scriptedModel();
        plain.has_shallow = plain.has_early_exit = false;
        plain.num_classes = 0;
        controls.setModel(plain);
        QCOMPARE(controls.settings().policy, PolicyKind::full);
        QVERIFY(controls.switchStep()->slider()->toolTip().contains(QStringLiteral("no shallow network")));
        QVERIFY(controls.threshold()->slider()->toolTip().contains(QStringLiteral("no early exits")));
    }

    void theThetaSliderSpansTheModelsRangeAndTheBoxGoesBeyond()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 10);
        auto* theta = f.controls().threshold();
        theta->slider()->setValue(0);
        QCOMPARE(f.controls().settings().threshold, 0.05);
        theta->slider()->setValue(theta->slider()->maximum());
        QCOMPARE(f.controls().settings().threshold, 0.2);
        theta->box()->setValue(-0.5);
        QCOMPARE(f.controls().settings().threshold, -0.5);
        auto attention = test::scriptedModel();
        attention.threshold_is_probability = false;
        attention.threshold_minimum = -3.0;
        attention.threshold_maximum = 12.5;
        f.controls().setModel(attention);
        theta->box()->setValue(4711.25);
        QCOMPARE(f.controls().settings().threshold, 4711.25);
    }

    void ctrlAndAnArrowAreTenStepsAndADoubleClickTheDefault()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::duodiff, 10);
        auto* parameter = f.controls().switchStep();
        parameter->setValue(300);
        QTest::keyClick(parameter->slider(), Qt::Key_Right);
        QCOMPARE(parameter->value(), 301.0);
        QTest::keyClick(parameter->slider(), Qt::Key_Right, Qt::ControlModifier);
        QCOMPARE(parameter->value(), 311.0);
        QTest::keyClick(parameter->slider(), Qt::Key_Down, Qt::ControlModifier);
        QCOMPARE(parameter->value(), 301.0);
        QTest::keyClick(parameter->box(), Qt::Key_Up, Qt::ControlModifier);
        QCOMPARE(parameter->value(), 311.0);
        QTest::mouseDClick(parameter->label(), Qt::LeftButton);
        QCOMPARE(parameter->value(), 300.0);
    }

    void escapeStopsAndCtrlReturnGenerates()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        f.configure(PolicyKind::full, 40);
        f.script->gate.close();
        QTest::keyClick(&f.app->window(), Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(f.app->run().isRunning());
        f.script->gate.waitForVisitor();
        QSignalSpy ended(f.app.get(), &studio::Studio::runEnded);
        QTest::keyClick(&f.app->window(), Qt::Key_Escape);
        QVERIFY(ended.wait(duodiff::test::patience));
        QCOMPARE(ended.first().first().value<studio::JobState>(), studio::JobState::cancelled);
    }

    void shortcutsWorkInNumberFieldsToo()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        int dismissed = 0;
        // Keys that some systems' text fields take for themselves.
        for (const int key : {Qt::Key_E, Qt::Key_D, Qt::Key_B, Qt::Key_F, Qt::Key_K, Qt::Key_U}) {
            for (auto* field : f.controls().findChildren<QAbstractSpinBox*>()) {
                QKeyEvent override(QEvent::ShortcutOverride, key, Qt::ControlModifier);
                override.ignore();
                QApplication::sendEvent(field, &override);
                QVERIFY2(!override.isAccepted(), qPrintable(field->accessibleName()));
                ++dismissed;
            }
        }
        QVERIFY(dismissed > 0);
    }

    void panelsComeBackWithResetLayout()
    {
        StudioFixture f;
        f.showAndOpen();
        auto& window = f.app->window();
        QSet<QDockWidget*> shown;
        for (auto* dock : window.findChildren<QDockWidget*>()) {
            if (!dock->isHidden()) {
                shown.insert(dock);
            }
            dock->close();
        }
        QVERIFY(shown.size() >= 3);
        window.action(Act::resetLayout)->trigger();
        for (auto* dock : window.findChildren<QDockWidget*>()) {
            QCOMPARE(!dock->isHidden(), shown.contains(dock));
            QVERIFY(!dock->isFloating());
        }
    }

    void aPanelsKeyBringsItForwardWithTheFocusAndThenClosesIt()
    {
        StudioFixture f;
        f.showAndOpen();
        f.activate();
        auto& window = f.app->window();
        const auto dock = [&](const char* name) {
            return window.findChild<QDockWidget*>(QLatin1String(name));
        };
        auto* cursor = dock("cursorDock");
        auto* history = dock("historyDock");
        history->raise();
        QTRY_VERIFY(cursor->visibleRegion().isEmpty());
        QVERIFY(!cursor->isHidden());
        QTest::keyClick(&window, Qt::Key_5, Qt::ControlModifier);
        QTRY_VERIFY(!cursor->visibleRegion().isEmpty());
        QVERIFY(cursor->isAncestorOf(QApplication::focusWidget()));
        QTest::keyClick(&window, Qt::Key_4, Qt::ControlModifier);
        QTRY_VERIFY(!history->visibleRegion().isEmpty());
        QVERIFY(history->isAncestorOf(QApplication::focusWidget()));
        QTest::keyClick(&window, Qt::Key_4, Qt::ControlModifier);
        QVERIFY(history->isHidden());
        QTest::keyClick(&window, Qt::Key_4, Qt::ControlModifier);
        QTRY_VERIFY(!history->isHidden() && !history->visibleRegion().isEmpty());
    }

    void theEtaIsWordedByItsLength()
    {
        QCOMPARE(ui::timeLeftText(8.2), QStringLiteral("9 s left"));
        QCOMPARE(ui::timeLeftText(65.0), QStringLiteral("1 min 05 s left"));
        QCOMPARE(ui::timeLeftText(7800.0), QStringLiteral("2 h 10 min left"));
    }

    void noSourceOfTheWindowOpensAMessageBox()
    {
        int files = 0;
        for (const char* folder : {"ui", "app/studio"}) {
            QDirIterator sources(QStringLiteral(DUODIFF_SOURCE_DIR "/") + QLatin1String(folder),
                                 {"*.cpp", "*.h"}, QDir::Files);
            while (sources.hasNext()) {
                QFile file(sources.next());
                QVERIFY(file.open(QIODevice::ReadOnly));
                const QByteArray text = file.readAll();
                QVERIFY2(!text.contains("QMessageBox") && !text.contains("QErrorMessage"),
                         qPrintable(file.fileName()));
                ++files;
            }
        }
        QVERIFY(files > 30);
    }
};

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    StudioHabits test;
    return QTest::qExec(&test, argc, argv);
}
#include "studio_habits.moc"
