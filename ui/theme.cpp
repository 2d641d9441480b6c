// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QStyleFactory>
#include <QSvgRenderer>

#include <algorithm>
#include <cmath>

// Resources of a static library are linked in only where they are asked for, and the macro has to
// stand outside of every namespace.
static void initResources()
{
    Q_INIT_RESOURCE(resources);
}

namespace duodiff::ui
{

namespace
{

QByteArray readIcon(const QString& name)
{
    initResources();
    QFile file(QStringLiteral(":/duodiff/icons/%1.svg").arg(name));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Draws the SVG itself at whatever size and scale is asked for, so that it is never a scaled pixmap.
class ThemedIconEngine : public QIconEngine
{
public:
    ThemedIconEngine(QByteArray svg, QColor normal, QColor disabled)
        : m_svg(std::move(svg)), m_normal(std::move(normal)), m_disabled(std::move(disabled))
    {
    }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override
    {
        QByteArray svg = m_svg;
        const QColor color = mode == QIcon::Disabled ? m_disabled : m_normal;
        svg.replace("currentColor", color.name().toLatin1());
        QSvgRenderer renderer(svg);
        renderer.setAspectRatioMode(Qt::KeepAspectRatio);
        renderer.render(painter, QRectF(rect));
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }

    QIconEngine* clone() const override { return new ThemedIconEngine(*this); }

private:
    QByteArray m_svg;
    QColor m_normal;
    QColor m_disabled;
};

struct BundledFont {
    QString family;
    BundledFont()
    {
        initResources();
        for (const char* style : {"Regular", "Medium", "SemiBold"}) {
            const int id = QFontDatabase::addApplicationFont(
                QStringLiteral(":/duodiff/fonts/InterStudio-%1.otf").arg(QLatin1String(style)));
            const QStringList families = QFontDatabase::applicationFontFamilies(id);
            if (family.isEmpty() && !families.isEmpty()) {
                family = families.first();
            }
        }
    }
};

}  // namespace

Theme Theme::light()
{
    Theme theme;
    theme.kind = Kind::light;
    theme.window = QColor(0xf7f8fb);
    theme.panel = QColor(0xffffff);
    theme.field = QColor(0xffffff);
    theme.line = QColor(0xdcdfe8);
    theme.text = QColor(0x1c2029);
    theme.mutedText = QColor(0x5c6579);
    theme.faintText = QColor(0xa4abba);
    theme.accent = QColor(0x1d6feb);
    theme.accentHover = QColor(0x3a83f2);
    theme.onAccent = QColor(0xffffff);
    theme.good = QColor(0x1a7f37);
    theme.warning = QColor(0x9a6700);
    theme.bad = QColor(0xc62f3b);
    theme.mean = QColor(0x1d6feb);
    theme.prediction = QColor(0xe8710a);
    theme.band = QColor(0x3a, 0x45, 0x5c, 58);
    theme.trace = QColor(0xc2186b);
    theme.mark = QColor(0x2a2f3a);
    theme.shallow = QColor(0x2e9e78);
    theme.full = QColor(0x1d6feb);
    theme.earlyExit = QColor(0x7a5cd6);
    theme.ledger = {QColor(0x4f8df5), QColor(0x34a877), QColor(0xf0913a), QColor(0xa06ad8), QColor(0x9aa3b5)};
    return theme;
}

Theme Theme::dark()
{
    Theme theme;
    theme.kind = Kind::dark;
    theme.window = QColor(0x1c1d22);
    theme.panel = QColor(0x23262e);
    theme.field = QColor(0x1c1d22);
    theme.line = QColor(0x383c47);
    theme.text = QColor(0xe8eaf0);
    theme.mutedText = QColor(0x9aa1b2);
    theme.faintText = QColor(0x5f6675);
    theme.accent = QColor(0x5b9dff);
    theme.accentHover = QColor(0x7ab0ff);
    theme.onAccent = QColor(0x0d1b33);
    theme.good = QColor(0x4cc38a);
    theme.warning = QColor(0xe0b341);
    theme.bad = QColor(0xff6b6b);
    theme.mean = QColor(0x5b9dff);
    theme.prediction = QColor(0xff9a4a);
    theme.band = QColor(0xd8, 0xdc, 0xe6, 62);
    theme.trace = QColor(0xff7ac6);
    theme.mark = QColor(0xf2f4f8);
    theme.shallow = QColor(0x4cc38a);
    theme.full = QColor(0x5b9dff);
    theme.earlyExit = QColor(0xb39bff);
    theme.ledger = {QColor(0x5b9dff), QColor(0x4cc38a), QColor(0xff9a4a), QColor(0xb07cf0), QColor(0x6d7485)};
    return theme;
}

QPalette paletteOf(const Theme& theme)
{
    QPalette palette;
    palette.setColor(QPalette::Window, theme.panel);
    palette.setColor(QPalette::WindowText, theme.text);
    palette.setColor(QPalette::Base, theme.field);
    palette.setColor(QPalette::AlternateBase, theme.window);
    palette.setColor(QPalette::ToolTipBase, theme.isDark() ? QColor(0x2d313b) : QColor(0x2a2f3a));
    palette.setColor(QPalette::ToolTipText, QColor(0xf2f4f8));
    palette.setColor(QPalette::Text, theme.text);
    palette.setColor(QPalette::PlaceholderText, theme.mutedText);
    palette.setColor(QPalette::Button, theme.panel);
    palette.setColor(QPalette::ButtonText, theme.text);
    palette.setColor(QPalette::BrightText, theme.bad);
    palette.setColor(QPalette::Highlight, theme.accent);
    palette.setColor(QPalette::HighlightedText, theme.onAccent);
    palette.setColor(QPalette::Link, theme.accent);
    palette.setColor(QPalette::LinkVisited, theme.accent);
    palette.setColor(QPalette::Light, theme.isDark() ? theme.panel.lighter(130) : QColor(0xffffff));
    palette.setColor(QPalette::Midlight, theme.isDark() ? theme.panel.lighter(115) : QColor(0xf2f3f7));
    palette.setColor(QPalette::Mid, theme.line);
    palette.setColor(QPalette::Dark, theme.isDark() ? theme.window : QColor(0xc4c9d6));
    palette.setColor(QPalette::Shadow, theme.isDark() ? QColor(0x101116) : QColor(0x8b92a3));
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        palette.setColor(QPalette::Disabled, role, theme.faintText);
    }
    palette.setColor(QPalette::Disabled, QPalette::Highlight, theme.line);
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, theme.mutedText);
    return palette;
}

