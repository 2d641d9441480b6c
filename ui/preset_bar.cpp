// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/preset_bar.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

constexpr int longestName = 40;

QToolButton* button(const QString& text, const QString& name, const QString& toolTip, QWidget* parent)
{
    auto* made = new QToolButton(parent);
    made->setText(text);
    made->setAccessibleName(name);
    made->setToolTip(toolTip);
    made->setFocusPolicy(Qt::StrongFocus);
    return made;
}

}  // namespace

PresetBar::PresetBar(QWidget* parent)
    : QWidget(parent),
      m_box(new QComboBox(this)),
      m_edit(button({}, tr("Edit presets"), tr("Save, rename and delete presets of your own. (Ctrl+Alt+0)"),
                    this)),
      m_line(new QWidget(this)),
      m_name(new QLineEdit(m_line)),
      m_save(button(tr("Save"), tr("Save the preset"),
                    tr("Keep policy, θ or t_s, solver and steps of the controls under this name"), m_line)),
      m_rename(button(tr("Rename"), tr("Rename the preset"), tr("Give the chosen preset this name"), m_line)),
      m_delete(button(tr("Delete"), tr("Delete the preset"), tr("Forget the chosen preset"), m_line))
{
    auto* label = new QLabel(tr("Preset"), this);
    label->setBuddy(m_box);
    m_box->setAccessibleName(tr("Preset"));
    m_box->setPlaceholderText(tr("Custom"));
    m_box->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_edit->setCheckable(true);
    m_edit->setFixedWidth(28);
    m_name->setPlaceholderText(tr("Name of a preset"));
    m_name->setMaxLength(longestName);
    m_name->setAccessibleName(tr("Name of the preset"));
    m_name->setToolTip(tr("A name of 1 to 40 characters, empty by default. Return saves."));

    auto* top = new QHBoxLayout;
    top->setSpacing(4);
    top->addWidget(label);
    top->addSpacing(6);
    top->addWidget(m_box, 1);
    top->addWidget(m_edit);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(2);
    buttons->addStretch(1);
    for (QToolButton* one : {m_save, m_rename, m_delete}) {
        buttons->addWidget(one);
    }
    auto* line = new QVBoxLayout(m_line);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(2);
    line->addWidget(m_name);
    line->addLayout(buttons);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 2, 24, 6);
    layout->setSpacing(4);
    layout->addLayout(top);
    layout->addWidget(m_line);
    m_line->hide();

    connect(m_box, &QComboBox::activated, this, [this](int index) { Q_EMIT chosen(m_box->itemText(index)); });
    connect(m_edit, &QToolButton::toggled, this, &PresetBar::setEditing);
    connect(m_name, &QLineEdit::textChanged, this, &PresetBar::refresh);
    connect(m_name, &QLineEdit::returnPressed, m_save, &QToolButton::click);
    connect(m_save, &QToolButton::clicked, this, [this] { Q_EMIT saveAsked(m_name->text().simplified()); });
    connect(m_rename, &QToolButton::clicked, this,
            [this] { Q_EMIT renameAsked(m_current, m_name->text().simplified()); });
    connect(m_delete, &QToolButton::clicked, this, [this] { Q_EMIT deleteAsked(m_current); });
    setUnavailable({});
    refresh();
}

void PresetBar::setPresets(const QStringList& builtIn, const QStringList& own)
{
    m_builtIn = builtIn;
    m_own = own;
    m_box->clear();
    m_box->addItems(builtIn);
    if (!own.isEmpty()) {
        m_box->insertSeparator(m_box->count());
        m_box->addItems(own);
    }
    setCurrent(m_current);
}

void PresetBar::setCurrent(const QString& name)
{
    m_current = name;
    m_box->setCurrentIndex(name.isEmpty() ? -1 : m_box->findText(name));
    m_box->setAccessibleDescription(name.isEmpty() ? tr("Custom") : name);
    refresh();
}

void PresetBar::setUnavailable(const QString& reason)
{
    const QString toolTip =
        tr("Policy, θ or t_s, solver and steps at once, within the useful range of the open "
           "model: Quality, Balanced, Fast, Full network (Ctrl+Alt+1 to 4), or your own. Custom: "
           "the controls were changed by hand. Default: none.");
    m_box->setEnabled(reason.isEmpty());
    m_box->setToolTip(reason.isEmpty() ? toolTip : reason + QStringLiteral("\n\n") + toolTip);
}

void PresetBar::setTheme(const Theme& theme)
{
    m_edit->setIcon(themedIcon(QStringLiteral("settings"), theme));
}

void PresetBar::setEditing(bool editing)
{
    m_edit->setChecked(editing);
    m_line->setVisible(editing);
    if (editing) {
        m_name->setText(m_own.contains(m_current) ? m_current : QString());
        m_name->setFocus(Qt::ShortcutFocusReason);
        m_name->selectAll();
    } else {
        m_box->setFocus();
    }
}

void PresetBar::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && !m_line->isHidden()) {
        setEditing(false);
        return;
    }
    QWidget::keyPressEvent(event);
}

void PresetBar::refresh()
{
    const QString name = m_name->text().simplified();
    const bool isFree = !name.isEmpty() && !m_builtIn.contains(name, Qt::CaseInsensitive);
    const bool isOwn = m_own.contains(m_current);
    m_save->setEnabled(isFree);
    m_rename->setEnabled(isFree && isOwn && !m_own.contains(name));
    m_delete->setEnabled(isOwn);
}

}  // namespace duodiff::ui
