// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

QLabel* section(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text.toUpper(), parent);
    label->setProperty("role", "section");
    return label;
}

}  // namespace

QCheckBox* ExportDialog::addCheck(const QString& text, const QString& toolTip, bool on)
{
    auto* box = new QCheckBox(text, this);
    box->setToolTip(toolTip);
    box->setAccessibleName(text);
    box->setChecked(on);
    connect(box, &QCheckBox::toggled, this, &ExportDialog::refresh);
    return box;
}

ExportDialog::ExportDialog(const ExportChoice& choice, int images, QWidget* parent) : QDialog(parent)
{
    setWindowTitle(tr("Export"));
    setModal(false);
    const bool some = images > 0;
    m_images = addCheck(tr("Images (%1)").arg(images),
                        tr("Every finished image as a PNG: 0000.png, 0001.png, …"), choice.images && some);
    m_grid = addCheck(tr("Grid"), tr("All images in one picture: grid.png"), choice.grid && some);
    m_images->setEnabled(some);
    m_grid->setEnabled(some);
    m_inside = new QComboBox(this);
    m_inside->addItem(tr("with the settings inside"));
    m_inside->addItem(tr("clean: pixels only"));
    m_inside->setCurrentIndex(choice.settingsInside ? 0 : 1);
    m_inside->setAccessibleName(tr("What the PNGs carry"));
    m_inside->setToolTip(
        tr("With the settings inside, the default, a PNG dropped on the window repeats its run "
           "and redraws its curve."));
    m_runFile = addCheck(tr("Run file"), tr("The full account of the run: run.json"), choice.runFile);
    m_table = addCheck(tr("Table of the steps"), tr("One line a step: steps.csv"), choice.table);
    m_html =
        addCheck(tr("Report, HTML"), tr("The timing report as one web page: report.html"), choice.htmlReport);
    m_pdf = addCheck(tr("Report, PDF"), tr("The timing report for paper: report.pdf"), choice.pdfReport);
    m_plotPng = addCheck(tr("PNG"), tr("exit-layers.png"), choice.plotPng);
    m_plotSvg = addCheck(tr("SVG"), tr("exit-layers.svg"), choice.plotSvg);
    m_plotPdf = addCheck(tr("PDF"), tr("exit-layers.pdf"), choice.plotPdf);

    m_folder = new QLineEdit(QDir::toNativeSeparators(choice.folder), this);
    m_folder->setAccessibleName(tr("Folder"));
    m_folder->setToolTip(
        tr("Where the files go. Made if it is not there; files of the same name are replaced."));
    m_folder->setMinimumWidth(320);
    auto* browseButton = new QPushButton(tr("Choose…"), this);
    browseButton->setAccessibleName(tr("Choose a folder"));
    browseButton->setToolTip(tr("Choose a folder"));
    m_note = new QLabel(this);
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(18, 16, 18, 14);
    layout->setSpacing(8);
    auto* columns = new QGridLayout;
    columns->setHorizontalSpacing(32);
    columns->addWidget(section(tr("Pictures"), this), 0, 0);
    columns->addWidget(m_images, 1, 0);
    columns->addWidget(m_grid, 2, 0);
    columns->addWidget(m_inside, 3, 0);
    columns->addWidget(section(tr("Numbers"), this), 0, 1);
    columns->addWidget(m_runFile, 1, 1);
    columns->addWidget(m_table, 2, 1);
    columns->addWidget(m_html, 3, 1);
    columns->addWidget(m_pdf, 4, 1);
    columns->addWidget(section(tr("Exit-layer plot"), this), 0, 2);
    columns->addWidget(m_plotPng, 1, 2);
    columns->addWidget(m_plotSvg, 2, 2);
    columns->addWidget(m_plotPdf, 3, 2);
    layout->addLayout(columns);
    layout->addSpacing(8);
    layout->addWidget(section(tr("Folder"), this));
    auto* line = new QHBoxLayout;
    line->addWidget(m_folder, 1);
    line->addWidget(browseButton);
    layout->addLayout(line);
    layout->addWidget(m_note);

    auto* buttons = new QDialogButtonBox(this);
    m_export = buttons->addButton(tr("Export"), QDialogButtonBox::AcceptRole);
    m_export->setProperty("role", "primary");
    m_export->setToolTip(tr("Write the chosen files"));
    m_export->setDefault(true);
    auto* cancel = buttons->addButton(QDialogButtonBox::Cancel);
    cancel->setToolTip(tr("Write nothing"));
    layout->addWidget(buttons);

    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(browseButton, &QPushButton::clicked, this, &ExportDialog::browse);
    connect(m_folder, &QLineEdit::textChanged, this, &ExportDialog::refresh);
    for (QAbstractButton* button : findChildren<QAbstractButton*>()) {
        if (button->accessibleName().isEmpty()) {
            button->setAccessibleName(button->text());
        }
    }
    refresh();
}

ExportChoice ExportDialog::choice() const
{
    ExportChoice choice;
    choice.folder = QDir::cleanPath(QDir::fromNativeSeparators(m_folder->text().trimmed()));
    choice.images = m_images->isChecked();
    choice.grid = m_grid->isChecked();
    choice.settingsInside = m_inside->currentIndex() == 0;
    choice.runFile = m_runFile->isChecked();
    choice.table = m_table->isChecked();
    choice.htmlReport = m_html->isChecked();
    choice.pdfReport = m_pdf->isChecked();
    choice.plotPng = m_plotPng->isChecked();
    choice.plotSvg = m_plotSvg->isChecked();
    choice.plotPdf = m_plotPdf->isChecked();
    return choice;
}

void ExportDialog::browse()
{
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Export into"), m_folder->text());
    if (!folder.isEmpty()) {
        m_folder->setText(QDir::toNativeSeparators(folder));
    }
}

void ExportDialog::refresh()
{
    if (m_export == nullptr) {
        return;
    }
    const ExportChoice now = choice();
    const QFileInfo folder(now.folder);
    QString objection;
    if (m_folder->text().trimmed().isEmpty()) {
        objection = tr("Choose a folder.");
    } else if (!now.writesAnything()) {
        objection = tr("Choose at least one kind of file.");
    } else if (folder.exists() && !folder.isDir()) {
        objection = tr("This is a file, not a folder.");
    } else if (folder.isDir() && QFileInfo::exists(now.folder + QStringLiteral("/run.json"))) {
        m_note->setText(tr("This folder holds a run; files of the same name are replaced."));
    } else {
        m_note->clear();
    }
    if (!objection.isEmpty()) {
        m_note->setText(objection);
    }
    m_export->setEnabled(objection.isEmpty());
    m_inside->setEnabled(now.images || now.grid);
}

}  // namespace duodiff::ui