QString styleSheetOf(const Theme& theme)
{
    initResources();
    QFile file(QStringLiteral(":/duodiff/studio.qss"));
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    QString sheet = QString::fromUtf8(file.readAll());
    const std::pair<const char*, QString> names[] = {
        {"@window", theme.window.name()},
        {"@panel", theme.panel.name()},
        {"@field", theme.field.name()},
        {"@line", theme.line.name()},
        {"@mutedText", theme.mutedText.name()},
        {"@faintText", theme.faintText.name()},
        {"@text", theme.text.name()},
        {"@accentHover", theme.accentHover.name()},
        {"@accent", theme.accent.name()},
        {"@onAccent", theme.onAccent.name()},
        {"@hover", (theme.isDark() ? theme.panel.lighter(125) : QColor(0xeef1f7)).name()},
        {"@bad", theme.bad.name()},
        {"@warning", theme.warning.name()},
        {"@good", theme.good.name()},
        {"@kind", theme.isDark() ? QStringLiteral("dark") : QStringLiteral("light")},
    };
    for (const auto& [name, value] : names) {
        sheet.replace(QLatin1String(name), value);
    }
    return sheet;
}

void applyTheme(QApplication& application, const Theme& theme)
{
    application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    application.setFont(uiFont());
    application.setPalette(paletteOf(theme));
    application.setStyleSheet(styleSheetOf(theme));
}

QFont uiFont(double points, QFont::Weight weight)
{
    static const BundledFont bundled;
    QFont font = bundled.family.isEmpty() ? QFontDatabase::systemFont(QFontDatabase::GeneralFont)
                                          : QFont(bundled.family);
    font.setPointSizeF(points);
    font.setWeight(weight);
    font.setHintingPreference(QFont::PreferNoHinting);
    return font;
}

QIcon themedIcon(const QString& name, const Theme& theme, std::optional<QColor> color)
{
    QByteArray svg = readIcon(name);
    if (svg.isEmpty()) {
        return {};
    }
    return QIcon(new ThemedIconEngine(std::move(svg), color.value_or(theme.text), theme.faintText));
}

QIcon applicationIcon()
{
    QByteArray svg = readIcon(QStringLiteral("duodiff-studio"));
    return QIcon(new ThemedIconEngine(std::move(svg), Qt::black, Qt::black));
}

QColor heatColor(double share)
{
    static constexpr std::array<QRgb, 9> anchors = {0xff440154, 0xff472d7b, 0xff3b528b,
                                                    0xff2c728e, 0xff21918c, 0xff28ae80,
                                                    0xff5ec962, 0xffaddc30, 0xfffde725};
    const double position = std::clamp(share, 0.0, 1.0) * static_cast<double>(anchors.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(position), anchors.size() - 2);
    const double part = position - static_cast<double>(below);
    const QColor a = QColor::fromRgb(anchors[below]);
    const QColor b = QColor::fromRgb(anchors[below + 1]);
    const auto mix = [part](int from, int to) {
        return static_cast<int>(std::lround(from + part * (to - from)));
    };
    return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

}  // namespace duodiff::ui
