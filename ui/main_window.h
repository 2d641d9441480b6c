// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QMainWindow>
#include <QStringList>

#include <functional>
#include <map>
#include <vector>

class QAction;
class QLabel;
class QMenu;
class QProgressBar;
class QStackedLayout;
class QToolButton;

namespace duodiff::ui
{

class ControlPanel;
class ExitPlot;
class MessageBar;
class PictureHeader;
class PreviewGrid;
class RunNumbers;
class StatusStrip;

/// Everything that the menus offer.
enum class Act {
    openPack,
    openCheckpoint,
    exportAll,
    exportImages,
    exportReport,
    quit,
    generate,
    pause,
    stop,
    finishBatch,
    abort,
    newSeed,
    restoreDefaults,
    showPreviews,
    nextPictures,
    fitPlot,
    copySummary,
    dismissMessage,
    themeSystem,
    themeLight,
    themeDark,
    fullScreen,
    resetLayout,
    shortcuts,
    about,
};

/// The menus, in the order of the bar; an empty one is not shown.
enum class MenuKind { file, edit, run, view, tools, help };

/// Where a panel stands by default.
struct PanelPlace {
    Qt::DockWidgetArea area = Qt::RightDockWidgetArea;
    /// Object name of the panel that it shares its place with, as tabs; empty: a place of its own, below
    /// the panels that are in the area already.
    QString tabbedWith = {};
    bool shown = true;
};

/// The window: the widgets, their places, the menus. It holds no run and knows no engine; the studio
/// connects it.
class MainWindow : public QMainWindow
{
    Q_OBJECT

public:
    explicit MainWindow(QWidget* parent = nullptr);

    QAction* action(Act act) const { return m_actions.at(act); }
    ControlPanel* controls() const { return m_controls; }
    PreviewGrid* previews() const { return m_previews; }
    PictureHeader* pictureHeader() const { return m_pictureHeader; }
    ExitPlot* plot() const { return m_plot; }
    RunNumbers* numbers() const { return m_numbers; }
    MessageBar* messages() const { return m_messages; }
    StatusStrip* status() const { return m_status; }

    /// A panel with a feature's widget, which the View menu toggles by `keys`. `objectName` is what the saved
    /// layout knows it by.
    QDockWidget* addPanel(const QString& title, const QString& objectName, QWidget* content,
                          const PanelPlace& place, const QString& keys);
    /// A feature's own entry in a menu.
    QAction* addAction(MenuKind menu, const QString& text, const QString& keys, const QString& toolTip);
    void addSeparator(MenuKind menu);

    void setTheme(const Theme& theme);
    const Theme& theme() const { return m_theme; }
    /// In the corner of the menu bar, and in the title.
    void setModelText(const QString& name, const QString& description);
    /// Above the pictures: what they show, and which step.
    void setPictureText(const QString& what, const QString& step);
    QString pictureWhat() const;
    QString pictureStep() const;
    /// Paths, newest first.
    void setRecent(const QStringList& paths);
    /// A thin bar above the pictures; below 0: how far is not known; 1 or more: gone.
    void setProgress(double fraction);
    /// Whether a picture made now would be seen, in the previews or in what stands in their place.
    bool previewsVisible() const;
    /// Puts a feature's view in the place of the previews; null: the previews again.
    void setCentreView(QWidget* view);
    QWidget* centreView() const { return m_centreView; }

    QByteArray saveLayout() const;
    bool restoreLayout(const QByteArray& state);
    void resetLayout();

    /// Asked before the window closes; where it says no, the window stays.
    void setCloseGuard(std::function<bool()> mayClose) { m_mayClose = std::move(mayClose); }

    /// Titles and keys of every action, in the order of the menus.
    std::vector<std::pair<QString, QString>> shortcutList() const;

Q_SIGNALS:
    void closing();
    void centreViewChanged();
    void pathsDropped(const QStringList& paths);
    void recentChosen(const QString& path);
    void themeChanged(const duodiff::ui::Theme& theme);

protected:
    void childEvent(QChildEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* buildCentre();
    void arrangeCentre();
    struct Panel {
        QDockWidget* dock;
        PanelPlace place;
    };
    void buildMenus();
    QMenu* menu(MenuKind kind);
    /// Shows a panel, brings it forward, and gives it the focus; closes it where it is in front.
    QAction* panelAction(QDockWidget* dock, const QString& keys);
    static void focusInto(QWidget* content);
    void placePanel(const Panel& panel);
    QAction* add(MenuKind menu, Act act, const QString& text, const QString& keys, const QString& toolTip);
    void arrangeTabs();
    void showShortcuts();
    void showAbout();

    static constexpr int layoutVersion = 3;

    Theme m_theme;
    std::function<bool()> m_mayClose;
    std::map<Act, QAction*> m_actions;
    std::map<MenuKind, QMenu*> m_menus;
    std::vector<Panel> m_panels;
    QAction* m_afterPanels = nullptr;  ///< in the View menu
    QMenu* m_recent = nullptr;
    ControlPanel* m_controls;
    PreviewGrid* m_previews;
    ExitPlot* m_plot;
    RunNumbers* m_numbers;
    MessageBar* m_messages;
    StatusStrip* m_status;
    QLabel* m_modelText;
    PictureHeader* m_pictureHeader;
    QLabel* m_previewsHidden;  ///< stands where the previews would
    QWidget* m_centreView = nullptr;
    QProgressBar* m_progress;
    QDockWidget* m_controlsDock = nullptr;
    QDockWidget* m_plotDock = nullptr;
    QDockWidget* m_numbersDock = nullptr;
};

}  // namespace duodiff::ui
