// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/jobs.h"
#include "ui/pack_dialog.h"

#include <QObject>

#include <functional>

class QAction;
class QThread;

namespace duodiff::ui
{
class MainWindow;
}

namespace duodiff::studio
{

/// Makes a pack; called on a thread of its own. Throws EngineError.
using PackService = std::function<void(const ImportRequest&, const Progress&)>;

/// Point 21: offers to make a model pack of a bare checkpoint, and makes it beside the window's thread.
class PackMaker : public QObject
{
    Q_OBJECT

public:
    PackMaker(PackService service, ui::MainWindow& window, QObject* parent = nullptr);
    /// Waits for the pack that is being made: it is written whole.
    ~PackMaker() override;

    /// A bare checkpoint was opened: says by which convention, and offers a pack.
    void offer(const ModelInfo& info);
    /// Asks for a pack with these files filled in.
    void propose(const ui::PackChoice& choice) { ask(choice); }
    bool isBusy() const { return m_thread != nullptr; }
    QAction* action() const { return m_action; }

Q_SIGNALS:
    void made(const QString& folder);
    void failed();

private:
    void ask(const ui::PackChoice& choice);
    void make(const ui::PackChoice& choice);
    void end(const ui::PackChoice& choice, const Failure* failure);

    PackService m_service;
    ui::MainWindow& m_window;
    QAction* m_action = nullptr;
    ui::PackChoice m_proposed;  ///< for the checkpoint that is open
    QThread* m_thread = nullptr;
};

}  // namespace duodiff::studio
