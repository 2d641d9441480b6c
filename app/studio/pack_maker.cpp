// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/pack_maker.h"

#include "ui/main_window.h"
#include "ui/message_bar.h"

#include <QAction>
#include <QFileInfo>
#include <QMetaObject>
#include <QThread>

#include <algorithm>
#include <optional>
#include <utility>

namespace duodiff::studio
{

namespace
{

ImportRequest requestOf(const ui::PackChoice& choice)
{
    ImportRequest request;
    request.full = choice.full.toStdU16String();
    request.shallow = choice.shallow.toStdU16String();
    request.early_exit = choice.earlyExit.toStdU16String();
    request.output = choice.folder.toStdU16String();
    request.name = choice.name.toStdString();
    return request;
}

}  // namespace

PackMaker::PackMaker(PackService service, ui::MainWindow& window, QObject* parent)
    : QObject(parent), m_service(std::move(service)), m_window(window)
{
    m_action = window.addAction(ui::MenuKind::file, tr("&Make a model pack…"), QStringLiteral("Ctrl+Shift+I"),
                                tr("Join the checkpoints of a model into a pack that the studio opens"));
    m_action->setEnabled(static_cast<bool>(m_service));
    connect(m_action, &QAction::triggered, this, [this] { ask(m_proposed); });
}

PackMaker::~PackMaker()
{
    if (m_thread != nullptr) {
        m_thread->wait();
        delete m_thread;
    }
}

void PackMaker::offer(const ModelInfo& info)
{
    const QString path = QString::fromStdString(info.summary.path);
    m_proposed = {};
    if (!info.is_pack) {
        const QFileInfo file(path);
        (info.has_early_exit ? m_proposed.earlyExit : m_proposed.full) = path;
        m_proposed.name = file.completeBaseName();
        m_proposed.folder =
            file.path() + QLatin1Char('/') + file.completeBaseName() + QStringLiteral("-pack");
        ui::Message message;
        message.what = tr("Opened as a checkpoint in the convention of the %1.")
                           .arg(QString::fromStdString(info.convention));
        message.remedy = tr("A model pack joins the full, the shallow and the early-exit network.");
        if (m_service) {
            message.actions = {{tr("Make a pack…"), [this, choice = m_proposed] { ask(choice); }}};
        }
        m_window.messages()->post(std::move(message));
    }
}

void PackMaker::ask(const ui::PackChoice& choice)
{
    if (isBusy()) {
        return;
    }
    auto* dialog = new ui::PackDialog(choice, &m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { make(dialog->choice()); });
    dialog->show();
}

void PackMaker::make(const ui::PackChoice& choice)
{
    if (isBusy()) {
        return;
    }
    m_action->setEnabled(false);
    m_window.setProgress(-1.0);
    ui::Message message;
    message.what = tr("Making the pack %1…").arg(QFileInfo(choice.folder).fileName());
    m_window.messages()->post(std::move(message));
    m_thread = QThread::create([this, choice] {
        const Progress progress = [this](const std::string&, double fraction) {
            QMetaObject::invokeMethod(
                this, [this, fraction] { m_window.setProgress(std::min(fraction, 0.999)); },
                Qt::QueuedConnection);
        };
        std::optional<Failure> failure;
        try {
            m_service(requestOf(choice), progress);
        } catch (...) {
            failure = current_failure(choice.folder.toStdString());
        }
        QMetaObject::invokeMethod(
            this, [this, choice, failure] { end(choice, failure ? &*failure : nullptr); },
            Qt::QueuedConnection);
    });
    m_thread->start();
}

void PackMaker::end(const ui::PackChoice& choice, const Failure* failure)
{
    m_thread->wait();
    delete std::exchange(m_thread, nullptr);
    m_action->setEnabled(true);
    m_window.setProgress(1.0);
    m_window.messages()->clearNotices();
    if (failure != nullptr) {
        m_window.messages()->postFailure(*failure, {{tr("Retry"), [this, choice] { ask(choice); }}});
        Q_EMIT failed();
        return;
    }
    Q_EMIT made(choice.folder);
}

}  // namespace duodiff::studio
