// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QStringList>
#include <QWidget>

class QLabel;
class QListWidget;
class QPushButton;

namespace duodiff::ui
{

/// Point 12: the branches of runs: from which step each goes on, and what it changed.
class BranchList : public QWidget
{
    Q_OBJECT

public:
    explicit BranchList(QWidget* parent = nullptr);

    /// `what`: "From t = 599 (step 400): θ 0.08 → 0.1"; `result`: "12.3 s · mean difference 0.021".
    void add(const QString& what, const QString& result);
    /// Entries that are shown, newest first, are counted from the oldest: 0 is the first that was added.
    int count() const;
    QString text(int index) const;
    void remove(int index);
    /// Whether a branch can be begun; if not, why.
    void setReady(bool ready, const QString& reason);

    QSize sizeHint() const override { return {240, 180}; }

Q_SIGNALS:
    void branchRequested();
    /// Enter, a click, or a double click.
    void chosen(int index);

private:
    QListWidget* m_list;
    QLabel* m_empty;
    QPushButton* m_branch;
};

}  // namespace duodiff::ui
