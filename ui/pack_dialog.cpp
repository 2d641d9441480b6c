// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pack_dialog.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace duodiff::ui
{

QLineEdit* PackDialog::addPath(QGridLayout* grid, const QString& name, const QString& toolTip,
                               const QString& value, bool folder)
{
    const int row = grid->rowCount();
    auto* field = new QLineEdit(QDir::toNativeSeparators(value), this);
    field->setAccessibleName(name);
    field->setToolTip(toolTip);
    field->setMinimumWidth(360);
    auto* label = new QLabel(name, this);
    label->setBuddy(field);
    auto* browse = new QPushButton(tr("Choose…"), this);
    browse->setAccessibleName(tr("Choose: %1").arg(name));
    browse->setToolTip(toolTip);
    grid->addWidget(label, row, 0);
    grid->addWidget(field, row, 1);
    grid->addWidget(browse, row, 2);
    connect(field, &QLineEdit::textChanged, this, &PackDialog::refresh);
    connect(browse, &QPushButton::clicked, this, [this, field, folder, name] {
        const QString start = QFileInfo(field->text()).path();
        const QString path =
            folder ? QFileDialog::getSaveFileName(this, name, field->text())
                   : QFileDialog::getOpenFileName(
                         this, name, start,
                         tr("Checkpoints (*.pth *.pt *.ckpt *.bin *.safetensors);;All files (*)"));
        if (!path.isEmpty()) {
            field->setText(QDir::toNativeSeparators(path));
        }
    });
    return field;
}

PackDialog::PackDialog(const PackChoice& choice, QWidget* parent) : QDialog(parent)
{
    setWindowTitle(tr("Make a model pack"));
    setModal(false);
    auto* intro =
        new QLabel(tr("A pack joins the networks of one model with their settings in a folder that the "
                      "studio opens. The full network or the one with early exits is needed."),
                   this);
    intro->setWordWrap(true);
    intro->setProperty("role", "muted");
    auto* grid = new QGridLayout;
    m_full = addPath(grid, tr("Full network"),
                     tr("Checkpoint of the full network. Without one the network with early exits serves."),
                     choice.full, false);
    m_shallow = addPath(grid, tr("Shallow network"),
                        tr("Checkpoint of the shallow network of a DuoDiff pair; may be left out."),
                        choice.shallow, false);
    m_earlyExit =
        addPath(grid, tr("Early-exit network"),
                tr("Checkpoint of the network with probes and heads, for AdaDiff; may be left out."),
                choice.earlyExit, false);
    m_name = new QLineEdit(choice.name, this);
    m_name->setAccessibleName(tr("Name"));
    m_name->setToolTip(tr("What the pack is called; by default as its folder."));
    auto* nameLabel = new QLabel(tr("Name"), this);
    nameLabel->setBuddy(m_name);
    grid->addWidget(nameLabel, grid->rowCount(), 0);
    grid->addWidget(m_name, grid->rowCount() - 1, 1);
    m_folder = addPath(grid, tr("New folder"), tr("Where the pack is made. It may not be there yet."),
                       choice.folder, true);
    m_note = new QLabel(this);
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    auto* buttons = new QDialogButtonBox(this);
    m_make = buttons->addButton(tr("Make the pack"), QDialogButtonBox::AcceptRole);
    m_make->setAccessibleName(m_make->text());
    m_make->setToolTip(tr("Write the pack and open it (Return)"));
    m_make->setProperty("role", "primary");
    m_make->style()->unpolish(m_make);
    m_make->style()->polish(m_make);
    m_make->setDefault(true);
    auto* cancel = buttons->addButton(QDialogButtonBox::Cancel);
    cancel->setAccessibleName(cancel->text());
    cancel->setToolTip(tr("Make nothing (Esc)"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(18, 16, 18, 14);
    layout->setSpacing(10);
    layout->addWidget(intro);
    layout->addLayout(grid);
    layout->addWidget(m_note);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    refresh();
}

PackChoice PackDialog::choice() const
{
    const auto path = [](const QLineEdit* field) {
        const QString text = field->text().trimmed();
        return text.isEmpty() ? QString() : QDir::cleanPath(QDir::fromNativeSeparators(text));
    };
    return {path(m_full), path(m_shallow), path(m_earlyExit), m_name->text().trimmed(), path(m_folder)};
}

QString PackDialog::objection() const
{
    const PackChoice now = choice();
    if (now.full.isEmpty() && now.earlyExit.isEmpty()) {
        return tr("Choose the full network or the one with early exits.");
    }
    for (const QString& path : {now.full, now.shallow, now.earlyExit}) {
        if (!path.isEmpty() && !QFileInfo(path).isFile()) {
            return tr("There is no file %1.").arg(QDir::toNativeSeparators(path));
        }
    }
    if (now.folder.isEmpty()) {
        return tr("Choose where the pack goes.");
    }
    return QFileInfo::exists(now.folder) ? tr("This exists already: choose another folder.") : QString();
}

void PackDialog::refresh()
{
    if (m_make != nullptr) {
        m_note->setText(objection());
        m_make->setEnabled(objection().isEmpty());
    }
}

}  // namespace duodiff::ui
