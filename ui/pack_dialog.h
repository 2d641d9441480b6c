// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace duodiff::ui
{

/// Checkpoints that become one model pack; paths, empty where there is none.
struct PackChoice {
    QString full = {};
    QString shallow = {};
    QString earlyExit = {};
    QString name = {};
    QString folder = {};  ///< of the new pack
};

/// Point 21: which checkpoints make a pack, and where it goes. Not modal.
class PackDialog : public QDialog
{
    Q_OBJECT

public:
    explicit PackDialog(const PackChoice& choice, QWidget* parent = nullptr);

    PackChoice choice() const;
    /// What stands in the way; empty: nothing.
    QString objection() const;

private:
    QLineEdit* addPath(QGridLayout* grid, const QString& name, const QString& toolTip, const QString& value,
                       bool folder);
    void refresh();

    QLineEdit* m_full;
    QLineEdit* m_shallow;
    QLineEdit* m_earlyExit;
    QLineEdit* m_name;
    QLineEdit* m_folder;
    QLabel* m_note;
    QPushButton* m_make = nullptr;
};

}  // namespace duodiff::ui
