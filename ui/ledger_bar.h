// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme.h"

#include <QString>
#include <QWidget>

#include <vector>

namespace duodiff::ui
{

/// A thin bar of coloured parts. Parts below zero count as zero.
class LedgerBar : public QWidget
{
    Q_OBJECT

public:
    struct Part {
        QString name;
        QString value;  ///< as shown in the tooltip
        double amount = 0.0;
        QColor color;
    };

    explicit LedgerBar(QWidget* parent = nullptr);
    void setParts(std::vector<Part> parts);
    void setGround(const QColor& color);
    const std::vector<Part>& parts() const { return m_parts; }
    QSize sizeHint() const override { return {200, 10}; }
    QSize minimumSizeHint() const override { return {40, 10}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    double total() const;

    std::vector<Part> m_parts;
    QColor m_ground;
};

}  // namespace duodiff::ui
