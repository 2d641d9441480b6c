// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/trajectory.h"

#include <QObject>
#include <QString>
#include <QTimer>

namespace duodiff::studio
{

class Studio;

/// What is kept of a run's steps, and what that means for the cursor and for branches, in words.
QString keptStepsText(const Trajectory* trajectory);

/// The one bound over the steps that are kept of all runs: says which runs are in use, shows what is kept,
/// and takes the bound from the panel of the cursor.
class KeptStates : public QObject
{
    Q_OBJECT

public:
    KeptStates(Studio& studio, int limitMegabytes);

    int limitMegabytes() const;
    /// Looks anew at what is in use and what is held.
    void refresh();

Q_SIGNALS:
    void limitChanged();

private:
    void setLimit(int megabytes);
    const Trajectory* onDisplay() const;
    void showKept();

    Studio& m_studio;
    QTimer m_whileRunning;
};

}  // namespace duodiff::studio
