// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/queue_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace duodiff::ui
{

namespace
{

constexpr int rowHeight = 62;
constexpr int margin = 10;
constexpr int iconSide = 18;

QToolButton* textButton(const QString& name, const QString& toolTip, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setText(name);
    button->setAccessibleName(name);
    button->setToolTip(toolTip);
    button->setFocusPolicy(Qt::StrongFocus);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    return button;
}

}  // namespace

QueueDelegate::QueueDelegate(const QueueModel* model, QObject* parent)
    : QStyledItemDelegate(parent), m_model(model)
{
}

QIcon QueueDelegate::iconOf(QueueState state) const
{
    const char* name = state == QueueState::waiting   ? "clock"
                       : state == QueueState::running ? "play"
                       : state == QueueState::done    ? "check"
                       : state == QueueState::failed  ? "error"
                                                      : "close";
    return themedIcon(QLatin1String(name), m_theme, colorOf(state));
}

QColor QueueDelegate::colorOf(QueueState state) const
{
    return state == QueueState::running  ? m_theme.accent
           : state == QueueState::done   ? m_theme.good
           : state == QueueState::failed ? m_theme.bad
                                         : m_theme.mutedText;
}

QSize QueueDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    Q_UNUSED(option);
    Q_UNUSED(index);
    return {180, rowHeight};
}

void QueueDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const
{
    const QueueRow& shown = m_model->rows()[static_cast<std::size_t>(index.row())];
    painter->save();
    const QRect row = option.rect;
    paintRowGround(*painter, option, m_theme);
    iconOf(shown.state).paint(painter, QRect(row.left() + margin, row.top() + 9, iconSide, iconSide));

    const int left = row.left() + margin + iconSide + 8;
    const int width = row.right() - margin - left;
    const auto line = [&](int number, const QString& text, const QColor& color, bool strong) {
        QFont font = option.font;
        font.setWeight(strong ? QFont::DemiBold : QFont::Normal);
        painter->setFont(font);
        painter->setPen(color);
        painter->drawText(QRect(left, row.top() + 6 + number * 17, width, 17),
                          Qt::AlignLeft | Qt::AlignVCenter,
                          QFontMetrics(font).elidedText(text, Qt::ElideRight, width));
    };
    line(0, shown.title, m_theme.text, true);
    line(1, shown.detail, m_theme.mutedText, false);
    line(2, queueRowState(shown), colorOf(shown.state), false);
    if (shown.state == QueueState::running && shown.progress) {
        const QRect bar(left, row.bottom() - 4, width, 3);
        painter->fillRect(bar, m_theme.line);
        painter->fillRect(QRect(bar.left(), bar.top(), static_cast<int>(bar.width() * *shown.progress), 3),
                          m_theme.accent);
    }
    paintRowFocus(*painter, option, m_theme);
    painter->restore();
}

QueuePanel::QueuePanel(QueueModel* model, QWidget* parent)
    : QWidget(parent),
      m_model(model),
      m_delegate(new QueueDelegate(model, this)),
      m_start(textButton(tr("Pause"), QString(), this)),
      m_cancelAll(textButton(tr("Cancel all"),
                             tr("Stop the queued run in progress and cancel those that wait. (Ctrl+Shift+X)"),
                             this)),
      m_list(new KeptList(this)),
      m_footer(new QLabel(this))
{
    m_list->setModel(model);
    m_list->setItemDelegate(m_delegate);
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setDragDropMode(QAbstractItemView::InternalMove);
    m_list->setDefaultDropAction(Qt::MoveAction);
    m_list->setDropIndicatorShown(true);
    m_list->setMouseTracking(true);
    m_list->setMinimumHeight(rowHeight);
    m_list->setAccessibleName(tr("Queue of runs"));
    m_list->setEmptyText(tr("No run waits. Ctrl+Shift+Return puts the settings of the controls here."));
    m_list->setToolTip(
        tr("Runs in the order in which they are made. Drag one, or press Alt and an arrow key, to "
           "move it; Del removes it; Return runs a failed or cancelled one again."));
    m_footer->setProperty("role", "muted");

    auto* top = new QHBoxLayout;
    top->setContentsMargins(8, 2, 10, 4);
    top->addWidget(m_start);
    top->addWidget(m_cancelAll);
    top->addStretch(1);
    top->addWidget(m_footer);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_list, 1);

    connect(m_start, &QToolButton::clicked, this, &QueuePanel::startOrPauseAsked);
    connect(m_cancelAll, &QToolButton::clicked, this, &QueuePanel::cancelAllAsked);
    connect(m_list, &KeptList::chosen, this, [this](const QModelIndex& index) {
        Q_EMIT retryAsked(index.data(QueueModel::IdRole).toString());
    });
    connect(m_list, &KeptList::removeAsked, this, [this] {
        if (!currentId().isEmpty()) {
            Q_EMIT removeAsked(currentId());
        }
    });
    connect(model, &QAbstractItemModel::rowsInserted, this, &QueuePanel::refresh);
    connect(model, &QAbstractItemModel::rowsRemoved, this, &QueuePanel::refresh);
    connect(model, &QAbstractItemModel::dataChanged, this, &QueuePanel::refresh);
    connect(model, &QAbstractItemModel::modelReset, this, &QueuePanel::refresh);
    setPaused(false);
}

QString QueuePanel::currentId() const
{
    return m_list->currentIndex().data(QueueModel::IdRole).toString();
}

void QueuePanel::select(const QString& id)
{
    if (const auto row = m_model->rowOf(id)) {
        m_list->setCurrentIndex(m_model->index(*row));
    }
}

void QueuePanel::setPaused(bool paused)
{
    m_paused = paused;
    m_start->setText(paused ? tr("Start") : tr("Pause"));
    m_start->setAccessibleName(paused ? tr("Start the queue") : tr("Pause the queue"));
    m_start->setToolTip(paused ? tr("Make the runs that wait, one after the other. (Ctrl+Shift+Space)")
                               : tr("Let the run in progress end and start no other. (Ctrl+Shift+Space)"));
    m_start->setIcon(themedIcon(paused ? QStringLiteral("play") : QStringLiteral("pause"), m_theme));
    refresh();
}

void QueuePanel::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_delegate->setTheme(theme);
    m_list->setTheme(theme);
    setPaused(m_paused);
    m_list->viewport()->update();
}

QString QueuePanel::footer() const
{
    return m_footer->text();
}

void QueuePanel::refresh()
{
    const auto& rows = m_model->rows();
    const auto waiting = std::count_if(rows.begin(), rows.end(),
                                       [](const QueueRow& row) { return row.state == QueueState::waiting; });
    m_footer->setText(waiting == 0 ? QString()
                      : m_paused   ? tr("paused, %1 wait").arg(waiting)
                                   : tr("%1 wait").arg(waiting));
    m_footer->setToolTip(tr("How many runs wait"));
    m_cancelAll->setEnabled(std::any_of(rows.begin(), rows.end(), [](const QueueRow& row) {
        return row.state == QueueState::waiting || row.state == QueueState::running;
    }));
}

}  // namespace duodiff::ui
