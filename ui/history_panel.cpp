// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/history_panel.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace duodiff::ui
{

namespace
{

constexpr int rowHeight = 62;
constexpr int thumbnailSide = 46;
constexpr int margin = 8;
constexpr int textWidth = 190;  ///< kept free before a further thumbnail is shown
constexpr int starSide = 16;

}  // namespace

void paintRowGround(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme)
{
    const QRect row = option.rect;
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
        painter.fillRect(row, option.palette.color(selected ? QPalette::Midlight : QPalette::AlternateBase));
    }
    if (selected) {
        painter.fillRect(QRect(row.left(), row.top(), 3, row.height()), theme.accent);
    }
    painter.setPen(theme.line);
    painter.drawLine(row.bottomLeft(), row.bottomRight());
}

void paintRowFocus(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme)
{
    if (option.state.testFlag(QStyle::State_HasFocus)) {
        painter.setPen(theme.accent);
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(option.rect.adjusted(0, 0, -1, -1));
    }
}

void KeptList::setEmptyText(const QString& text)
{
    m_empty = text;
    setAccessibleDescription(text);
    viewport()->update();
}

void KeptList::setTheme(const Theme& theme)
{
    m_theme = theme;
    viewport()->update();
}

void KeptList::paintEvent(QPaintEvent* event)
{
    QListView::paintEvent(event);
    if (model() != nullptr && model()->rowCount() == 0 && !m_empty.isEmpty()) {
        QPainter painter(viewport());
        painter.setPen(m_theme.mutedText);
        painter.drawText(viewport()->rect().adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap,
                         m_empty);
    }
}

void KeptList::keyPressEvent(QKeyEvent* event)
{
    const bool plain = event->modifiers() == Qt::NoModifier || event->modifiers() == Qt::KeypadModifier;
    if (plain && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        if (currentIndex().isValid()) {
            Q_EMIT chosen(currentIndex());
        }
        return;
    }
    if (plain && event->key() == Qt::Key_Delete) {
        Q_EMIT removeAsked();
        return;
    }
    QListView::keyPressEvent(event);
}

void KeptList::mouseDoubleClickEvent(QMouseEvent* event)
{
    QListView::mouseDoubleClickEvent(event);
    const QModelIndex index = indexAt(event->pos());
    if (event->button() == Qt::LeftButton && index.isValid()) {
        Q_EMIT chosen(index);
    }
}

HistoryDelegate::HistoryDelegate(const HistoryModel* model, QObject* parent)
    : QStyledItemDelegate(parent), m_model(model)
{
}

void HistoryDelegate::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_star = themedIcon(QStringLiteral("star-filled"), theme, theme.accent);
    m_emptyStar = themedIcon(QStringLiteral("star"), theme, theme.faintText);
}

QRect HistoryDelegate::starRect(const QRect& row)
{
    return {row.right() - margin - starSide, row.top() + margin, starSide, starSide};
}

QSize HistoryDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    Q_UNUSED(option);
    Q_UNUSED(index);
    return {180, rowHeight};
}

void HistoryDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const
{
    const HistoryEntry* entry = m_model->find(index.data(HistoryModel::IdRole).toString());
    if (entry == nullptr) {
        return;
    }
    painter->save();
    const QRect row = option.rect;
    paintRowGround(*painter, option, m_theme);

    const QImage strip = entry->thumbnails > 0 ? m_model->thumbnails(entry->id) : QImage();
    const int side = strip.isNull() ? 1 : strip.height();
    const int there = strip.isNull() ? 0 : strip.width() / side;
    const int room = (row.width() - 2 * margin - textWidth) / (thumbnailSide + 4);
    const int shown = std::clamp(room, 1, std::max(1, there));
    int left = row.left() + margin + 2;
    for (int number = 0; number < shown; ++number) {
        const QRect place(left, row.top() + (rowHeight - thumbnailSide) / 2, thumbnailSide, thumbnailSide);
        if (number < there) {
            painter->setRenderHint(QPainter::SmoothPixmapTransform, side > thumbnailSide);
            painter->drawImage(place, strip, QRect(number * side, 0, side, side));
        } else {
            painter->fillRect(place, m_theme.field);
        }
        left += thumbnailSide + 4;
    }

    left += 4;
    const QRect star = starRect(row);
    const int width = row.right() - margin - left;
    const auto line = [&](int number, const QString& text, const QColor& color, int most, bool strong) {
        QFont font = option.font;
        font.setWeight(strong ? QFont::DemiBold : QFont::Normal);
        painter->setFont(font);
        painter->setPen(color);
        const QRect place(left, row.top() + 6 + number * 17, most, 17);
        painter->drawText(place, Qt::AlignLeft | Qt::AlignVCenter,
                          QFontMetrics(font).elidedText(text, Qt::ElideRight, most));
    };
    line(0, entry->title, m_theme.text, star.left() - 4 - left, true);
    line(1, historyDetail(*entry), m_theme.mutedText, width, false);
    line(2, historyOutcome(*entry), m_theme.mutedText, width, false);
    (entry->favourite ? m_star : m_emptyStar).paint(painter, star);
    paintRowFocus(*painter, option, m_theme);
    painter->restore();
}

bool HistoryDelegate::editorEvent(QEvent* event, QAbstractItemModel* model,
                                  const QStyleOptionViewItem& option, const QModelIndex& index)
{
    Q_UNUSED(model);
    if (event->type() == QEvent::MouseButtonRelease) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        if (mouse->button() == Qt::LeftButton &&
            starRect(option.rect).adjusted(-5, -5, 5, 5).contains(mouse->pos())) {
            Q_EMIT starClicked(index.data(HistoryModel::IdRole).toString());
            return true;
        }
    }
    return false;
}

