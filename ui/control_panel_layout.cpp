// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/class_picker.h"
#include "ui/control_panel.h"
#include "ui/parameter_slider.h"
#include "ui/seed_field.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

namespace duodiff::ui
{

namespace
{

QLabel* sectionLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text.toUpper(), parent);
    label->setProperty("role", "section");
    return label;
}

QSpinBox* wholeNumber(int minimum, int maximum, int value, QWidget* parent)
{
    auto* box = new QSpinBox(parent);
    box->setRange(minimum, maximum);
    box->setValue(value);
    box->setAlignment(Qt::AlignRight);
    box->setButtonSymbols(QAbstractSpinBox::NoButtons);
    box->setKeyboardTracking(false);
    box->setLocale(QLocale::c());
    return box;
}

constexpr int fieldWidth = 156;  // the longest solver name
constexpr int sectionGap = 8;

}  // namespace

ControlPanel::ControlPanel(QWidget* parent) : QWidget(parent), m_scroll(new QScrollArea(this))
{
    auto* content = new QWidget(m_scroll);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(14, 4, 14, 12);
    layout->setSpacing(6);
    buildPolicy(layout);
    buildSampling(layout);
    layout->addWidget(sectionLabel(tr("Classes"), this));
    m_classes = new ClassPicker(content);
    layout->addWidget(m_classes);
    layout->addSpacing(sectionGap);
    buildModel(layout);
    buildMachine(layout);
    buildExpert(layout);
    layout->addStretch(1);

    m_scroll->setWidget(content);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);

    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    outer->addWidget(m_scroll, 1);
    buildButtons(outer);
    setMinimumWidth(270);
    connectFields();
    setModel(std::nullopt);
}

void ControlPanel::setHeader(QWidget* header)
{
    qobject_cast<QVBoxLayout*>(layout())->insertWidget(0, header);
    QWidget* last = nullptr;
    for (QWidget* part : header->findChildren<QWidget*>()) {
        if (part->focusPolicy() != Qt::NoFocus) {
            if (last != nullptr) {
                setTabOrder(last, part);
            }
            last = part;
        }
    }
    setTabOrder(last, m_policies->button(0));
}

void ControlPanel::addRow(QVBoxLayout* layout, const QString& name, QWidget* field, const QString& toolTip,
                          QWidget* beside)
{
    auto* label = new QLabel(name, this);
    label->setBuddy(field);
    label->setToolTip(toolTip);
    field->setAccessibleName(name);
    field->setToolTip(toolTip);
    m_toolTips[field] = toolTip;
    m_labels[field] = label;

    auto* line = new QHBoxLayout;
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(4);
    line->addWidget(label, 1);
    int width = fieldWidth;
    if (beside != nullptr) {
        beside->setFixedWidth(28);
        width -= 28 + line->spacing();
    }
    field->setFixedWidth(width);
    line->addWidget(field);
    if (beside != nullptr) {
        line->addWidget(beside);
    }
    layout->addLayout(line);
}

void ControlPanel::buildModel(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Model"), this));
    m_modelName = new QLabel(this);
    m_modelName->setTextInteractionFlags(Qt::NoTextInteraction);
    m_modelName->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_modelNote = new QLabel(this);
    m_modelNote->setProperty("role", "muted");
    m_modelNote->setWordWrap(true);
    m_open = new QToolButton(this);
    m_open->setText(tr("Open…"));
    m_open->setFocusPolicy(Qt::StrongFocus);
    m_open->setAccessibleName(tr("Open a model pack"));
    m_toolTips[m_open] =
        tr("Open a model pack: a folder with pack.json. Packs, checkpoints, PNGs and run files "
           "can also be dropped on the window. (Ctrl+O)");
    m_open->setProperty("role", "boxed");
    auto* line = new QHBoxLayout;
    line->addWidget(m_modelName, 1);
    line->addWidget(m_open);
    layout->addLayout(line);
    layout->addWidget(m_modelNote);
    layout->addSpacing(sectionGap);
}

