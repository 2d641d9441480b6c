// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHBoxLayout>

namespace duodiff::ui
{

/// A row for texts that change several times a second. An ordinary layout has the whole window laid out again
/// at every new text; this one only where what the row shows has another number of visible parts, or a part
/// that no longer fits in the place it has.
class SteadyRow : public QHBoxLayout
{
    Q_OBJECT

public:
    explicit SteadyRow(QWidget* parent = nullptr);

    /// A row in a widget of its own at the end of `layout`, whose widgets get `parent`.
    static SteadyRow* addTo(QBoxLayout& layout, QWidget* parent);

    void invalidate() override;
    void setGeometry(const QRect& rect) override;

private:
    bool fits() const;
    int visibleItems() const;

    int m_laidOut = -1;  ///< parts that had a place when it was laid out; -1: not yet
};

}  // namespace duodiff::ui
