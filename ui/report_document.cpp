// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/report_document.h"

#include "report/report_numbers.h"
#include "ui/exit_plot.h"
#include "ui/plot_marks.h"
#include "ui/qcustomplot_wrapper.h"
#include "ui/report_tables.h"

#include <QAbstractTextDocumentLayout>
#include <QPageLayout>
#include <QPdfWriter>
#include <QSaveFile>
#include <QTextCursor>
#include <QTextDocument>
#include <QTextObjectInterface>
#include <QUrl>

#include <algorithm>
#include <cmath>
#include <memory>

namespace duodiff::ui
{

namespace
{

constexpr int dpi = 96;
constexpr QSize page(794, 1123);  // A4 at 96 dots an inch
constexpr int margin = 57;        // 15 mm
constexpr int footer = 24;
constexpr QSize content(page.width() - 2 * margin, page.height() - 2 * margin - footer);
constexpr QSize plotSize(content.width(), 270);
constexpr int plotObject = QTextFormat::UserObject + 1;
constexpr int plotIndex = QTextFormat::UserProperty + 1;

/// Draws the exit-layer plots where the text leaves room for them. The document has to be drawn with a
/// QCPPainter: QCustomPlot paints with nothing else.
class PlotObjects : public QObject, public QTextObjectInterface
{
    Q_OBJECT
    Q_INTERFACES(QTextObjectInterface)

public:
    void add(const RunRecord& record)
    {
        m_plots.push_back(std::make_unique<ExitPlot>());
        m_plots.back()->showRecord(record);
    }

    QSizeF intrinsicSize(QTextDocument*, int, const QTextFormat&) override { return plotSize; }

    void drawObject(QPainter* painter, const QRectF& rect, QTextDocument*, int,
                    const QTextFormat& format) override
    {
        const auto index = static_cast<std::size_t>(format.property(plotIndex).toInt());
        auto* plotPainter = static_cast<QCPPainter*>(painter);
        painter->save();
        painter->translate(rect.topLeft());
        m_plots.at(index)->paintLight(*plotPainter, plotSize.width(), plotSize.height());
        painter->restore();
    }

private:
    std::vector<std::unique_ptr<ExitPlot>> m_plots;
};

void insertPlot(QTextCursor& cursor, int index)
{
    QTextCharFormat format;
    format.setObjectType(plotObject);
    format.setProperty(plotIndex, index);
    cursor.insertBlock(QTextBlockFormat(), QTextCharFormat());
    cursor.insertText(QString(QChar::ObjectReplacementCharacter), format);
}

void insertHtml(QTextCursor& cursor, const QString& html)
{
    cursor.insertBlock(QTextBlockFormat(), QTextCharFormat());
    cursor.insertHtml(html);
}

void insertGrid(QTextDocument& document, QTextCursor& cursor, const QImage& grid)
{
    if (grid.isNull()) {
        return;
    }
    // Small pictures are enlarged here, by whole numbers: viewers would blur them.
    const int factor = std::clamp(2 * content.width() / std::max(grid.width(), 1), 1, 8);
    const QImage large = grid.scaled(grid.size() * factor, Qt::KeepAspectRatio, Qt::FastTransformation);
    const double fit = std::min(
        {static_cast<double>(content.width()) / grid.width(), 0.8 * content.height() / grid.height(), 3.0});
    const QUrl name(QStringLiteral("duodiff:grid"));
    document.addResource(QTextDocument::ImageResource, name, large);
    insertHtml(cursor, report::heading(ExitPlot::tr("Samples")));
    QTextImageFormat image;
    image.setName(name.toString());
    image.setWidth(std::floor(grid.width() * fit));
    image.setHeight(std::floor(grid.height() * fit));
    cursor.insertBlock(QTextBlockFormat(), QTextCharFormat());
    cursor.insertImage(image);
}

void compose(QTextDocument& document, PlotObjects& plots, const std::vector<RunRecord>& records,
             const QImage& grid)
{
    QTextCursor cursor(&document);
    cursor.insertHtml(report::title(records.front()));
    if (records.size() > 1) {
        insertHtml(cursor, report::heading(ExitPlot::tr("Comparison")));
        insertHtml(cursor, report::comparisonTable(records));
    }
    for (std::size_t run = 0; run < records.size(); ++run) {
        const RunRecord& record = records[run];
        const ReportNumbers numbers = report_numbers(record);
        if (records.size() > 1) {
            insertHtml(cursor, report::runHeading(record));
        }
        insertHtml(cursor, report::resultSentence(record, numbers));
        plots.add(record);
        insertPlot(cursor, static_cast<int>(run));
        insertHtml(cursor, report::phaseTransitionSentence(numbers));
        insertHtml(cursor, report::heading(ExitPlot::tr("Where the time went")));
        insertHtml(cursor, report::ledgerTable(numbers));
        insertHtml(cursor, report::heading(ExitPlot::tr("Network and layer")));
        insertHtml(cursor, report::networkTable(numbers));
        insertHtml(cursor, report::heading(ExitPlot::tr("Settings")));
        insertHtml(cursor, report::settingsTable(record));
        insertHtml(cursor, report::heading(ExitPlot::tr("Machine")));
        insertHtml(cursor, report::machineTable(record.machine));
        insertHtml(cursor, report::heading(ExitPlot::tr("Model")));
        insertHtml(cursor, report::modelTable(record.model));
    }
    insertGrid(document, cursor, grid);
}

void drawPages(QTextDocument& document, QPdfWriter& writer, QCPPainter& painter)
{
    const int pages = document.pageCount();
    for (int number = 0; number < pages; ++number) {
        if (number > 0) {
            writer.newPage();
        }
        painter.save();
        painter.translate(margin, margin - number * content.height());
        const QRectF part(0, number * content.height(), content.width(), content.height());
        QAbstractTextDocumentLayout::PaintContext context;
        context.clip = part;
        context.palette.setColor(QPalette::Text, Theme::light().text);
        painter.setClipRect(part);
        document.documentLayout()->draw(&painter, context);
        painter.restore();
        painter.setFont(plotFont(10));
        painter.setPen(Theme::light().mutedText);
        const QRect line(margin, page.height() - margin - footer / 2, content.width(), footer);
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter,
                         ExitPlot::tr("DuoDiff Studio · timing report"));
        painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter,
                         ExitPlot::tr("page %1 of %2").arg(number + 1).arg(pages));
    }
}

