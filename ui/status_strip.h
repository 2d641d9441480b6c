// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QWidget>

#include <cstdint>
#include <optional>

class QLabel;

namespace duodiff::ui
{

/// What the status bar says. Numbers that are not known yet are left out, not shown as zero.
struct Status {
    enum class Kind { idle, busy, working, bad };
    Kind kind = Kind::idle;
    QString state;  ///< "Ready", "Sampling", ...
    int step = 0;   ///< steps that have run of this batch
    int steps = 0;  ///< 0: no run
    int batch = 0;  ///< from 0
    int batches = 0;
    std::optional<double> msPerStep;
    std::optional<double> imagesPerSecond;
    std::optional<double> secondsLeft;
    bool leftIsBound = false;  ///< secondsLeft is an upper bound
    std::uint64_t memoryBytes = 0;
    std::optional<double> previewsPerSecond;
    std::optional<double> previewShare;  ///< of the wall time, 0..1
    QString machine;                     ///< "CPU · bf16 · 2 threads"
};

/// "9 s left", "3 min left", "2 h 10 min left".
QString timeLeftText(double seconds);

class StatusStrip : public QWidget
{
    Q_OBJECT

public:
    explicit StatusStrip(QWidget* parent = nullptr);

    void setStatus(const Status& status);
    const Status& status() const { return m_status; }
    void setTheme(const Theme& theme);
    QString textSummary() const;

private:
    QLabel* addLabel(const QString& toolTip, const char* name);
    void refresh();

    Theme m_theme;
    Status m_status;
    QLabel* m_state;
    QLabel* m_step;
    QLabel* m_rate;
    QLabel* m_images;
    QLabel* m_left;
    QLabel* m_memory;
    QLabel* m_previews;
    QLabel* m_machine;
};

}  // namespace duodiff::ui
