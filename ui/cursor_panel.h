// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/cursor_data.h"
#include "ui/theme.h"

#include <QAbstractTableModel>
#include <QWidget>

#include <optional>

class QLabel;
class QLayout;
class QSpinBox;
class QTableView;
class QToolButton;

namespace duodiff::ui
{

class UncertaintyPlot;

/// The numbers of every layer at the time cursor.
class LayerTable : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { layer, leaving, mean, deviation, own, columns };

    using QAbstractTableModel::QAbstractTableModel;

    void display(const std::optional<AtCursor>& at);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::optional<AtCursor> m_at;
};

/// Points 8 and 9, "At the cursor": the uncertainty of every layer at the step under the time cursor, as a
/// curve and as a table, and the keys and buttons that move the cursor.
class CursorPanel : public QWidget
{
    Q_OBJECT

public:
    explicit CursorPanel(QWidget* parent = nullptr);

    /// None: no step to show.
    void display(const std::optional<AtCursor>& at);
    const std::optional<AtCursor>& displayed() const { return m_at; }
    /// What is said where nothing is displayed.
    void setEmptyMessage(const QString& message);
    /// Whether the cursor can be moved by itself, and is.
    void setPlayable(bool playable, const QString& reason = {});
    void setPlaying(bool playing);
    int rate() const;  ///< steps a second
    /// What is kept of the run on display, in words, and the megabytes that all kept steps take.
    void setKept(const QString& ofThisRun, double usedMegabytes);
    const QString& keptText() const { return m_keptText; }
    void setTheme(const Theme& theme);
    QString textSummary() const;

    /// Point 9, the map over the pictures: whether it is on, the layers that it can be of and the one it is
    /// of. `reason`: why there can be none; empty: there can.
    void setMap(bool on, int firstLayer, int lastLayer, int layer, const QString& reason);
    QToolButton* mapButton() const { return m_map; }
    QSpinBox* mapLayerBox() const { return m_mapLayer; }
    QString mapNote() const;

    QToolButton* playButton() const { return m_play; }
    QSpinBox* rateBox() const { return m_rate; }
    QSpinBox* keptLimitBox() const { return m_keptLimit; }
    LayerTable* table() const { return m_table; }

    QSize sizeHint() const override { return {240, 330}; }

Q_SIGNALS:
    void mapRequested(bool on);
    void mapLayerChosen(int layer);
    void playRequested();
    /// By so many steps, from where the cursor is.
    void moveRequested(int steps);
    void firstRequested();
    void lastRequested();
    void keptLimitChanged(int megabytes);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QLayout* buildMapLine();
    void addKeptLine();
    bool moveByKey(const QKeyEvent& event);
    QString headline() const;
    QString note() const;
    void updateTexts();
    void showTexts();

    Theme m_theme;
    std::optional<AtCursor> m_at;
    QString m_emptyMessage;
    QString m_playReason;
    double m_usedMegabytes = 0.0;
    bool m_textsAreOld = false;
    bool m_playing = false;
    bool m_playable = false;
    QLabel* m_headline;
    QLabel* m_note;
    QToolButton* m_play;
    QSpinBox* m_rate;
    QToolButton* m_map;
    QSpinBox* m_mapLayer;
    QLabel* m_mapNote;
    UncertaintyPlot* m_curve;
    LayerTable* m_table;
    QTableView* m_view;
    QString m_keptText;
    QLabel* m_kept;
    QLabel* m_keptUsed;
    QSpinBox* m_keptLimit;
};

}  // namespace duodiff::ui
