// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/kept_states.h"

#include "studio/studio.h"
#include "ui/cursor_panel.h"

#include <QSpinBox>

#include <vector>

namespace duodiff::studio
{

namespace
{

constexpr std::size_t megabyte = 1 << 20;
constexpr int refreshMs = 500;

}  // namespace

QString keptStepsText(const Trajectory* trajectory)
{
    if (trajectory == nullptr) {
        return KeptStates::tr("No step of this run is held: it was read from a file.");
    }
    if (trajectory->was_let_go()) {
        return KeptStates::tr("The steps of this run were let go to make room for others.");
    }
    if (!trajectory->run()) {
        return KeptStates::tr("No steps are kept yet.");
    }
    if (trajectory->bytes() == 0) {
        return trajectory->limit_bytes() == 0
                   ? KeptStates::tr("No step is kept, as the memory for them is 0 MB.")
                   : KeptStates::tr("No step is kept: a single one needs more memory than is given below.");
    }
    return trajectory->stride() == 1
               ? KeptStates::tr("Every step of this run is kept.")
               : KeptStates::tr("One step in %1 of this run is kept; pictures and branches take the nearest.")
                     .arg(trajectory->stride());
}

KeptStates::KeptStates(Studio& studio, int limitMegabytes) : QObject(&studio), m_studio(studio)
{
    auto* panel = studio.cursor().panel();
    panel->keptLimitBox()->setValue(limitMegabytes);
    setLimit(panel->keptLimitBox()->value());
    connect(panel, &ui::CursorPanel::keptLimitChanged, this, [this](int megabytes) {
        setLimit(megabytes);
        Q_EMIT limitChanged();
    });
    connect(&studio.run(), &RunController::started, this, &KeptStates::refresh);
    connect(&studio.window(), &ui::MainWindow::centreViewChanged, this, &KeptStates::refresh);
    m_whileRunning.setInterval(refreshMs);
    connect(&m_whileRunning, &QTimer::timeout, this, &KeptStates::showKept);
    refresh();
}

int KeptStates::limitMegabytes() const
{
    return m_studio.cursor().panel()->keptLimitBox()->value();
}

void KeptStates::setLimit(int megabytes)
{
    m_studio.run().budget().set_limit(static_cast<std::size_t>(megabytes) * megabyte);
    showKept();
}

const Trajectory* KeptStates::onDisplay() const
{
    if (m_studio.run().isRunning()) {
        return m_studio.run().trajectory().get();
    }
    return m_studio.kept() ? m_studio.kept()->trajectory.get() : nullptr;
}

void KeptStates::refresh()
{
    const bool running = m_studio.run().isRunning();
    std::vector<const Trajectory*> inUse{onDisplay()};
    if (running && m_studio.run().beginning()) {
        inUse.push_back(m_studio.run().beginning()->trajectory.get());
    }
    const TwinRun& twin = m_studio.twin();
    for (const KeptPointer& side : {twin.left(), twin.right()}) {
        if (side && (twin.isShown() || twin.isRunning())) {
            inUse.push_back(side->trajectory.get());
        }
    }
    m_studio.run().budget().set_in_use(inUse);
    running ? m_whileRunning.start() : m_whileRunning.stop();
    showKept();
}

void KeptStates::showKept()
{
    const bool none = !m_studio.run().isRunning() && !m_studio.kept();
    m_studio.cursor().panel()->setKept(
        none ? tr("No steps are kept yet.") : keptStepsText(onDisplay()),
        static_cast<double>(m_studio.run().budget().bytes()) / static_cast<double>(megabyte));
}

}  // namespace duodiff::studio