void ControlPanel::buildPolicy(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Policy"), this));
    struct Choice {
        PolicyKind kind;
        QString text;
        QString meaning;
    };
    const std::vector<Choice> choices{
        {PolicyKind::full, tr("Full"),
         tr("Full: the whole network at every step. The default without exits.")},
        {PolicyKind::duodiff, tr("DuoDiff"),
         tr("DuoDiff: a shallow network for the first t_s timesteps, then the full one.")},
        {PolicyKind::adadiff, tr("AdaDiff"),
         tr("AdaDiff: each image leaves the network at the first layer that is sure enough.")},
        {PolicyKind::static_layer, tr("Static"), tr("Static: every image leaves at the same layer.")}};
    m_policies = new QButtonGroup(this);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    for (const Choice& choice : choices) {
        auto* button = new QToolButton(this);
        button->setText(choice.text);
        button->setCheckable(true);
        button->setFocusPolicy(Qt::StrongFocus);
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        button->setProperty("role", "segment");
        button->setProperty("place", &choice == &choices.front()  ? "first"
                                     : &choice == &choices.back() ? "last"
                                                                  : "middle");
        button->setAccessibleName(tr("Policy %1").arg(choice.text));
        m_toolTips[button] = choice.meaning;
        m_policies->addButton(button, static_cast<int>(choice.kind));
        row->addWidget(button);
    }
    m_policies->button(static_cast<int>(PolicyKind::full))->setChecked(true);
    layout->addLayout(row);

    m_threshold = new ParameterSlider(
        tr("Threshold θ"),
        tr("An image leaves the network at the first layer whose uncertainty is at most θ: larger is faster "
           "and coarser. Acts on the run in progress from its next step."),
        tr("uncertainty"), this);
    m_switchStep = new ParameterSlider(
        tr("Switch step t<sub>s</sub>"),
        tr("The shallow network does the timesteps t ≥ 1000 − t_s: larger is faster and coarser. Acts on the "
           "run in progress from its next step; the line in the plot drags it too."),
        tr("timesteps of 1000"), this);
    m_exitLayer = new ParameterSlider(tr("Static layer"),
                                      tr("Every image leaves after this many blocks. Acts on the run in "
                                         "progress from its next step."),
                                      tr("blocks"), this);
    layout->addWidget(m_threshold);
    layout->addWidget(m_switchStep);
    layout->addWidget(m_exitLayer);
    layout->addSpacing(sectionGap);
}

void ControlPanel::buildSampling(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Sampling"), this));
    m_solver = new QComboBox(this);
    for (const auto kind :
         {SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp, SolverKind::euler_maruyama}) {
        const auto name = display_name(kind);
        m_solver->addItem(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())),
                          static_cast<int>(kind));
    }
    addRow(
        layout, tr("Solver"), m_solver,
        tr("How noise becomes a picture. DDPM, the default, takes 1000 steps; DDIM and DPM-Solver++ get by "
           "with 50 and fewer."));
    m_steps = wholeNumber(1, 1000, 1000, this);
    addRow(layout, tr("Steps"), m_steps,
           tr("Network calls for each image. 1 to 1000, default 1000 (DDIM 50, "
              "DPM-Solver++ 50)."));
    m_eta = new NumberBox(this);
    m_eta->setRange(0.0, 1.0);
    m_eta->setSingleStep(0.05);
    addRow(layout, tr("Noise η"), m_eta,
           tr("Share of fresh noise in each DDIM step, no unit. 0 to 1, default 0: none."));
    m_count = wholeNumber(1, 100000, 16, this);
    addRow(layout, tr("Images"), m_count, tr("Images in all. 1 to 100000, default 16."));
    m_batch = wholeNumber(1, 4096, 16, this);
    addRow(layout, tr("Batch"), m_batch,
           tr("Images at once, at most; more need more memory. An image is the same in any batch. 1 to 4096, "
              "default 16."));
    m_seed = new SeedField(this);
    m_newSeed = new QToolButton(this);
    m_newSeed->setText(QStringLiteral("⟳"));
    m_newSeed->setFocusPolicy(Qt::StrongFocus);
    m_newSeed->setAccessibleName(tr("New seed"));
    m_toolTips[m_newSeed] = tr("Draw a new seed. (Ctrl+R)");
    addRow(layout, tr("Seed"), m_seed,
           tr("Image k draws its noise from seed + k. 0 to 18446744073709551615, default 0."), m_newSeed);
    layout->addSpacing(sectionGap);
}

void ControlPanel::buildExpert(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Expert"), this));
    m_parametrization = new QComboBox(this);
    m_parametrization->addItem(tr("as trained"), -1);
    m_parametrization->addItem(tr("noise"), static_cast<int>(Parametrization::predict_noise));
    m_parametrization->addItem(tr("original"), static_cast<int>(Parametrization::predict_original));
    m_parametrization->addItem(tr("previous"), static_cast<int>(Parametrization::predict_previous));
    addRow(layout, tr("Prediction"), m_parametrization,
           tr("What the network's output is taken for: the noise ε, the original x_0, or the previous x. "
              "Default: what the model was trained for."));
    m_compat = new QComboBox(this);
    m_compat->addItem(tr("by image"), static_cast<int>(Compat::none));
    m_compat->addItem(tr("reference"), static_cast<int>(Compat::reference));
    addRow(layout, tr("Noise"), m_compat,
           tr("By image, the default: an image is the same in any batch. Reference: the noise stream and the "
              "quirks of the DuoDiff authors' program."));
}

