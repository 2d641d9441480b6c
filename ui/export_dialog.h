// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace duodiff::ui
{

/// What to write, and where to.
struct ExportChoice {
    QString folder = {};
    bool images = true;
    bool grid = true;
    bool settingsInside = true;  ///< of the PNGs; else "clean"
    bool runFile = true;
    bool table = true;
    bool htmlReport = true;
    bool pdfReport = true;
    bool plotPng = true;
    bool plotSvg = false;
    bool plotPdf = false;

    bool writesAnything() const
    {
        return images || grid || runFile || table || htmlReport || pdfReport || plotPng || plotSvg || plotPdf;
    }
};

/// Everything that a run can be kept as, in one dialog. Not modal: a run may go on behind it.
class ExportDialog : public QDialog
{
    Q_OBJECT

public:
    /// `images`: finished images that there are; without any, pictures cannot be chosen.
    ExportDialog(const ExportChoice& choice, int images, QWidget* parent = nullptr);

    ExportChoice choice() const;

private:
    QCheckBox* addCheck(const QString& text, const QString& toolTip, bool on);
    void browse();
    void refresh();

    QCheckBox* m_images;
    QCheckBox* m_grid;
    QComboBox* m_inside;
    QCheckBox* m_runFile;
    QCheckBox* m_table;
    QCheckBox* m_html;
    QCheckBox* m_pdf;
    QCheckBox* m_plotPng;
    QCheckBox* m_plotSvg;
    QCheckBox* m_plotPdf;
    QLineEdit* m_folder;
    QLabel* m_note;
    QPushButton* m_export = nullptr;
};

}  // namespace duodiff::ui
