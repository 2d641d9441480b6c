// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/film_facts.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace duodiff::ui
{

/// What to write, and where to.
struct ExportChoice {
    QString folder = {};
    bool images = true;
    bool grid = true;
    bool settingsInside = true;  ///< of the pictures; else "clean"
    bool runFile = true;
    bool table = true;
    bool htmlReport = true;
    bool pdfReport = true;
    bool plotPng = true;
    bool plotSvg = false;
    bool plotPdf = false;
    bool gif = false;
    bool strip = false;
    PictureKind filmShows = PictureKind::noisy;
    int filmEvery = 0;  ///< steps from frame to frame; 0: proposedEvery()
    int framesPerSecond = 12;
    int stripPictures = 10;

    bool writesAnything() const
    {
        return images || grid || runFile || table || htmlReport || pdfReport || plotPng || plotSvg ||
               plotPdf || gif || strip;
    }
};

/// What there is to export.
struct ExportFacts {
    int images = 0;      ///< finished
    int unfinished = 0;  ///< kept of a batch that was stopped
    int steps = 0;       ///< that ran
    QSize picture = {};
    bool inColour = false;
    FilmFacts film = {};
};

/// How many files, and about how many bytes.
struct ExportEstimate {
    int files = 0;
    qint64 bytes = 0;
};
ExportEstimate exportEstimate(const ExportChoice& choice, const ExportFacts& facts);

/// Point 17: everything that a run can be kept as, in one dialog. Not modal: a run may go on behind it.
class ExportDialog : public QDialog
{
    Q_OBJECT

public:
    ExportDialog(const ExportChoice& choice, const ExportFacts& facts, QWidget* parent = nullptr);

    /// What this run gives of what was chosen.
    ExportChoice choice() const;
    /// The same for runs to come: what could not be chosen now stays as it was.
    ExportChoice preference() const;
    QString note() const;

private:
    QCheckBox* addCheck(const QString& text, const QString& toolTip, bool on, const QString& obstacle = {});
    QSpinBox* addNumber(const QString& name, const QString& toolTip, int least, int most, int value);
    void buildFilm(QGridLayout* grid);
    void browse();
    void refresh();
    QString objection(const ExportChoice& now) const;

    ExportChoice m_given;
    ExportFacts m_facts;
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
    QCheckBox* m_gif;
    QCheckBox* m_strip;
    QComboBox* m_filmShows;
    QSpinBox* m_every;
    QSpinBox* m_rate;
    QSpinBox* m_stripPictures;
    QLineEdit* m_folder;
    QLabel* m_note;
    QPushButton* m_export = nullptr;
};

}  // namespace duodiff::ui
