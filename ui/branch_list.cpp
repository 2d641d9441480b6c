// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/branch_list.h"

#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

BranchList::BranchList(QWidget* parent)
    : QWidget(parent),
      m_list(new QListWidget(this)),
      m_empty(new QLabel(this)),
      m_branch(new QPushButton(tr("Branch from here"), this))
{
    setAccessibleName(tr("Branches"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 4, 14, 10);
    layout->setSpacing(6);
    m_empty->setText(
        tr("Put the cursor of the plot on a step, change θ, t_s or the classes, and branch from "
           "there (Ctrl+Shift+B). What came before is taken over from the run."));
    m_empty->setWordWrap(true);
    m_empty->setProperty("role", "muted");
    layout->addWidget(m_empty);
    m_list->setAccessibleName(tr("List of branches"));
    m_list->setToolTip(tr("Every branch, the newest first; Enter or a click shows it beside its parent."));
    m_list->setWordWrap(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->hide();
    layout->addWidget(m_list, 1);
    m_branch->setAccessibleName(m_branch->text());
    layout->addWidget(m_branch);
    layout->addStretch(0);
    connect(m_branch, &QPushButton::clicked, this, &BranchList::branchRequested);
    const auto choose = [this](QListWidgetItem* item) { Q_EMIT chosen(count() - 1 - m_list->row(item)); };
    connect(m_list, &QListWidget::itemClicked, this, choose);
    connect(m_list, &QListWidget::itemActivated, this, choose);
    setReady(false, tr("There is no run yet."));
}

void BranchList::add(const QString& what, const QString& result)
{
    auto* item = new QListWidgetItem(what + QLatin1Char('\n') + result);
    item->setToolTip(item->text());
    m_list->insertItem(0, item);
    m_list->setCurrentRow(0);
    m_list->show();
    m_empty->hide();
}

int BranchList::count() const
{
    return m_list->count();
}

QString BranchList::text(int index) const
{
    const auto* item = m_list->item(count() - 1 - index);
    return item != nullptr ? item->text() : QString();
}

void BranchList::remove(int index)
{
    delete m_list->takeItem(count() - 1 - index);
}

void BranchList::setReady(bool ready, const QString& reason)
{
    const QString usual =
        tr("Goes on from the step under the cursor with the θ, t_s, layer and classes of the "
           "controls. (Ctrl+Shift+B)");
    m_branch->setEnabled(ready);
    m_branch->setToolTip(ready ? usual : reason + QStringLiteral("\n\n") + usual);
}

}  // namespace duodiff::ui
