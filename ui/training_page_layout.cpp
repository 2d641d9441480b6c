// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/curves_plot.h"
#include "ui/message_bar.h"
#include "ui/sample_viewer.h"
#include "ui/training_page.h"

#include <QAction>
#include <QButtonGroup>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

/// A row of checkable buttons, one of which is down.
void addSegments(QButtonGroup* group, CurvesPlot* plot,
                 const std::vector<std::tuple<int, QString, QString>>& entries)
{
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    for (std::size_t index = 0; index < entries.size(); ++index) {
        const auto& [id, text, toolTip] = entries[index];
        auto* button = new QToolButton(plot);
        button->setText(text);
        button->setCheckable(true);
        button->setProperty("role", "segment");
        button->setProperty("place", index == 0 ? "first" : index + 1 == entries.size() ? "last" : "");
        button->setFocusPolicy(Qt::StrongFocus);
        button->setAccessibleName(toolTip);
        button->setToolTip(toolTip);
        group->addButton(button, id);
        row->addWidget(button);
    }
    group->button(std::get<0>(entries.front()))->setChecked(true);
    plot->header()->insertLayout(1, row);
}

QPushButton* barButton(const QString& text, const QString& toolTip, QWidget* parent)
{
    auto* button = new QPushButton(text, parent);
    button->setAccessibleName(QString(text).remove(QStringLiteral("…")));
    button->setToolTip(toolTip);
    return button;
}

}  // namespace

TrainingPage::TrainingPage(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_messages(new MessageBar(this)),
      m_stack(new QStackedWidget(this)),
      m_setup(new TrainingSetup(this)),
      m_samples(new SampleViewer(this)),
      m_loss(new CurvesPlot(this)),
      m_detail(new CurvesPlot(this)),
      m_exit(new CurvesPlot(this)),
      m_details(new QButtonGroup(this)),
      m_exitViews(new QButtonGroup(this))
{
    setObjectName(QStringLiteral("trainingPage"));
    setAttribute(Qt::WA_StyledBackground);
    setWindowTitle(tr("Training — DuoDiff Studio"));
    setWindowIcon(applicationIcon());
    setAcceptDrops(true);
    buildLoss();
    buildDetail();
    buildExits();
    m_samples->setEmptyText(tr("Pictures appear here as the run draws them"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(buildBar());
    layout->addWidget(m_messages);
    layout->addWidget(m_stack, 1);
    m_stack->addWidget(buildEmpty());
    m_stack->addWidget(buildRun());
    buildKeys();
    setRecent({});
    setNetwork(0, {});
    setTheme(m_theme);
    resize(1200, 740);
    setMinimumSize(980, 560);
}

QWidget* TrainingPage::buildBar()
{
    auto* bar = new QWidget(this);
    bar->setObjectName(QStringLiteral("trainingBar"));
    bar->setAttribute(Qt::WA_StyledBackground);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(12, 8, 12, 8);
    row->setSpacing(6);
    auto* open =
        barButton(tr("Open a configuration…"),
                  tr("A YAML file that says what is trained, from what, and for how long (Ctrl+O)"), bar);
    auto* watch = barButton(tr("Watch a folder…"),
                            tr("Look at a run that another program makes, or that was made earlier, by its "
                               "output folder; nothing in it is changed (Ctrl+Shift+O)"),
                            bar);
    m_recentButton = new QToolButton(bar);
    m_recentButton->setText(tr("Recent ▾"));
    m_recentButton->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));
    m_recentButton->setProperty("role", "boxed");
    m_recentButton->setFocusPolicy(Qt::StrongFocus);
    m_recentButton->setPopupMode(QToolButton::InstantPopup);
    m_recentButton->setAccessibleName(tr("Recent configurations and folders"));
    m_recentButton->setToolTip(tr("Configurations and folders that were opened lately"));
    m_recentMenu = new QMenu(m_recentButton);
    m_recentButton->setMenu(m_recentMenu);
    row->addWidget(open);
    row->addWidget(watch);
    row->addWidget(m_recentButton);
    row->addStretch(1);
    connect(open, &QPushButton::clicked, this, &TrainingPage::openRequested);
    connect(watch, &QPushButton::clicked, this, &TrainingPage::watchRequested);
    return bar;
}

QWidget* TrainingPage::buildEmpty()
{
    auto* page = new QWidget(this);
    auto* layout = new QVBoxLayout(page);
    layout->setSpacing(10);
    layout->addStretch(3);
    m_emptyIcon = new QLabel(page);
    layout->addWidget(m_emptyIcon, 0, Qt::AlignHCenter);
    auto* title = new QLabel(tr("Train a network here"), page);
    title->setFont(uiFont(16.0, QFont::DemiBold));
    title->setAlignment(Qt::AlignHCenter);
    layout->addWidget(title);
    auto* text = new QLabel(
        tr("Open a configuration, a YAML file such as those in packaging/training: a full network, a shallow "
           "one, or exits.\nOr watch the output folder of a run that the command line makes.\n\nBoth can be "
           "dropped on this window. Sampling goes on meanwhile."),
        page);
    text->setProperty("role", "muted");
    text->setAlignment(Qt::AlignHCenter);
    layout->addWidget(text);
    auto* open =
        barButton(tr("Open a configuration…"), tr("A YAML file that says what is trained (Ctrl+O)"), page);
    open->setProperty("role", "primary");
    connect(open, &QPushButton::clicked, this, &TrainingPage::openRequested);
    layout->addSpacing(8);
    layout->addWidget(open, 0, Qt::AlignHCenter);
    layout->addSpacing(16);
    m_recentTitle = new QLabel(tr("Recent").toUpper(), page);
    m_recentTitle->setProperty("role", "section");
    layout->addWidget(m_recentTitle, 0, Qt::AlignHCenter);
    m_recentList = new QVBoxLayout;
    m_recentList->setSpacing(2);
    layout->addLayout(m_recentList);
    layout->addStretch(4);
    return page;
}

QWidget* TrainingPage::buildRun()
{
    auto* page = new QWidget(this);
    auto* layout = new QHBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_setup);
    const auto splitter = [page](Qt::Orientation orientation, QWidget* first, QWidget* second) {
        auto* both = new QSplitter(orientation, page);
        both->setChildrenCollapsible(false);
        both->setHandleWidth(1);
        both->addWidget(first);
        both->addWidget(second);
        both->setStretchFactor(0, 1);
        both->setStretchFactor(1, 1);
        return both;
    };
    for (QWidget* part : {static_cast<QWidget*>(m_loss), static_cast<QWidget*>(m_detail),
                          static_cast<QWidget*>(m_samples), static_cast<QWidget*>(m_exit)}) {
        part->layout()->setContentsMargins(4, 8, 6, 4);
    }
    auto* line = new QWidget(page);
    line->setFixedWidth(1);
    line->setObjectName(QStringLiteral("trainingBar"));
    line->setAttribute(Qt::WA_StyledBackground);
    line->setStyleSheet(QStringLiteral("border-left: 1px solid palette(mid);"));
    layout->addWidget(line);
    auto* above = splitter(Qt::Horizontal, m_loss, m_detail);
    auto* below = splitter(Qt::Horizontal, m_samples, m_exit);
    layout->addWidget(splitter(Qt::Vertical, above, below), 1);
    return page;
}

