// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include "ui/control_panel.h"
#include "ui/dropped_paths.h"
#include "ui/exit_plot.h"
#include "ui/message_bar.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"
#include "ui/run_numbers.h"
#include "ui/status_strip.h"

#include <QAction>
#include <QChildEvent>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QMimeData>
#include <QProgressBar>
#include <QScrollArea>
#include <QStatusBar>
#include <QTabBar>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

/// Name and close button of a panel; moving and floating it works by dragging the rest of it.
QWidget* panelTitle(const QString& title, QDockWidget* dock)
{
    auto* bar = new QWidget(dock);
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(14, 4, 8, 0);
    auto* label = new QLabel(title.toUpper(), bar);
    label->setProperty("role", "section");
    layout->addWidget(label, 1);
    auto* close = new QToolButton(bar);
    close->setText(QStringLiteral("✕"));
    close->setFocusPolicy(Qt::NoFocus);
    close->setAccessibleName(MainWindow::tr("Close %1").arg(title));
    close->setToolTip(MainWindow::tr("Close this panel; the View menu brings it back"));
    layout->addWidget(close);
    QObject::connect(close, &QToolButton::clicked, dock, &QWidget::close);
    bar->setToolTip(MainWindow::tr("Drag to move this panel; a double click takes it out of the window"));
    return bar;
}

}  // namespace

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent),
      m_controls(new ControlPanel(this)),
      m_previews(new PreviewGrid(this)),
      m_plot(new ExitPlot(this)),
      m_numbers(new RunNumbers(this)),
      m_messages(new MessageBar(this)),
      m_status(new StatusStrip(this)),
      m_modelText(new QLabel(this)),
      m_pictureHeader(new PictureHeader(this)),
      m_previewsHidden(new QLabel(this)),
      m_progress(new QProgressBar(this))
{
    setWindowIcon(applicationIcon());
    m_plot->setTitled(false);  // its panel is
    setAcceptDrops(true);
    setDockOptions(AnimatedDocks | AllowTabbedDocks | AllowNestedDocks);
    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    setCentralWidget(buildCentre());

    auto* scroll = new QScrollArea(this);
    scroll->setWidget(m_numbers);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

    buildMenus();
    m_controlsDock = addPanel(tr("Controls"), QStringLiteral("controlsDock"), m_controls,
                              {Qt::LeftDockWidgetArea}, QStringLiteral("Ctrl+1"));
    m_plotDock = addPanel(tr("Exit layer"), QStringLiteral("plotDock"), m_plot, {Qt::BottomDockWidgetArea},
                          QStringLiteral("Ctrl+2"));
    m_numbersDock =
        addPanel(tr("This run"), QStringLiteral("numbersDock"), scroll, {}, QStringLiteral("Ctrl+3"));
    statusBar()->addWidget(m_status, 1);
    statusBar()->setSizeGripEnabled(false);
    m_modelText->setProperty("role", "muted");
    m_modelText->setContentsMargins(0, 0, 12, 0);
    m_modelText->setAlignment(Qt::AlignVCenter | Qt::AlignRight);
    m_modelText->setMinimumHeight(menuBar()->sizeHint().height());
    menuBar()->setCornerWidget(m_modelText);
    setModelText({}, {});
    arrangeTabs();
    resize(1280, 800);
    resetLayout();
}

QWidget* MainWindow::buildCentre()
{
    auto* centre = new QWidget(this);
    centre->setMinimumSize(280, 160);
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_messages);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(3);
    m_progress->setRange(0, 1000);
    m_progress->setAccessibleName(tr("Progress"));
    layout->addWidget(m_progress);
    setProgress(1.0);
    layout->addWidget(m_pictureHeader);
    m_previewsHidden->setText(tr("The previews are hidden, and none are made. V shows them."));
    m_previewsHidden->setAlignment(Qt::AlignCenter);
    m_previewsHidden->setWordWrap(true);
    m_previewsHidden->setProperty("role", "muted");
    m_previewsHidden->hide();
    layout->addWidget(m_previewsHidden, 1);
    layout->addWidget(m_previews, 1);
    return centre;
}

