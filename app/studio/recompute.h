// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/engine_thread.h"
#include "studio/exporter.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>

class QAction;

namespace duodiff::studio
{

class Studio;

/// Point 4, the images: those of the run on display are recomputed from the first step that another theta,
/// t_s or static layer changes, out of the states that it keeps; when the value is let go, at every move of
/// it (Live), or when asked to. What comes is, to the bit, the run with that value from the start. And the
/// probe run, which reads what a prediction does not know.
class Recompute : public QObject
{
    Q_OBJECT

public:
    explicit Recompute(Studio& studio);

    /// Another run is on display; `asked`: what it was asked for, where it ran here.
    void show(std::shared_ptr<const KeptRun> run, const std::optional<SamplingSettings>& asked);
    /// The values have moved, by hand or by undo. False where the run in progress is not one of these, and
    /// the values are to act on it.
    bool takeMove();
    /// From the first step that the value in the controls changes. False where nothing is to be done.
    bool begin();
    /// The run on display again, with every layer of every step read.
    bool beginProbeRun();

    /// The run in progress takes over from another one.
    bool isRunning() const { return m_own; }
    /// It was given up for another value.
    bool goesOn() const { return m_again; }

    bool onRelease() const;
    bool isLive() const;
    void setOnRelease(bool on);
    void setLive(bool on);
    QAction* liveAction() const { return m_live; }
    QAction* onReleaseAction() const { return m_onRelease; }
    QAction* nowAction() const { return m_now; }
    QAction* probeAction() const { return m_probe; }

Q_SIGNALS:
    void choiceChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    struct Change {
        int step = 0;  ///< the first that changes
        int t = 0;
        std::optional<double> ms;  ///< predicted, from it on
        bool atLeast = false;
    };

    void buildActions();
    void watchControls();
    void released();
    void followMove();
    /// Of the values in the controls against the run on display; nothing where its states are not there,
    /// where another run goes on, or where nothing changes.
    std::optional<Change> change() const;
    bool mayStart() const;
    /// Whether the controls are those of the run on display, but for the value.
    bool controlsFit() const;
    bool mayProbe() const;
    void onEnded();
    void goOn();
    void refreshChoice();
    void refresh();

    Studio& m_studio;
    QAction* m_now = nullptr;
    QAction* m_onRelease = nullptr;
    QAction* m_live = nullptr;
    QAction* m_probe = nullptr;
    std::shared_ptr<const KeptRun> m_kept;
    SamplingSettings m_asked;
    bool m_own = false;          ///< the run in progress is one of these
    bool m_again = false;        ///< it is given up, and another one follows
    bool m_probing = false;      ///< the run in progress is a probe run
    SamplingSettings m_running;  ///< of the run in progress, if it is one of these
    QTimer m_soon;               ///< runs while the next beginning has to wait
    bool m_movedSince = false;
};

}  // namespace duodiff::studio
