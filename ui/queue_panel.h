// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/history_panel.h"
#include "ui/theme.h"

#include <QAbstractListModel>
#include <QStyledItemDelegate>
#include <QWidget>

#include <optional>
#include <vector>

class QLabel;
class QToolButton;

namespace duodiff::ui
{

enum class QueueState { waiting, running, done, failed, cancelled };

/// "waiting", "running", ...
QString queueStateText(QueueState state);

/// One run of the queue, in words.
struct QueueRow {
    QString id;
    QString title;   ///< policy and its value
    QString detail;  ///< model, seed, images, solver, steps
    QueueState state = QueueState::waiting;
    QString error = {};                      ///< of a failed one
    std::optional<double> progress = {};     ///< of the running one, 0..1
    std::optional<double> secondsLeft = {};  ///< likewise, where it can be told
};

/// "waiting", "running, 42 %, 9 s left", "failed: out of memory"
QString queueRowState(const QueueRow& row);

/// The queue in the order in which it runs.
class QueueModel : public QAbstractListModel
{
    Q_OBJECT

public:
    enum Role { IdRole = Qt::UserRole };

    using QAbstractListModel::QAbstractListModel;

    void setRows(std::vector<QueueRow> rows);
    void append(const QueueRow& row);
    /// Replaces the one of the same id.
    void update(const QueueRow& row);
    /// How far the one of this id is.
    void setProgress(const QString& id, double share, std::optional<double> secondsLeft);
    void remove(const QString& id);
    std::optional<int> rowOf(const QString& id) const;
    const std::vector<QueueRow>& rows() const { return m_rows; }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
    bool moveRows(const QModelIndex& from, int row, int count, const QModelIndex& to, int before) override;

Q_SIGNALS:
    /// The person gave it another order.
    void orderChanged();

private:
    std::vector<QueueRow> m_rows;
};

/// Two lines, the state as a sign and in words, and of the running one a bar.
class QueueDelegate : public QStyledItemDelegate
{
    Q_OBJECT

public:
    QueueDelegate(const QueueModel* model, QObject* parent = nullptr);
    void setTheme(const Theme& theme) { m_theme = theme; }
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    QIcon iconOf(QueueState state) const;
    QColor colorOf(QueueState state) const;

    const QueueModel* m_model;
    Theme m_theme;
};

/// Point 5: the runs that wait, one after the other.
class QueuePanel : public QWidget
{
    Q_OBJECT

public:
    explicit QueuePanel(QueueModel* model, QWidget* parent = nullptr);

    KeptList* list() const { return m_list; }
    QToolButton* startButton() const { return m_start; }
    QString currentId() const;
    void select(const QString& id);
    void setPaused(bool paused);
    void setTheme(const Theme& theme);
    QString footer() const;

    QSize sizeHint() const override { return {250, 260}; }

Q_SIGNALS:
    void startOrPauseAsked();
    void cancelAllAsked();
    void removeAsked(const QString& id);
    void retryAsked(const QString& id);

private:
    void refresh();

    QueueModel* m_model;
    QueueDelegate* m_delegate;
    QToolButton* m_start;
    QToolButton* m_cancelAll;
    KeptList* m_list;
    QLabel* m_footer;
    Theme m_theme;
    bool m_paused = false;
};

}  // namespace duodiff::ui