HistoryPanel::HistoryPanel(HistoryModel* model, QWidget* parent)
    : QWidget(parent),
      m_model(model),
      m_filter(new HistoryFilter(this)),
      m_delegate(new HistoryDelegate(model, this)),
      m_search(new QLineEdit(this)),
      m_favourites(new QToolButton(this)),
      m_list(new KeptList(this)),
      m_footer(new QLabel(this)),
      m_limit(new QSpinBox(this))
{
    m_filter->setSourceModel(model);
    m_search->setPlaceholderText(tr("Search"));
    m_search->setClearButtonEnabled(true);
    m_search->setAccessibleName(tr("Search the history"));
    m_search->setToolTip(
        tr("Words that have to occur in the policy, its value, the model, the solver, the "
           "class names, the seed (seed 7) or the date (2026-11-21, November). Any text; "
           "empty, the default, shows all. (Ctrl+F)"));
    for (auto* clear : m_search->findChildren<QToolButton*>()) {
        clear->setAccessibleName(tr("Clear the search"));
        clear->setToolTip(tr("Clear the search"));
    }
    m_favourites->setCheckable(true);
    m_favourites->setFocusPolicy(Qt::StrongFocus);
    m_favourites->setAccessibleName(tr("Favourites only"));
    m_favourites->setToolTip(tr("Show only the favourites. On or off, default off."));

    m_list->setModel(m_filter);
    m_list->setItemDelegate(m_delegate);
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->verticalScrollBar()->setSingleStep(rowHeight / 2);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setMouseTracking(true);
    m_list->setMinimumHeight(rowHeight);
    m_list->setAccessibleName(tr("History of runs"));
    m_list->setToolTip(tr("Runs that were made, newest first. Return or a double click shows one again."));

    m_limit->setRange(10, 100000);
    m_limit->setValue(1000);
    m_limit->setSingleStep(100);
    m_limit->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_limit->setKeyboardTracking(false);
    m_limit->setAlignment(Qt::AlignRight);
    m_limit->setLocale(QLocale::c());
    m_limit->setFixedWidth(64);
    m_limit->setAccessibleName(tr("Runs to keep"));
    m_limit->setToolTip(
        tr("How many runs are kept on disk: beyond that the oldest go. Favourites are never "
           "dropped, and do not count. Unit: runs. 10 to 100000, default 1000."));
    m_footer->setProperty("role", "muted");
    m_footer->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* keep = new QLabel(tr("Keep"), this);
    keep->setProperty("role", "muted");
    keep->setBuddy(m_limit);

    auto* top = new QHBoxLayout;
    top->setContentsMargins(10, 2, 10, 4);
    top->setSpacing(4);
    top->addWidget(m_search, 1);
    top->addWidget(m_favourites);
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(12, 4, 10, 6);
    bottom->setSpacing(6);
    bottom->addWidget(m_footer, 1);
    bottom->addWidget(keep);
    bottom->addWidget(m_limit);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_list, 1);
    layout->addLayout(bottom);

    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_filter->setWords(text);
        refresh();
    });
    connect(m_favourites, &QToolButton::toggled, this, [this](bool only) {
        m_filter->setFavouritesOnly(only);
        refresh();
    });
    connect(m_limit, &QSpinBox::valueChanged, this, &HistoryPanel::limitChanged);
    connect(m_delegate, &HistoryDelegate::starClicked, this, &HistoryPanel::favouriteAsked);
    connect(m_list, &KeptList::chosen, this, [this](const QModelIndex& index) {
        Q_EMIT showAsked(index.data(HistoryModel::IdRole).toString());
    });
    connect(m_list, &KeptList::removeAsked, this, [this] {
        if (!currentId().isEmpty()) {
            Q_EMIT removeAsked(currentId());
        }
    });
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(model, signal, this, &HistoryPanel::refresh);
    }
    connect(model, &QAbstractItemModel::modelReset, this, &HistoryPanel::refresh);
    refresh();
}

QString HistoryPanel::currentId() const
{
    return m_list->currentIndex().data(HistoryModel::IdRole).toString();
}

void HistoryPanel::select(const QString& id)
{
    for (int row = 0; row < m_filter->rowCount(); ++row) {
        const QModelIndex index = m_filter->index(row, 0);
        if (index.data(HistoryModel::IdRole).toString() == id) {
            m_list->setCurrentIndex(index);
            return;
        }
    }
}

void HistoryPanel::setTheme(const Theme& theme)
{
    m_delegate->setTheme(theme);
    m_list->setTheme(theme);
    m_favourites->setIcon(themedIcon(QStringLiteral("star"), theme));
    m_list->viewport()->update();
}

void HistoryPanel::setLoading(bool loading)
{
    m_loading = loading;
    refresh();
}

QString HistoryPanel::footer() const
{
    return m_footer->text();
}

void HistoryPanel::refresh()
{
    qint64 bytes = 0;
    for (const HistoryEntry& entry : m_model->entries()) {
        bytes += entry.bytes;
    }
    const int runs = m_model->rowCount();
    m_list->setEmptyText(m_loading ? tr("The history is being read…")
                         : runs == 0
                             ? tr("Every run is kept here. Generate makes the first. (Ctrl+Return)")
                             : tr("No run matches. Clear the search, or show more than the favourites."));
    m_footer->setText(m_loading || runs == 0
                          ? QString()
                          : QStringLiteral("%1 · %2")
                                .arg(runs == 1 ? tr("1 run") : tr("%1 runs").arg(runs))
                                .arg(QLocale::c().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat)));
    m_footer->setToolTip(tr("Runs in the history, and the disk space that they take"));
}

}  // namespace duodiff::ui