bool fail(QString* error, const QString& why)
{
    if (error) {
        *error = why;
    }
    return false;
}

}  // namespace

bool writeReportPdf(const std::vector<RunRecord>& records, const QImage& grid, const QString& path,
                    QString* error)
{
    if (records.empty()) {
        return fail(error, ExitPlot::tr("There is no run to report."));
    }
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) {
        return fail(error, ExitPlot::tr("%1 cannot be written: %2.").arg(path, file.errorString()));
    }
    QPdfWriter writer(&file);
    writer.setResolution(dpi);
    writer.setPageLayout(QPageLayout(QPageSize(QPageSize::A4), QPageLayout::Portrait, QMarginsF()));
    writer.setTitle(ExitPlot::tr("DuoDiff timing report"));
    writer.setCreator(QString::fromStdString(records.front().machine.program));

    PlotObjects plots;
    QTextDocument document;
    document.documentLayout()->registerHandler(plotObject, &plots);
    document.setUseDesignMetrics(true);
    document.setDocumentMargin(0);
    document.setDefaultFont(plotFont(12));
    document.setDefaultStyleSheet(report::styleSheet());
    document.setPageSize(content);
    compose(document, plots, records, grid);

    QCPPainter painter;
    if (!painter.begin(&writer)) {
        file.cancelWriting();
        return fail(error, ExitPlot::tr("%1 could not be drawn.").arg(path));
    }
    painter.setMode(QCPPainter::pmVectorized);
    drawPages(document, writer, painter);
    painter.end();
    if (!file.commit()) {
        return fail(error, ExitPlot::tr("%1 could not be written: %2.").arg(path, file.errorString()));
    }
    return true;
}

}  // namespace duodiff::ui

#include "report_document.moc"