void TrainingPage::buildLoss()
{
    m_loss->setTexts({tr("Loss"), tr("step"), tr("Appears with the first line of the log"),
                      tr("The mean loss since the line of the log before. The thin line upright is the step "
                         "whose pictures are shown.\nArrow keys read the curve.")});
    m_logarithmic = new QToolButton(this);
    m_logarithmic->setText(tr("Log"));
    m_logarithmic->setCheckable(true);
    m_logarithmic->setChecked(true);
    m_logarithmic->setProperty("role", "chip");
    m_logarithmic->setFocusPolicy(Qt::StrongFocus);
    m_logarithmic->setAccessibleName(tr("Logarithmic axis"));
    m_logarithmic->setToolTip(
        tr("Losses on a logarithmic axis, where the last small gains show. Default: on."));
    m_loss->header()->insertWidget(1, m_logarithmic);
    connect(m_logarithmic, &QToolButton::toggled, this, [this] {
        refreshLoss();
        refreshDetail();
    });
}

void TrainingPage::buildDetail()
{
    addSegments(m_details, m_detail,
                {{static_cast<int>(Detail::timestep), tr("t"), tr("Loss by timestep")},
                 {static_cast<int>(Detail::layer), tr("Layer"), tr("Loss by layer")},
                 {static_cast<int>(Detail::error), tr("u error"), tr("Error of the uncertainty by layer")}});
    connect(m_details, &QButtonGroup::idClicked, this, &TrainingPage::refreshDetail);
}

void TrainingPage::buildExits()
{
    m_exit->setReversed(true);
    addSegments(m_exitViews, m_exit,
                {{static_cast<int>(ExitView::uncertainty), tr("u"), tr("Uncertainty by layer")},
                 {static_cast<int>(ExitView::layer), tr("Exit layer"), tr("Exit layer at θ")}});
    m_theta = new QDoubleSpinBox(this);
    m_theta->setRange(-1e6, 1e6);
    m_theta->setDecimals(3);
    m_theta->setSingleStep(0.005);
    m_theta->setLocale(QLocale::c());
    m_theta->setPrefix(tr("θ "));
    m_theta->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_theta->setAccessibleName(tr("Threshold θ"));
    m_theta->setToolTip(
        tr("Threshold below which an image would leave, -1,000,000 to 1,000,000. Default: half "
           "of the uncertainties are below it."));
    m_theta->setFixedWidth(78);
    m_exit->header()->insertWidget(2, m_theta);
    connect(m_exitViews, &QButtonGroup::idClicked, this, &TrainingPage::refreshExits);
    connect(m_theta, &QDoubleSpinBox::valueChanged, this, [this] {
        m_thetaChosen = true;
        refreshExits();
    });
}

void TrainingPage::buildKeys()
{
    const auto key = [this](const QString& keys, auto&& what) {
        auto* action = new QAction(this);
        action->setShortcut(QKeySequence(keys));
        addAction(action);
        connect(action, &QAction::triggered, this, what);
    };
    const auto press = [](QPushButton* button) {
        if (button->isVisible()) {
            button->click();
        }
    };
    key(QStringLiteral("Ctrl+O"), [this] { Q_EMIT openRequested(); });
    key(QStringLiteral("Ctrl+Shift+O"), [this] { Q_EMIT watchRequested(); });
    key(QStringLiteral("Ctrl+Return"), [this, press] {
        if (m_setup->state() == TrainingState::idle || m_setup->state() == TrainingState::watching) {
            press(m_setup->startButton());
        }
    });
    key(QStringLiteral("Ctrl+."), [this, press] {
        if (m_setup->state() != TrainingState::idle && m_setup->state() != TrainingState::watching) {
            press(m_setup->startButton());
        }
    });
    key(QStringLiteral("Space"), [this, press] { press(m_setup->pauseButton()); });
    key(QStringLiteral("Ctrl+Shift+M"), [this] { m_messages->dismiss(); });
    key(QStringLiteral("Ctrl+W"), [this] { close(); });
    key(QStringLiteral("?"), [this] { Q_EMIT helpRequested(); });
}

}  // namespace duodiff::ui
