// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/history_model.h"
#include "ui/theme.h"

#include <QListView>
#include <QStyledItemDelegate>
#include <QWidget>

class QLabel;
class QLineEdit;
class QSpinBox;
class QToolButton;

namespace duodiff::ui
{

/// What is behind the text of a row, and the frame of the one with the focus.
void paintRowGround(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme);
void paintRowFocus(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme);

/// A list that says what to do while it is empty, and knows Return and Delete.
class KeptList : public QListView
{
    Q_OBJECT

public:
    using QListView::QListView;
    void setEmptyText(const QString& text);
    void setTheme(const Theme& theme);
    const QString& emptyText() const { return m_empty; }

Q_SIGNALS:
    /// Return, Enter or a double click.
    void chosen(const QModelIndex& index);
    void removeAsked();

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;

private:
    QString m_empty;
    Theme m_theme;
};

/// Thumbnails, three lines and a star.
class HistoryDelegate : public QStyledItemDelegate
{
    Q_OBJECT

public:
    explicit HistoryDelegate(const HistoryModel* model, QObject* parent = nullptr);
    void setTheme(const Theme& theme);
    /// Where the star of a row is.
    static QRect starRect(const QRect& row);

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                     const QModelIndex& index) override;

Q_SIGNALS:
    void starClicked(const QString& id);

private:
    const HistoryModel* m_model;
    Theme m_theme;
    QIcon m_star;
    QIcon m_emptyStar;
};

/// Point 15: the kept runs, to be searched, starred, deleted and shown again.
class HistoryPanel : public QWidget
{
    Q_OBJECT

public:
    explicit HistoryPanel(HistoryModel* model, QWidget* parent = nullptr);

    KeptList* list() const { return m_list; }
    QLineEdit* search() const { return m_search; }
    QToolButton* favouritesButton() const { return m_favourites; }
    QSpinBox* limitBox() const { return m_limit; }
    const HistoryFilter& filter() const { return *m_filter; }
    /// Empty: none is selected.
    QString currentId() const;
    void select(const QString& id);
    void setTheme(const Theme& theme);
    /// Until the index is read.
    void setLoading(bool loading);
    QString footer() const;

    QSize sizeHint() const override { return {250, 260}; }

Q_SIGNALS:
    void showAsked(const QString& id);
    void removeAsked(const QString& id);
    void favouriteAsked(const QString& id);
    void limitChanged(int runs);

private:
    void refresh();

    HistoryModel* m_model;
    HistoryFilter* m_filter;
    HistoryDelegate* m_delegate;
    QLineEdit* m_search;
    QToolButton* m_favourites;
    KeptList* m_list;
    QLabel* m_footer;
    QSpinBox* m_limit;
    bool m_loading = false;
};

}  // namespace duodiff::ui
