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
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>

namespace duodiff::ui
{

namespace
{

constexpr qint64 largestGif = 500'000'000;
constexpr int largestSide = 65'535;  // of a GIF

QLabel* section(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text.toUpper(), parent);
    label->setProperty("role", "section");
    return label;
}

QLabel* words(const QString& text, QWidget* buddy, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setBuddy(buddy);
    return label;
}

}  // namespace

ExportEstimate exportEstimate(const ExportChoice& choice, const ExportFacts& facts)
{
    constexpr qint64 inside = 3500;  // of settings and trace, compressed
    const qint64 images = facts.images + facts.unfinished;
    const qint64 pixels =
        static_cast<qint64>(facts.picture.width()) * facts.picture.height() * (facts.inColour ? 3 : 1);
    const qint64 metadata = choice.settingsInside ? inside : 0;
    ExportEstimate estimate;
    const auto add = [&estimate](bool wanted, qint64 files, qint64 bytes) {
        estimate.files += wanted ? static_cast<int>(files) : 0;
        estimate.bytes += wanted ? bytes : 0;
    };
    add(choice.images, images, images * (pixels + metadata));
    add(choice.grid && images > 0, 1, images * pixels + metadata);
    add(choice.gif, 1, gifBytes(facts.film, choice.filmShows, choice.filmEvery));
    add(choice.strip, 1, stripBytes(facts.film, choice.stripPictures) + metadata);
    add(choice.runFile, 1, 4000 + facts.steps * (300 + 4 * images));
    add(choice.table, 1, 60 * facts.steps);
    add(choice.htmlReport, 1, 60'000 + 4 * images * pixels / 3);
    add(choice.pdfReport, 1, 90'000 + images * pixels);
    add(choice.plotPng, 1, 90'000);
    add(choice.plotSvg, 1, 200'000);
    add(choice.plotPdf, 1, 40'000);
    return estimate;
}

QCheckBox* ExportDialog::addCheck(const QString& text, const QString& toolTip, bool on,
                                  const QString& obstacle)
{
    auto* box = new QCheckBox(text, this);
    box->setToolTip(obstacle.isEmpty() ? toolTip : toolTip + QLatin1Char('\n') + obstacle);
    box->setAccessibleName(text);
    box->setAccessibleDescription(obstacle);
    box->setChecked(on && obstacle.isEmpty());
    box->setEnabled(obstacle.isEmpty());
    connect(box, &QCheckBox::toggled, this, &ExportDialog::refresh);
    return box;
}

QSpinBox* ExportDialog::addNumber(const QString& name, const QString& toolTip, int least, int most, int value)
{
    auto* box = new QSpinBox(this);
    box->setRange(least, most);
    box->setValue(value);
    box->setAlignment(Qt::AlignRight);
    box->setLocale(QLocale::c());
    box->setAccessibleName(name);
    box->setToolTip(toolTip);
    box->setFixedWidth(76);
    connect(box, &QSpinBox::valueChanged, this, &ExportDialog::refresh);
    return box;
}

ExportDialog::ExportDialog(const ExportChoice& choice, const ExportFacts& facts, QWidget* parent)
    : QDialog(parent), m_given(choice), m_facts(facts)
{
    setWindowTitle(tr("Export"));
    setModal(false);
    const int images = facts.images + facts.unfinished;
    const QString noImage =
        images > 0 ? QString() : tr("This run was stopped before there was an image to write.");
    const QString unfinished = tr("Unfinished ones are called 0003-unfinished-12-of-50-steps.png.");
    m_images = addCheck(tr("Images (%1)").arg(images),
                        tr("Every image as a PNG: 0000.png, 0001.png, … On or off, default on.") +
                            (facts.unfinished > 0 ? QLatin1Char('\n') + unfinished : QString()),
                        choice.images, noImage);
    m_grid =
        addCheck(tr("Grid"),
                 tr("All images in one picture: grid.png. Unfinished ones have a dashed frame. On or off, "
                    "default on."),
                 choice.grid, noImage);
    m_inside = new QComboBox(this);
    m_inside->addItem(tr("with the settings inside"));
    m_inside->addItem(tr("clean: pixels only"));
    m_inside->setCurrentIndex(choice.settingsInside ? 0 : 1);
    m_inside->setAccessibleName(tr("What the pictures carry"));
    m_inside->setToolTip(tr(
        "With the settings inside, the default, a PNG dropped on the window repeats its run "
        "and redraws its curve. Clean ones, of images, grid and strip, hold nothing but their pixels; a GIF "
        "never says how it was made."));
    m_runFile = addCheck(tr("Run file"), tr("The full account of the run: run.json. On or off, default on."),
                         choice.runFile);
    m_table = addCheck(tr("Table of the steps"), tr("One line a step: steps.csv. On or off, default on."),
                       choice.table);
    m_html = addCheck(tr("Report, HTML"),
                      tr("The timing report as one web page: report.html. On or off, default on."),
                      choice.htmlReport);
    m_pdf = addCheck(tr("Report, PDF"), tr("The timing report for paper: report.pdf. On or off, default on."),
                     choice.pdfReport);
    m_plotPng = addCheck(tr("PNG"), tr("The plot as a picture: exit-layers.png. On or off, default on."),
                         choice.plotPng);
    m_plotSvg = addCheck(tr("SVG"), tr("The plot as vectors: exit-layers.svg. On or off, default off."),
                         choice.plotSvg);
    m_plotPdf = addCheck(tr("PDF"), tr("The plot for paper: exit-layers.pdf. On or off, default off."),
                         choice.plotPdf);

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
    m_note->setMinimumHeight(m_note->fontMetrics().lineSpacing());

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
    layout->addWidget(section(tr("The steps"), this));
    auto* film = new QGridLayout;
    buildFilm(film);
    layout->addLayout(film);
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
    m_export->style()->unpolish(m_export);  // the box has given it its looks already
    m_export->style()->polish(m_export);
    m_export->setToolTip(tr("Write the chosen files (Return)"));
    m_export->setDefault(true);
    auto* cancel = buttons->addButton(QDialogButtonBox::Cancel);
    cancel->setToolTip(tr("Write nothing (Esc)"));
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

void ExportDialog::buildFilm(QGridLayout* grid)
{
    const FilmFacts& film = m_facts.film;
    const QString& obstacle = film.unavailable;
    const QString approximation =
        film.approximate ? QLatin1Char('\n') + tr("An approximation of the latents.") : QString();
    m_gif = addCheck(
        tr("GIF"),
        tr("An animation of all images, step by step: steps.gif. On or off, default off.") + approximation,
        m_given.gif, obstacle);
    m_strip = addCheck(tr("Strip"),
                       tr("A row an image, from noise on the left to the picture on the right: steps.png. At "
                          "most %1 rows. On or off, default off.")
                               .arg(mostStripRows) +
                           approximation,
                       m_given.strip, obstacle);
    m_filmShows = new QComboBox(this);
    m_filmShows->addItem(tr("x_t, the noisy picture"), static_cast<int>(PictureKind::noisy));
    if (film.predicted.size() > 1) {
        m_filmShows->addItem(tr("x̂₀, as predicted"), static_cast<int>(PictureKind::predicted));
    }
    m_filmShows->setCurrentIndex(std::max(0, m_filmShows->findData(static_cast<int>(m_given.filmShows))));
    m_filmShows->setAccessibleName(tr("What the steps show"));
    m_filmShows->setToolTip(
        tr("What GIF and strip show of every step: x_t, the default, or the picture that "
           "the network predicts from it, where that was kept."));
    connect(m_filmShows, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
    const int steps = film.noisy.empty() ? 1 : std::max(1, film.noisy.back());
    const int proposed = proposedEvery(film.noisy);
    m_every =
        addNumber(tr("Steps from frame to frame"),
                  tr("Every how many steps the GIF has a frame; the last one always. Unit: steps. 1 to %1, "
                     "default %2, about a hundred frames.")
                      .arg(steps)
                      .arg(proposed),
                  1, steps, m_given.filmEvery > 0 ? m_given.filmEvery : proposed);
    m_rate =
        addNumber(tr("Frames a second"),
                  tr("How fast the GIF plays. Unit: frames a second. 1 to 50, default 12. The last frame "
                     "stays for a second and a half."),
                  1, 50, m_given.framesPerSecond);
    m_stripPictures = addNumber(tr("Pictures a row"),
                                tr("Equally spaced steps in a row of the strip, the first and the last among "
                                   "them. Unit: pictures. 2 to 50, default 10."),
                                2, 50, m_given.stripPictures);
    grid->setHorizontalSpacing(8);
    grid->addWidget(m_gif, 0, 0);
    grid->addWidget(words(tr("a frame every"), m_every, this), 0, 1, Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(m_every, 0, 2);
    grid->addWidget(words(tr("steps, frames a second"), m_rate, this), 0, 3,
                    Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(m_rate, 0, 4);
    grid->addWidget(m_strip, 1, 0);
    grid->addWidget(words(tr("pictures a row"), m_stripPictures, this), 1, 1,
                    Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(m_stripPictures, 1, 2);
    grid->addWidget(words(tr("both show"), m_filmShows, this), 1, 3, Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(m_filmShows, 1, 4, 1, 2);
    grid->setColumnStretch(5, 1);
    if (!obstacle.isEmpty()) {
        auto* reason = new QLabel(obstacle, this);
        reason->setProperty("role", "muted");
        reason->setWordWrap(true);
        grid->addWidget(reason, 2, 0, 1, 6);
    }
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
    choice.gif = m_gif->isChecked();
    choice.strip = m_strip->isChecked();
    choice.filmShows = static_cast<PictureKind>(m_filmShows->currentData().toInt());
    choice.filmEvery = m_every->value();
    choice.framesPerSecond = m_rate->value();
    choice.stripPictures = m_stripPictures->value();
    return choice;
}

ExportChoice ExportDialog::preference() const
{
    ExportChoice preference = choice();
    if (!m_images->isEnabled()) {
        preference.images = m_given.images;
        preference.grid = m_given.grid;
    }
    if (!m_gif->isEnabled()) {
        preference.gif = m_given.gif;
        preference.strip = m_given.strip;
    }
    if (m_filmShows->count() < 2) {
        preference.filmShows = m_given.filmShows;
    }
    preference.filmEvery = 0;  // another run has other steps
    return preference;
}

QString ExportDialog::note() const
{
    return m_note->text();
}

void ExportDialog::browse()
{
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Export into"), m_folder->text());
    if (!folder.isEmpty()) {
        m_folder->setText(QDir::toNativeSeparators(folder));
    }
}

QString ExportDialog::objection(const ExportChoice& now) const
{
    const QFileInfo folder(now.folder);
    const QSize gif = gifSize(m_facts.film);
    if (m_folder->text().trimmed().isEmpty()) {
        return tr("Choose a folder.");
    }
    if (!now.writesAnything()) {
        return tr("Choose at least one kind of file.");
    }
    if (folder.exists() && !folder.isDir()) {
        return tr("This is a file, not a folder.");
    }
    if (now.gif && std::max(gif.width(), gif.height()) > largestSide) {
        return tr("A GIF has at most %1 pixels a side, these images would need %2. Choose the strip instead.")
            .arg(largestSide)
            .arg(std::max(gif.width(), gif.height()));
    }
    if (now.gif && gifBytes(m_facts.film, now.filmShows, now.filmEvery) > largestGif) {
        return tr("The GIF would be larger than %1. Choose more steps from frame to frame.")
            .arg(QLocale::c().formattedDataSize(largestGif, 0, QLocale::DataSizeSIFormat));
    }
    return {};
}

void ExportDialog::refresh()
{
    if (m_export == nullptr) {
        return;
    }
    const ExportChoice now = choice();
    const QString obstacle = objection(now);
    const ExportEstimate estimate = exportEstimate(now, m_facts);
    QString note = tr("%1, about %2.")
                       .arg(estimate.files == 1 ? tr("1 file") : tr("%1 files").arg(estimate.files),
                            QLocale::c().formattedDataSize(estimate.bytes, 1, QLocale::DataSizeSIFormat));
    if (QFileInfo::exists(now.folder + QStringLiteral("/run.json"))) {
        note += QLatin1Char(' ') + tr("This folder holds a run; files of the same name are replaced.");
    }
    m_note->setText(obstacle.isEmpty() ? note : obstacle);
    m_export->setEnabled(obstacle.isEmpty());
    m_inside->setEnabled(now.images || now.grid || now.strip);
    m_every->setEnabled(now.gif);
    m_rate->setEnabled(now.gif);
    m_stripPictures->setEnabled(now.strip);
    m_filmShows->setEnabled(now.gif || now.strip);
}

}  // namespace duodiff::ui