QDockWidget* MainWindow::addPanel(const QString& title, const QString& objectName, QWidget* content,
                                  const PanelPlace& place, const QString& keys)
{
    auto* dock = new QDockWidget(title, this);
    dock->setObjectName(objectName);
    dock->setWidget(content);
    dock->setTitleBarWidget(panelTitle(title, dock));
    menu(MenuKind::view)->insertAction(m_afterPanels, panelAction(dock, keys));
    m_panels.push_back({dock, place});
    placePanel(m_panels.back());
    return dock;
}

QAction* MainWindow::panelAction(QDockWidget* dock, const QString& keys)
{
    auto* action = new QAction(dock->windowTitle(), this);
    action->setObjectName(dock->objectName() + QStringLiteral("Action"));
    action->setCheckable(true);
    action->setShortcut(QKeySequence(keys));
    action->setToolTip(tr("Show the panel %1 and go there; once more closes it").arg(dock->windowTitle()));
    connect(dock->toggleViewAction(), &QAction::toggled, action, &QAction::setChecked);
    connect(action, &QAction::triggered, this, [this, dock, action] {
        // One behind another panel's tab is not closed but brought forward.
        if (!dock->isHidden() && !dock->visibleRegion().isEmpty()) {
            dock->close();
        } else {
            dock->show();
            dock->raise();
            focusInto(dock->widget());
        }
        action->setChecked(!dock->isHidden());
    });
    return action;
}

void MainWindow::focusInto(QWidget* content)
{
    if ((content->focusPolicy() & Qt::TabFocus) != 0) {
        content->setFocus(Qt::ShortcutFocusReason);
        return;
    }
    // The chain of focus is the order that Tab takes.
    for (QWidget* next = content->nextInFocusChain(); next != content; next = next->nextInFocusChain()) {
        if (content->isAncestorOf(next) && (next->focusPolicy() & Qt::TabFocus) != 0 && next->isEnabled() &&
            next->isVisibleTo(content)) {
            next->setFocus(Qt::ShortcutFocusReason);
            return;
        }
    }
}

void MainWindow::placePanel(const Panel& panel)
{
    panel.dock->setFloating(false);
    addDockWidget(panel.place.area, panel.dock);
    if (!panel.place.tabbedWith.isEmpty()) {
        if (auto* other = findChild<QDockWidget*>(panel.place.tabbedWith)) {
            tabifyDockWidget(other, panel.dock);
            other->raise();
        }
    }
    panel.dock->setVisible(panel.place.shown);
}

QMenu* MainWindow::menu(MenuKind kind)
{
    return m_menus.at(kind);
}

QAction* MainWindow::addAction(MenuKind kind, const QString& text, const QString& keys,
                               const QString& toolTip)
{
    auto* action = menu(kind)->addAction(text);
    menu(kind)->menuAction()->setVisible(true);
    action->setShortcut(QKeySequence(keys));
    action->setToolTip(toolTip);
    action->setStatusTip(toolTip);
    return action;
}

void MainWindow::addSeparator(MenuKind kind)
{
    menu(kind)->addSeparator();
}

QAction* MainWindow::add(MenuKind kind, Act act, const QString& text, const QString& keys,
                         const QString& toolTip)
{
    return m_actions[act] = addAction(kind, text, keys, toolTip);
}

void MainWindow::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_previews->setTheme(theme);
    m_plot->setTheme(theme);
    m_numbers->setTheme(theme);
    m_messages->setTheme(theme);
    m_status->setTheme(theme);
    centralWidget()->setStyleSheet(QStringLiteral(".QWidget { background: %1; }").arg(theme.window.name()));
    Q_EMIT themeChanged(theme);
}

