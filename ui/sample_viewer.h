// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QImage>
#include <QTimer>
#include <QWidget>

#include <cstdint>
#include <vector>

class QLabel;
class QSlider;
class QToolButton;

namespace duodiff::ui
{

/// The pictures that a training run draws, always from the same noise: a slider goes through its steps, so
/// that one sees them become sharp, and stays on the newest while it stands there.
class SampleViewer : public QWidget
{
    Q_OBJECT

public:
    explicit SampleViewer(QWidget* parent = nullptr);

    /// Steps that have a picture, ascending. The chosen one stays, unless it was the newest.
    void setSteps(std::vector<std::int64_t> steps);
    /// For the chosen step; a picture of another one is dropped.
    void setPicture(std::int64_t step, const QImage& picture);
    /// Where there is none yet.
    void setEmptyText(const QString& text);
    /// Negative: none.
    std::int64_t chosen() const;
    bool isPlaying() const { return m_timer.isActive(); }
    void setTheme(const Theme& theme);
    QSlider* slider() const { return m_slider; }
    QToolButton* playButton() const { return m_play; }
    const QImage& picture() const { return m_picture; }

    QSize sizeHint() const override { return {420, 300}; }
    QSize minimumSizeHint() const override { return {220, 150}; }

Q_SIGNALS:
    /// The picture of this step is wanted.
    void stepChosen(qint64 step);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void choose(int index);
    void setPlaying(bool playing);
    void paintPicture();
    void refresh();

    Theme m_theme;
    std::vector<std::int64_t> m_steps;
    int m_index = -1;
    QImage m_picture;
    QString m_emptyText;
    QWidget* m_canvas;
    QLabel* m_step;
    QSlider* m_slider;
    QToolButton* m_play;
    QTimer m_timer;
};

}  // namespace duodiff::ui
