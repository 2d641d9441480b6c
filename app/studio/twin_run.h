// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/job.h"
#include "studio/kept_run.h"

#include "stream/quality.h"
#include "ui/twin_view.h"

#include <QObject>

#include <memory>
#include <optional>
#include <vector>

class QAction;

namespace duodiff::studio
{

class Studio;
using KeptPointer = std::shared_ptr<const KeptRun>;

/// "Full", "DuoDiff t_s = 300", "AdaDiff θ = 0.080", "Layer 5".
QString policyText(const SamplingSettings& settings);

/// Point 11: the full network and the chosen policy from the same noise, one after the other, and both in the
/// twin view: live from the states of the first run, and at the end from the finished images. The full run
/// is left out where one with otherwise equal settings is there already. Other features bring their own pairs
/// with compare().
class TwinRun : public QObject
{
    Q_OBJECT

public:
    explicit TwinRun(Studio& studio);
    ~TwinRun() override;

    /// From the controls. False, with a message, where it cannot begin.
    bool start();
    /// Between start() and the end of the second run.
    bool isRunning() const { return m_phase != Phase::idle; }
    /// Shows two finished runs, without running anything.
    void compare(KeptPointer left, KeptPointer right, const QString& leftName, const QString& rightName);
    /// The twin view in the place of the previews, or these again.
    void setShown(bool shown);
    bool isShown() const;

    ui::TwinView& view() { return *m_view; }
    const KeptPointer& left() const { return m_left; }
    const KeptPointer& right() const { return m_right; }

Q_SIGNALS:
    /// Both are there and compared; the curve may still be missing.
    void finished();
    /// The curve of PSNR against t is there.
    void curveReady();

private:
    enum class Phase { idle, full, accelerated };

    void buildActions();
    void onRunEnded(JobState state);
    void onFrame(const Frame& frame);
    bool isFullRunFor(const SamplingSettings& settings) const;
    void beginAccelerated();
    void showPair();
    void computeCurve();
    void showStep(int stepsDone);
    void showEnd();
    QString speedNote() const;
    void updateActions();

    Studio& m_studio;
    ui::TwinView* m_view;
    QAction* m_start = nullptr;
    QAction* m_close = nullptr;
    std::vector<QAction*> m_modes;

    Phase m_phase = Phase::idle;
    SamplingSettings m_wanted;        ///< of the accelerated run
    SamplingSettings m_fullSettings;  ///< as asked for; the record has them resolved
    KeptPointer m_full;               ///< the last finished run of the full network
    KeptPointer m_left;
    KeptPointer m_right;
    quint64 m_curveOf = 0;  ///< counts pairs, so that a late curve of another one is dropped
};

}  // namespace duodiff::studio
