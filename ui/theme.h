// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QPalette>
#include <QString>

#include <array>
#include <optional>

class QApplication;

namespace duodiff::ui
{

/// Every colour the window paints with. A value: widgets keep a copy and repaint on `setTheme`.
struct Theme {
    enum class Kind { light, dark };
    Kind kind = Kind::dark;

    QColor window;  ///< ground of the pictures
    QColor panel;   ///< docks, bars
    QColor field;   ///< inside of inputs and of the plot
    QColor line;    ///< hairlines and borders
    QColor text;
    QColor mutedText;
    QColor faintText;  ///< disabled
    QColor accent;
    QColor accentHover;
    QColor onAccent;  ///< text on the accent
    QColor good;
    QColor warning;
    QColor bad;

    QColor mean;        ///< measured: solid
    QColor prediction;  ///< predicted: dashed
    QColor band;        ///< one standard deviation, translucent
    QColor trace;       ///< one image's exit layers
    QColor mark;        ///< phase transition, crosshair, switch line
    QColor shallow;     ///< the networks in the plot's strip
    QColor full;
    QColor earlyExit;

    /// Parts of the ledger bar: blocks; probes and heads; solver and noise; previews; other.
    std::array<QColor, 5> ledger;

    bool isDark() const { return kind == Kind::dark; }
    static Theme light();
    static Theme dark();
    static Theme of(Kind kind) { return kind == Kind::dark ? dark() : light(); }
};

QPalette paletteOf(const Theme& theme);
/// resources/studio.qss with the theme's colours. Widgets take part through the dynamic property
/// "role": labels "section" (the small heading above a group) and "muted"; buttons "primary" (the one
/// accented button), "quiet" (no frame), "segment" (a checkable button of a row; the
/// row's ends have the property "place": "first" and "last"), "chip" (a checkable pill).
QString styleSheetOf(const Theme& theme);

/// Fusion style, palette, style sheet and the bundled font, for the whole application.
void applyTheme(QApplication& application, const Theme& theme);

/// The bundled font (figures of equal width); falls back to the system's where it cannot be loaded.
QFont uiFont(double points = 10.0, QFont::Weight weight = QFont::Normal);

/// An icon of resources/icons by its file name without suffix, in `color` (unset: the theme's text
/// colour; faint where disabled), sharp at every scale. Null for an unknown name.
QIcon themedIcon(const QString& name, const Theme& theme, std::optional<QColor> color = {});
QIcon applicationIcon();

/// Viridis (Smith and van der Walt, CC0): perceptually even, safe for colour-blind people. `share` in
/// 0..1.
QColor heatColor(double share);

}  // namespace duodiff::ui
