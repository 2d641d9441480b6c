// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/curves_plot.h"
#include "ui/training_setup.h"

#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

constexpr int sectionGap = 8;
constexpr int nameWidth = 62;

QLabel* sectionLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text.toUpper(), parent);
    label->setProperty("role", "section");
    return label;
}

QSpinBox* wholeNumber(int minimum, int maximum, QWidget* parent)
{
    auto* box = new QSpinBox(parent);
    box->setRange(minimum, maximum);
    box->setAlignment(Qt::AlignRight);
    box->setButtonSymbols(QAbstractSpinBox::NoButtons);
    box->setLocale(groupedNumbers());
    box->setGroupSeparatorShown(true);
    return box;
}

}  // namespace

TrainingSetup::TrainingSetup(QWidget* parent) : QWidget(parent), m_theme(Theme::dark())
{
    auto* scroll = new QScrollArea(this);
    auto* content = new QWidget(scroll);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(14, 10, 14, 8);
    layout->setSpacing(6);
    buildFacts(layout);
    buildFields(layout);
    layout->addSpacing(sectionGap);
    buildProgress(layout);
    layout->addStretch(1);
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    outer->addWidget(scroll, 1);
    buildButtons(outer);
    setFixedWidth(312);
    setNumbers({});
    setHasWeights(false);
    setState(TrainingState::idle);
}

QLabel* TrainingSetup::addFact(QGridLayout* grid, const QString& name)
{
    const int row = grid->rowCount();
    auto* title = new QLabel(name, this);
    title->setProperty("role", "muted");
    title->setFixedWidth(nameWidth);
    auto* value = new QLabel(this);
    value->setWordWrap(true);
    value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    grid->addWidget(title, row, 0, Qt::AlignTop);
    grid->addWidget(value, row, 1, Qt::AlignTop);
    grid->setColumnStretch(1, 1);
    return value;
}

void TrainingSetup::buildFacts(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Configuration"), this));
    m_name = new QLabel(this);
    m_name->setProperty("role", "title");
    m_name->setTextInteractionFlags(Qt::NoTextInteraction);
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    layout->addWidget(m_name);
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(3);
    grid->setHorizontalSpacing(8);
    layout->addLayout(grid);
    for (const QString& name :
         {tr("Trains"), tr("Network"), tr("Images"), tr("Probes"), tr("Batch"), tr("Data")}) {
        QLabel* value = addFact(grid, name);
        m_facts.emplace_back(qobject_cast<QLabel*>(grid->itemAtPosition(grid->rowCount() - 1, 0)->widget()),
                             value);
    }
}

void TrainingSetup::addField(QVBoxLayout* layout, const QString& name, QWidget* field, const QString& toolTip)
{
    auto* label = new QLabel(name, this);
    label->setBuddy(field);
    label->setToolTip(toolTip);
    label->setFixedWidth(nameWidth);
    field->setAccessibleName(name);
    field->setToolTip(toolTip);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(label);
    row->addWidget(field, 1);
    layout->addLayout(row);
}

QLineEdit* TrainingSetup::addPath(QVBoxLayout* layout, const QString& name, const QString& toolTip,
                                  bool folder)
{
    auto* row = new QWidget(this);
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(4);
    auto* field = new QLineEdit(row);
    field->setAccessibleName(name);
    field->setToolTip(toolTip);
    line->addWidget(field, 1);
    auto* browse = new QToolButton(row);
    browse->setText(QStringLiteral("…"));
    browse->setProperty("role", "boxed");
    browse->setFocusPolicy(Qt::StrongFocus);
    browse->setAccessibleName(tr("Choose: %1").arg(name));
    browse->setToolTip(tr("Choose it in a dialog"));
    line->addWidget(browse);
    auto* label = new QLabel(name, this);
    label->setBuddy(field);
    label->setToolTip(toolTip);
    label->setFixedWidth(nameWidth);
    auto* whole = new QWidget(this);
    auto* both = new QHBoxLayout(whole);
    both->setContentsMargins(0, 0, 0, 0);
    both->setSpacing(8);
    both->addWidget(label);
    both->addWidget(row, 1);
    layout->addWidget(whole);
    connect(field, &QLineEdit::textChanged, this, &TrainingSetup::fieldsChanged);
    connect(browse, &QToolButton::clicked, this, [this, field, folder, name] {
        const QString path = folder ? QFileDialog::getExistingDirectory(this, name, field->text())
                                    : QFileDialog::getOpenFileName(
                                          this, name, field->text(),
                                          tr("Checkpoints (*.safetensors *.pth *.pt);;All files (*)"));
        if (!path.isEmpty()) {
            field->setText(QDir::toNativeSeparators(path));
        }
    });
    return field;
}