void MainWindow::setModelText(const QString& name, const QString& description)
{
    const QString program = tr("DuoDiff Studio");
    setWindowTitle(name.isEmpty() ? program : QStringLiteral("%1 — %2").arg(name, program));
    m_modelText->setText(name.isEmpty() ? tr("no model") : QStringLiteral("%1 · %2").arg(name, description));
    m_modelText->setToolTip(tr("The open model"));
    // A corner widget is laid out only when the menu bar is.
    m_modelText->adjustSize();
    menuBar()->updateGeometry();
    menuBar()->setCornerWidget(m_modelText);
    m_modelText->show();
}

void MainWindow::setPictureText(const QString& what, const QString& step)
{
    m_pictureHeader->setTexts(what, step);
}

QString MainWindow::pictureWhat() const
{
    return m_pictureHeader->what();
}

QString MainWindow::pictureStep() const
{
    return m_pictureHeader->step();
}

void MainWindow::setProgress(double fraction)
{
    m_progress->setVisible(fraction < 1.0);
    m_progress->setRange(0, fraction < 0.0 ? 0 : 1000);
    m_progress->setValue(static_cast<int>(fraction * 1000.0));
}

bool MainWindow::previewsVisible() const
{
    return isVisible() && !isMinimized() &&
           (m_previews->isVisible() || (m_centreView != nullptr && m_centreView->isVisible()));
}

void MainWindow::setCentreView(QWidget* view)
{
    if (view == m_centreView) {
        return;
    }
    if (m_centreView != nullptr) {
        m_centreView->hide();
    }
    m_centreView = view;
    if (view != nullptr) {
        static_cast<QVBoxLayout*>(centralWidget()->layout())->addWidget(view, 1);
    }
    arrangeCentre();
    Q_EMIT centreViewChanged();
}

void MainWindow::arrangeCentre()
{
    const bool wanted = action(Act::showPreviews)->isChecked();
    m_previews->setVisible(wanted && m_centreView == nullptr);
    m_previewsHidden->setVisible(!wanted && m_centreView == nullptr);
    if (m_centreView != nullptr) {
        m_centreView->show();
    }
}

QByteArray MainWindow::saveLayout() const
{
    return saveState(layoutVersion);
}

bool MainWindow::restoreLayout(const QByteArray& state)
{
    return restoreState(state, layoutVersion);
}

void MainWindow::resetLayout()
{
    for (const Panel& panel : m_panels) {
        placePanel(panel);
    }
    resizeDocks({m_controlsDock, m_numbersDock}, {272, 248}, Qt::Horizontal);
    resizeDocks({m_plotDock}, {std::max(240, height() * 2 / 5)}, Qt::Vertical);
    // The numbers of a run are read more often than the runs before it.
    if (auto* below = findChild<QDockWidget*>(QStringLiteral("historyDock"))) {
        constexpr int numbers = 470;
        resizeDocks({m_numbersDock, below}, {numbers, std::max(180, height() - numbers)}, Qt::Vertical);
    }
}

void MainWindow::childEvent(QChildEvent* event)
{
    // Qt makes the bars of tabbed panels by itself, without a name.
    if (auto* tabs = qobject_cast<QTabBar*>(event->child()); tabs != nullptr && event->polished()) {
        tabs->setAccessibleName(tr("Panels in one place"));
        for (auto* scroll : tabs->findChildren<QToolButton*>()) {
            scroll->setAccessibleName(tr("Scroll the panels"));
            scroll->setToolTip(tr("Show more of the panels that share this place"));
        }
    }
    QMainWindow::childEvent(event);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (m_mayClose && !m_mayClose()) {
        event->ignore();
        return;
    }
    Q_EMIT closing();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (!droppedPaths(event->mimeData()).isEmpty()) {
        event->acceptProposedAction();
    }
}

void MainWindow::dropEvent(QDropEvent* event)
{
    const QStringList paths = droppedPaths(event->mimeData());
    if (!paths.isEmpty()) {
        event->acceptProposedAction();
        Q_EMIT pathsDropped(paths);
    }
}

}  // namespace duodiff::ui
