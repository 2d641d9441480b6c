// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/picture_header.h"

#include "ui/steady_row.h"
#include "ui/uncertainty_overlay.h"

#include <QButtonGroup>
#include <QLabel>
#include <QToolButton>

#include <utility>

namespace duodiff::ui
{

PictureHeader::PictureHeader(QWidget* parent)
    : QWidget(parent),
      m_buttons(new QButtonGroup(this)),
      m_what(new QLabel(this)),
      m_step(new QLabel(this)),
      m_scale(new MapScale(this))
{
    auto* line = new SteadyRow(this);
    line->setContentsMargins(16, 6, 16, 2);
    line->setSpacing(0);
    struct Entry {
        PictureChoice choice;
        QString text;
        QString name;
        QString toolTip;
        const char* place;
    };
    for (const Entry& entry :
         {Entry{PictureChoice::noisy, QStringLiteral("x\u209C"), tr("Show x_t"),
                tr("The noisy picture that the solver works on. Default. (X goes on to the next)"), "first"},
          Entry{PictureChoice::predicted, QStringLiteral("x\u0302\u2080"), tr("Show the predicted x_0"),
                tr("The finished picture that the network predicts at this step. (X goes on to the next)"),
                ""},
          Entry{PictureChoice::both, tr("both"), tr("Show x_t and the predicted x_0"),
                tr("Both of every image, x_t left. (X goes on to the next)"), "last"}}) {
        auto* button = new QToolButton(this);
        button->setText(entry.text);
        button->setCheckable(true);
        button->setProperty("role", "segment");
        button->setProperty("place", entry.place);
        button->setAccessibleName(entry.name);
        button->setToolTip(entry.toolTip);
        button->setFocusPolicy(Qt::ClickFocus);
        button->setMinimumWidth(40);
        m_buttons->addButton(button, static_cast<int>(entry.choice));
        line->addWidget(button);
    }
    m_buttons->button(0)->setChecked(true);
    // Tab comes to the chosen one, the arrow keys go to the others.
    m_buttons->button(0)->setFocusPolicy(Qt::StrongFocus);
    line->addSpacing(12);
    m_what->setToolTip(tr("What the pictures show"));
    m_step->setToolTip(tr("The timestep that the pictures are at, and its number in the run"));
    for (QLabel* label : {m_what, m_step}) {
        label->setProperty("role", "muted");
        label->setTextFormat(Qt::RichText);
    }
    line->addWidget(m_what, 1);
    line->addWidget(m_scale);
    line->addSpacing(10);
    line->addWidget(m_step);
    connect(m_buttons, &QButtonGroup::idClicked, this,
            [this](int id) { setChoice(static_cast<PictureChoice>(id)); });
}

void PictureHeader::setChoice(PictureChoice choice)
{
    if (m_choice != choice) {
        m_choice = choice;
        m_buttons->button(static_cast<int>(choice))->setChecked(true);
        Q_EMIT choiceChanged(choice);
    }
}

void PictureHeader::nextChoice()
{
    setChoice(m_choice == PictureChoice::noisy       ? PictureChoice::predicted
              : m_choice == PictureChoice::predicted ? PictureChoice::both
                                                     : PictureChoice::noisy);
}

void PictureHeader::setTexts(const QString& what, const QString& step)
{
    for (const auto& [label, text] : {std::pair(m_what, what), std::pair(m_step, step)}) {
        if (label->text() != text) {
            label->setText(text);
        }
    }
}

QString PictureHeader::what() const
{
    return m_what->text();
}

QString PictureHeader::step() const
{
    return m_step->text();
}

}  // namespace duodiff::ui