void TrainingSetup::buildFields(QVBoxLayout* layout)
{
    m_fields = new QWidget(this);
    layout->addWidget(m_fields);
    auto* inner = new QVBoxLayout(m_fields);
    inner->setContentsMargins(0, sectionGap, 0, 0);
    inner->setSpacing(6);
    inner->addWidget(sectionLabel(tr("This run"), this));
    m_steps = wholeNumber(1, 1'000'000'000, this);
    addField(inner, tr("Steps"), m_steps,
             tr("Updates of the weights, 1 to 1,000,000,000. Default: the configuration's. A run that is\n"
                "continued may have another number; the learning rate follows it."));
    m_folder = addPath(inner, tr("Output"),
                       tr("Folder that the run writes to: log, checkpoints, pictures, weights.\nDefault: the "
                          "configuration's."),
                       true);
    m_data = addPath(inner, tr("Data"),
                     tr("Folder of the training images, or a file of latents. Default: the configuration's."),
                     true);
    m_backbone =
        addPath(inner, tr("Backbone"),
                tr("Weights of the trained full network that gets the exits: a checkpoint or a pack.\n"
                   "Default: the configuration's."),
                false);
    m_backboneRow = m_backbone->parentWidget()->parentWidget();
    m_startFrom =
        addPath(inner, tr("Weights"),
                tr("Weights of such a network that the run begins with: a checkpoint or a pack. Empty: "
                   "random\nones. Default: the configuration's. A run that is continued does not need "
                   "them."),
                false);
    m_startFromRow = m_startFrom->parentWidget()->parentWidget();
    m_threads = wholeNumber(0, 1024, this);
    m_threads->setSpecialValueText(tr("all cores"));
    addField(inner, tr("Threads"), m_threads,
             tr("Threads that compute, 1 to 1024; 0: all cores. Fewer leave room for sampling meanwhile.\n"
                "Default: the configuration's. Weights are the same to the bit for one number of threads."));
    m_device = new QComboBox(this);
    m_device->addItem(tr("auto"), QStringLiteral("auto"));
    addField(inner, tr("Device"), m_device,
             tr("Where it trains. Default: the configuration's; auto takes a GPU where there is one."));
    connect(m_steps, &QSpinBox::valueChanged, this, &TrainingSetup::fieldsChanged);
    connect(m_threads, &QSpinBox::valueChanged, this, &TrainingSetup::fieldsChanged);
    connect(m_device, &QComboBox::currentIndexChanged, this, &TrainingSetup::fieldsChanged);
}

void TrainingSetup::buildProgress(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Progress"), this));
    m_progress = new QProgressBar(this);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(4);
    m_progress->setAccessibleName(tr("Progress of the training"));
    layout->addWidget(m_progress);
    m_progressText = new QLabel(this);
    m_progressText->setWordWrap(true);
    layout->addWidget(m_progressText);
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(3);
    grid->setHorizontalSpacing(8);
    layout->addLayout(grid);
    for (const QString& name : {tr("Step"), tr("Loss"), tr("Speed"), tr("Time left"), tr("Trained")}) {
        QLabel* value = addFact(grid, name);
        m_numbers.emplace_back(qobject_cast<QLabel*>(grid->itemAtPosition(grid->rowCount() - 1, 0)->widget()),
                               value);
    }
}

void TrainingSetup::buildButtons(QVBoxLayout* layout)
{
    auto* box = new QVBoxLayout;
    box->setContentsMargins(14, 6, 14, 12);
    box->setSpacing(6);
    layout->addLayout(box);
    m_note = new QLabel(this);
    m_note->setWordWrap(true);
    m_note->setProperty("role", "muted");
    box->addWidget(m_note);
    m_start = new QPushButton(this);
    m_start->setProperty("role", "primary");
    box->addWidget(m_start);
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    box->addLayout(row);
    m_pause = new QPushButton(this);
    m_pause->setToolTip(
        tr("Hold the training before its next step, and go on; the weights stay the same "
           "(Space)"));
    row->addWidget(m_pause);
    m_newFolder = new QPushButton(tr("Use a new folder"), this);
    m_newFolder->setAccessibleName(tr("Use a new folder"));
    m_newFolder->setToolTip(
        tr("Begin from the start, in a folder beside this one; the run that is here stays"));
    row->addWidget(m_newFolder);
    m_pack = new QPushButton(tr("Make a pack…"), this);
    m_pack->setAccessibleName(tr("Make a model pack of the weights"));
    m_pack->setToolTip(
        tr("Join the averaged weights of this run, and of those beside it, into a model pack "
           "that the studio opens"));
    row->addWidget(m_pack);
    connect(m_start, &QPushButton::clicked, this, [this] {
        if (m_state == TrainingState::watching) {
            Q_EMIT continueRequested();
        } else if (m_state == TrainingState::idle) {
            Q_EMIT startRequested(resumes());
        } else {
            Q_EMIT stopRequested();
        }
    });
    connect(m_pause, &QPushButton::clicked, this,
            [this] { Q_EMIT pauseRequested(m_state != TrainingState::paused); });
    connect(m_newFolder, &QPushButton::clicked, this, &TrainingSetup::newFolderRequested);
    connect(m_pack, &QPushButton::clicked, this, &TrainingSetup::packRequested);
}

}  // namespace duodiff::ui
