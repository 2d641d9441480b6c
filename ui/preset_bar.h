// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QStringList>
#include <QWidget>

class QComboBox;
class QLineEdit;
class QToolButton;

namespace duodiff::ui
{

/// Point 18: the presets, at the top of the controls, and a line below to save, rename and delete the
/// person's own.
class PresetBar : public QWidget
{
    Q_OBJECT

public:
    explicit PresetBar(QWidget* parent = nullptr);

    void setPresets(const QStringList& builtIn, const QStringList& own);
    /// Empty: what the controls show is none of them.
    void setCurrent(const QString& name);
    /// Empty: they can be used.
    void setUnavailable(const QString& reason);
    void setTheme(const Theme& theme);
    void setEditing(bool editing);

    QComboBox* box() const { return m_box; }
    QLineEdit* nameField() const { return m_name; }
    QToolButton* editButton() const { return m_edit; }
    QToolButton* saveButton() const { return m_save; }
    QToolButton* renameButton() const { return m_rename; }
    QToolButton* deleteButton() const { return m_delete; }

Q_SIGNALS:
    void chosen(const QString& name);
    void saveAsked(const QString& name);
    void renameAsked(const QString& from, const QString& to);
    void deleteAsked(const QString& name);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void refresh();

    QComboBox* m_box;
    QToolButton* m_edit;
    QWidget* m_line;
    QLineEdit* m_name;
    QToolButton* m_save;
    QToolButton* m_rename;
    QToolButton* m_delete;
    QStringList m_builtIn;
    QStringList m_own;
    QString m_current;
};

}  // namespace duodiff::ui
