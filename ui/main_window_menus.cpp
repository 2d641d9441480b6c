// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/class_picker.h"
#include "ui/control_panel.h"
#include "ui/exit_plot.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"
#include "ui/picture_header.h"
#include "ui/preview_grid.h"

#include <QAction>
#include <QActionGroup>
#include <QApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QDir>
#include <QDockWidget>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

/// A small window beside the main one, which stays usable.
QDialog* sideWindow(const QString& title, QWidget* parent)
{
    auto* dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setModal(false);
    dialog->setWindowTitle(title);
    return dialog;
}

void addCloseButton(QDialog* dialog)
{
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    buttons->button(QDialogButtonBox::Close)->setAccessibleName(MainWindow::tr("Close"));
    buttons->button(QDialogButtonBox::Close)->setToolTip(MainWindow::tr("Close this window"));
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
    dialog->layout()->addWidget(buttons);
}

}  // namespace

void MainWindow::buildMenus()
{
    for (const auto& [kind, title] :
         {std::pair{MenuKind::file, tr("&File")}, std::pair{MenuKind::edit, tr("&Edit")},
          std::pair{MenuKind::run, tr("&Run")}, std::pair{MenuKind::view, tr("&View")},
          std::pair{MenuKind::tools, tr("&Tools")}, std::pair{MenuKind::help, tr("&Help")}}) {
        m_menus[kind] = menuBar()->addMenu(title);
        m_menus[kind]->menuAction()->setVisible(false);
    }
    constexpr auto file = MenuKind::file;
    add(file, Act::openPack, tr("Open &pack…"), QStringLiteral("Ctrl+O"),
        tr("Open a model pack: a folder with pack.json"));
    add(file, Act::openCheckpoint, tr("Open &checkpoint…"), QStringLiteral("Ctrl+Shift+O"),
        tr("Open a .pth, .pt or .safetensors file"));
    m_recent = menu(file)->addMenu(tr("&Recent"));
    addSeparator(file);
    add(file, Act::exportAll, tr("&Export…"), QStringLiteral("Ctrl+E"),
        tr("Write images, tables, reports and the plot"));
    add(file, Act::exportImages, tr("Export &images…"), QStringLiteral("Ctrl+Shift+E"),
        tr("Write the images as PNG"));
    add(file, Act::exportReport, tr("Export repor&t…"), QStringLiteral("Ctrl+Shift+R"),
        tr("Write the timing report"));
    addSeparator(file);
    add(file, Act::quit, tr("&Quit"), QStringLiteral("Ctrl+Q"), tr("Stop and close"));
    action(Act::quit)->setMenuRole(QAction::QuitRole);

    constexpr auto run = MenuKind::run;
    add(run, Act::generate, tr("&Generate"), QStringLiteral("Ctrl+Return"), tr("Draw the images"));
    add(run, Act::pause, tr("&Pause"), QStringLiteral("Space"),
        tr("Hold the run before its next step, and go on; the images stay the same"));
    add(run, Act::stop, tr("&Stop and keep"), QStringLiteral("Esc"),
        tr("Stop now; finished images are kept, and those of the batch in progress as far as they are"));
    add(run, Act::finishBatch, tr("&Finish this batch"), QStringLiteral("Ctrl+."),
        tr("Let the batch in progress end and start no other"));
    add(run, Act::abort, tr("&Abort"), QStringLiteral("Shift+Esc"),
        tr("Stop now and keep nothing of this run"));
    addSeparator(run);
    add(run, Act::newSeed, tr("&New seed"), QStringLiteral("Ctrl+R"), tr("Draw another seed"));
    add(run, Act::restoreDefaults, tr("Restore &defaults"), QStringLiteral("Ctrl+D"),
        tr("Every control back to its default; the seed stays"));

    constexpr auto view = MenuKind::view;
    add(view, Act::showPreviews, tr("&Previews"), QStringLiteral("Ctrl+P"),
        tr("Show the pictures while they form; hidden ones are not made"));
    action(Act::showPreviews)->setCheckable(true);
    action(Act::showPreviews)->setChecked(true);
    action(Act::showPreviews)
        ->setShortcuts({QKeySequence(QStringLiteral("Ctrl+P")), QKeySequence(QStringLiteral("V"))});
    add(view, Act::nextPictures, tr("Pictures: x_t, predicted x_0, bot&h"), QStringLiteral("X"),
        tr("Go on to the next of x_t, the predicted x_0, and both"));
    m_afterPanels = add(view, Act::resetLayout, tr("Reset &layout"), QStringLiteral("Ctrl+Shift+0"),
                        tr("Every panel back to its place"));
    addSeparator(view);
    add(view, Act::fitPlot, tr("&Whole run in the plot"), QStringLiteral("Ctrl+0"),
        tr("Zoom the plot out, and follow the run"));
    add(view, Act::copySummary, tr("&Copy a summary in words"), QStringLiteral("Ctrl+Shift+C"),
        tr("The plot and the numbers as text"));
    add(view, Act::dismissMessage, tr("Dismiss the &message"), QStringLiteral("Ctrl+Shift+M"),
        tr("Close the message in the window"));
    addSeparator(view);
    auto* themes = new QActionGroup(this);
    for (const auto& [act, text, keys] :
         {std::tuple{Act::themeSystem, tr("&As the system"), QStringLiteral("Ctrl+Shift+A")},
          std::tuple{Act::themeLight, tr("&Light"), QStringLiteral("Ctrl+Shift+L")},
          std::tuple{Act::themeDark, tr("&Dark"), QStringLiteral("Ctrl+Shift+D")}}) {
        QAction* theme = add(view, act, text, keys, tr("Colours of the window"));
        theme->setCheckable(true);
        themes->addAction(theme);
    }
    addSeparator(view);
    add(view, Act::fullScreen, tr("&Full screen"), QStringLiteral("F11"),
        tr("The window over the whole screen"));
    action(Act::fullScreen)->setCheckable(true);

    constexpr auto help = MenuKind::help;
    add(help, Act::shortcuts, tr("&Keyboard shortcuts"), QStringLiteral("?"), tr("Every key"));
    add(help, Act::about, tr("&About DuoDiff Studio"), QStringLiteral("Ctrl+F1"), tr("Version and licence"));
    action(Act::about)->setMenuRole(QAction::AboutRole);

    connect(action(Act::quit), &QAction::triggered, this, &QWidget::close);
    connect(action(Act::resetLayout), &QAction::triggered, this, &MainWindow::resetLayout);
    connect(action(Act::fitPlot), &QAction::triggered, m_plot, &ExitPlot::fitView);
    connect(action(Act::showPreviews), &QAction::toggled, this, &MainWindow::arrangeCentre);
    connect(action(Act::nextPictures), &QAction::triggered, m_pictureHeader, &PictureHeader::nextChoice);
    connect(action(Act::dismissMessage), &QAction::triggered, m_messages, &MessageBar::dismiss);
    connect(action(Act::shortcuts), &QAction::triggered, this, &MainWindow::showShortcuts);
    connect(action(Act::about), &QAction::triggered, this, &MainWindow::showAbout);
    connect(action(Act::fullScreen), &QAction::toggled, this, [this](bool full) {
        setWindowState(full ? windowState() | Qt::WindowFullScreen : windowState() & ~Qt::WindowFullScreen);
    });
    setRecent({});
}