void ControlPanel::buildMachine(QVBoxLayout* layout)
{
    layout->addWidget(sectionLabel(tr("Machine"), this));
    m_device = new QComboBox(this);
    addRow(layout, tr("Device"), m_device,
           tr("Where the network runs. Default auto: a GPU where there is one."));
    setDevices({});
    m_precision = new QComboBox(this);
    m_precision->addItem(tr("auto"), static_cast<int>(Precision::automatic));
    m_precision->addItem(tr("fp32"), static_cast<int>(Precision::fp32));
    m_precision->addItem(tr("bf16"), static_cast<int>(Precision::bf16));
    m_precision->addItem(tr("int8"), static_cast<int>(Precision::int8));
    addRow(
        layout, tr("Precision"), m_precision,
        tr("Numbers that the network computes with. Default auto: bf16 where it is faster here, else fp32. "
           "int8 multiplies in 8 bits: faster still on processors with VNNI, a little less exact, and "
           "never chosen by auto."));
    layout->addSpacing(sectionGap);
}

void ControlPanel::buildButtons(QVBoxLayout* layout)
{
    m_run = new QPushButton(this);
    m_run->setProperty("role", "primary");
    m_run->setMinimumHeight(36);
    const auto addQuiet = [this](const QString& text, const QString& toolTip) {
        auto* button = new QPushButton(text, this);
        button->setProperty("role", "quiet");
        button->setAccessibleName(text);
        m_toolTips[button] = toolTip;
        return button;
    };
    m_pause =
        addQuiet(tr("Pause"), tr("Hold the run before its next step, and go on. The images stay the same, "
                                 "bit for bit. (Space)"));
    m_finishBatch =
        addQuiet(tr("Finish this batch"), tr("Let the batch in progress end and start no other. (Ctrl+.)"));
    m_abort = addQuiet(tr("Abort"), tr("Stop now and keep nothing of this run. (Shift+Esc)"));
    auto* buttons = new QVBoxLayout;
    buttons->setContentsMargins(14, 8, 24, 10);
    buttons->setSpacing(4);
    buttons->addWidget(m_run);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    row->addStretch(1);
    for (QPushButton* button : {m_pause, m_finishBatch, m_abort}) {
        row->addWidget(button);
    }
    row->addStretch(1);
    buttons->addLayout(row);
    layout->addLayout(buttons);
}

void ControlPanel::connectFields()
{
    connect(m_policies, &QButtonGroup::idToggled, this, [this](int, bool on) {
        if (on) {
            refresh();
            Q_EMIT settingsChanged();
        }
    });
    for (ParameterSlider* slider : {m_threshold, m_switchStep, m_exitLayer}) {
        connect(slider, &ParameterSlider::valueChanged, this, [this] {
            Q_EMIT settingsChanged();
            Q_EMIT liveChanged();
        });
    }
    connect(m_solver, &QComboBox::currentIndexChanged, this, &ControlPanel::solverChosen);
    for (QComboBox* box : {m_parametrization, m_compat, m_device, m_precision}) {
        connect(box, &QComboBox::currentIndexChanged, this, &ControlPanel::settingsChanged);
    }
    for (QSpinBox* box : {m_steps, m_count, m_batch}) {
        connect(box, &QSpinBox::valueChanged, this, &ControlPanel::settingsChanged);
    }
    connect(m_eta, &QDoubleSpinBox::valueChanged, this, &ControlPanel::settingsChanged);
    connect(m_seed, &SeedField::seedChanged, this, &ControlPanel::settingsChanged);
    connect(m_newSeed, &QToolButton::clicked, this, &ControlPanel::drawSeed);
    connect(m_classes, &ClassPicker::changed, this, &ControlPanel::settingsChanged);
    connect(m_open, &QToolButton::clicked, this, &ControlPanel::openRequested);
    connect(m_finishBatch, &QPushButton::clicked, this, &ControlPanel::finishBatchRequested);
    connect(m_pause, &QPushButton::clicked, this, &ControlPanel::pauseRequested);
    connect(m_abort, &QPushButton::clicked, this, &ControlPanel::abortRequested);
    connect(m_run, &QPushButton::clicked, this, [this] {
        if (m_phase == Phase::ready) {
            Q_EMIT generateRequested();
        } else {
            Q_EMIT stopRequested();
        }
    });
}

}  // namespace duodiff::ui
