// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio/engine_thread.h"
#include "studio/exporter.h"

#include <QObject>

#include <map>
#include <memory>
#include <optional>

class QAction;

namespace duodiff::studio
{

class Studio;

/// Point 9: the uncertainty of every patch after the chosen layer, at the step under the time cursor, over
/// the pictures of the x_t that it is read from. The engine reads it from the states of the run on display,
/// one batch after the other, the newest wish first.
class UncertaintyMap : public QObject
{
    Q_OBJECT

public:
    explicit UncertaintyMap(Studio& studio);

    /// The run on display, with or without its states.
    void show(std::shared_ptr<const KeptRun> run);
    QAction* action() const { return m_action; }
    /// Steps done of the x_t that all pictures have their maps of; nothing while one is missing.
    std::optional<int> stepsDone() const;

Q_SIGNALS:
    /// The maps of every batch are over the pictures.
    void shown();

private:
    void connectEngine();
    void refresh();
    void readNext();
    void receive(const std::shared_ptr<const LayerUncertainty>& read);
    void paint();
    void clear();
    /// Why there can be no map; empty: there can.
    QString objection() const;
    int layer() const;
    int firstLayer() const;
    int lastLayer() const;

    Studio& m_studio;
    QAction* m_action;
    std::shared_ptr<const KeptRun> m_kept;
    std::optional<int> m_layer;  ///< as chosen
    QString m_noMaps;            ///< what the engine said of the model that is open
    int m_step = -1;             ///< whose maps are held or being read
    int m_batch = 0;             ///< that comes next
    std::map<int, std::shared_ptr<const LayerUncertainty>> m_read;  ///< by batch
    JobPointer m_job;
};

}  // namespace duodiff::studio