void MainWindow::setRecent(const QStringList& paths)
{
    m_recent->clear();
    for (const QString& path : paths) {
        QAction* entry = m_recent->addAction(
            QDir::toNativeSeparators(path).replace(QLatin1Char('&'), QLatin1String("&&")));
        entry->setToolTip(path);
        connect(entry, &QAction::triggered, this, [this, path] { Q_EMIT recentChosen(path); });
    }
    m_recent->setEnabled(!paths.isEmpty());
}

void MainWindow::arrangeTabs()
{
    // Controls first, in the order they are seen; then the pictures and the plot.
    QWidget* last = m_controls;
    for (QWidget* button : m_pictureHeader->findChildren<QToolButton*>()) {
        setTabOrder(last, button);
        last = button;
    }
    setTabOrder(last, m_previews);
    setTabOrder(m_previews, m_plot);
    m_controls->runButton()->setFocus();
}

std::vector<std::pair<QString, QString>> MainWindow::shortcutList() const
{
    std::vector<std::pair<QString, QString>> list;
    for (const QAction* top : menuBar()->actions()) {
        for (const QAction* entry : top->menu()->actions()) {
            if (!entry->shortcut().isEmpty()) {
                list.emplace_back(QString(entry->text()).remove(QLatin1Char('&')),
                                  QKeySequence::listToString(entry->shortcuts(), QKeySequence::NativeText));
            }
        }
    }
    return list;
}

void MainWindow::showShortcuts()
{
    QDialog* dialog = sideWindow(tr("Keyboard shortcuts"), this);
    auto* layout = new QVBoxLayout(dialog);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(28);
    auto list = shortcutList();
    list.emplace_back(tr("Ten steps of a slider or a number"), tr("Ctrl+Up, Ctrl+Down"));
    list.emplace_back(tr("Default of a slider"), tr("double click on its label"));
    list.emplace_back(tr("Next, former control"), tr("Tab, Shift+Tab"));
    list.emplace_back(tr("In the training window: open, watch"), tr("Ctrl+O, Ctrl+Shift+O"));
    list.emplace_back(tr("Start, pause, stop the training"), tr("Ctrl+Return, Space, Ctrl+."));
    list.emplace_back(tr("Close the training window; it goes on"), tr("Ctrl+W"));
    const int half = static_cast<int>(list.size() + 1) / 2;
    for (int index = 0; index < static_cast<int>(list.size()); ++index) {
        const auto& [name, keys] = list[static_cast<std::size_t>(index)];
        const int column = index < half ? 0 : 2;
        grid->addWidget(new QLabel(name, dialog), index % half, column);
        auto* label = new QLabel(keys, dialog);
        label->setProperty("role", "muted");
        grid->addWidget(label, index % half, column + 1);
    }
    layout->addLayout(grid);
    addCloseButton(dialog);
    dialog->show();
}

void MainWindow::showAbout()
{
    QDialog* dialog = sideWindow(tr("About DuoDiff Studio"), this);
    auto* layout = new QVBoxLayout(dialog);
    layout->setContentsMargins(20, 18, 20, 14);
    auto* text = new QLabel(
        tr("<h3>DuoDiff Studio %1</h3>"
           "<p>Image generation with DuoDiff and AdaDiff, and a window that shows<br>how much network each "
           "step needs.</p>"
           "<p>Free software under the GNU General Public License, version 3 or later.<br>"
           "It comes with no warranty.</p>"
           "<p>With Qt %2, QCustomPlot 2.1 and LibTorch. DuoDiff: arXiv 2410.09633.<br>AdaDiff: arXiv "
           "2309.17074. U-ViT: arXiv 2209.12152.</p>")
            .arg(QApplication::applicationVersion(), QLatin1String(qVersion())),
        dialog);
    text->setTextFormat(Qt::RichText);
    layout->addWidget(text);
    addCloseButton(dialog);
    dialog->show();
}

}  // namespace duodiff::ui
