// SPDX-License-Identifier: GPL-3.0-or-later
// How it must look: contrast, palettes, icons, figures.
#include "ui/theme.h"

#include <QDir>
#include <QFile>
#include <QFontMetricsF>
#include <QImage>
#include <QPixmap>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <cmath>

using duodiff::ui::Theme;
using namespace duodiff;

namespace
{

double linear(double channel)
{
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& color)
{
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

/// WCAG 2.1
double contrast(const QColor& a, const QColor& b)
{
    const auto [low, high] = std::minmax({luminance(a), luminance(b)});
    return (high + 0.05) / (low + 0.05);
}

/// CIE 1976 L*
double lightness(const QColor& color)
{
    const double y = luminance(color);
    return y > 0.008856 ? 116.0 * std::cbrt(y) - 16.0 : 903.3 * y;
}

}  // namespace

class TestTheme : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void textCanBeReadInBothThemes()
    {
        for (const Theme& theme : {Theme::light(), Theme::dark()}) {
            for (const QColor& ground : {theme.panel, theme.window, theme.field}) {
                QVERIFY(contrast(theme.text, ground) >= 7.0);
                QVERIFY(contrast(theme.mutedText, ground) >= 4.5);
                QVERIFY(contrast(theme.bad, ground) >= 4.5);
                QVERIFY(contrast(theme.mean, ground) >= 3.0);
            }
            QVERIFY(contrast(theme.onAccent, theme.accent) >= 4.5);
        }
    }

    void heatColoursGrowEvenlyLighter()
    {
        double former = lightness(ui::heatColor(0.0));
        for (int step = 1; step <= 20; ++step) {
            const double here = lightness(ui::heatColor(step / 20.0));
            QVERIFY2(here - former > 2.0 && here - former < 6.5, qPrintable(QString::number(here - former)));
            former = here;
        }
        QCOMPARE(ui::heatColor(-1.0), ui::heatColor(0.0));
        QCOMPARE(ui::heatColor(2.0), ui::heatColor(1.0));
    }

    void everyColourOfTheStyleSheetIsNamedByTheTheme()
    {
        for (const Theme& theme : {Theme::light(), Theme::dark()}) {
            const QString sheet = ui::styleSheetOf(theme);
            QVERIFY(sheet.contains(theme.accent.name()));
            static const QRegularExpression leftOver(QStringLiteral("[:\\s-]@\\w+[^\\n]*;"));
            QVERIFY2(!leftOver.match(sheet).hasMatch(), qPrintable(leftOver.match(sheet).captured()));
            static const QRegularExpression picture(QStringLiteral("url\\(([^)]+)\\)"));
            auto pictures = picture.globalMatch(sheet);
            while (pictures.hasNext()) {
                const QString path = pictures.next().captured(1);
                QVERIFY2(QFile::exists(path), qPrintable(path));
            }
        }
    }

    void everyIconIsDrawnInTheThemesColourAndSharpAtEveryScale()
    {
        QVERIFY(!ui::applicationIcon().isNull());
        const QStringList files = QDir(QStringLiteral(":/duodiff/icons")).entryList();
        QVERIFY(files.size() > 15);
        for (const QString& file : files) {
            // Those of the style sheet are drawn for one theme each.
            if (file.endsWith(QStringLiteral("-dark.svg")) || file.endsWith(QStringLiteral("-light.svg")) ||
                file.startsWith(QStringLiteral("duodiff-"))) {
                continue;
            }
            const QIcon icon = ui::themedIcon(QFileInfo(file).completeBaseName(), Theme::dark());
            QVERIFY2(!icon.isNull(), qPrintable(file));
            const QImage image = icon.pixmap(QSize(20, 20), 2.0).toImage();
            QCOMPARE(image.width(), 40);
            bool painted = false;
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x) {
                    painted = painted || image.pixelColor(x, y) == Theme::dark().text;
                }
            }
            QVERIFY2(painted, qPrintable(file));
        }
        QVERIFY(ui::themedIcon(QStringLiteral("no such icon"), Theme::dark()).isNull());
    }

    void iconsShareOneStrokeWeight()
    {
        ui::applicationIcon();
        QDir folder(QStringLiteral(":/duodiff/icons"));
        for (const QString& name : folder.entryList()) {
            QFile file(folder.filePath(name));
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray svg = file.readAll();
            if (svg.contains("currentColor")) {
                QCOMPARE(svg.count("stroke-width"), 1);
                QVERIFY2(svg.contains("stroke-width=\"1.6\""), qPrintable(name));
            }
        }
    }

    void figuresOfTheBundledFontAreEquallyWide()
    {
        for (const QFont::Weight weight : {QFont::Normal, QFont::Medium, QFont::DemiBold}) {
            const QFont font = ui::uiFont(12.0, weight);
            QCOMPARE(QFontInfo(font).family(), QStringLiteral("Inter Studio"));
            QCOMPARE(QFontInfo(font).weight(), int(weight));
            const QFontMetricsF metrics(font);
            for (QChar digit = u'1'; digit <= u'9'; digit = QChar(digit.unicode() + 1)) {
                // Qt rounds an advance to a 64th of a pixel.
                QVERIFY(std::abs(metrics.horizontalAdvance(digit) - metrics.horizontalAdvance(u'0')) < 0.02);
            }
            for (const QChar letter : QStringLiteral("θσ±×−·→ₛ₀…≈≤")) {
                QVERIFY2(metrics.inFont(letter), qPrintable(QString(letter)));
            }
        }
    }
};

QTEST_MAIN(TestTheme)
#include "test_theme.moc"
