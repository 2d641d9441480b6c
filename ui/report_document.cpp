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
#include <QTextDocument>
#include <QTextObjectInterface>

#include <algorithm>
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

const QString plotName = QStringLiteral("duodiff:plot:%1");
const QString gridName = QStringLiteral("duodiff:grid");

/// Draws the exit-layer plots, as vectors, and the samples where the text has an <img> with their name.
/// The document has to be drawn with a QCPPainter: QCustomPlot paints with nothing else.
class ReportPictures : public QObject, public QTextObjectInterface
{
    Q_OBJECT
    Q_INTERFACES(QTextObjectInterface)

public:
    explicit ReportPictures(const QImage& grid) : m_grid(grid) {}

    /// Returns the picture's HTML.
    QString addPlot(const RunRecord& record)
    {
        m_plots.push_back(std::make_unique<ExitPlot>());
        m_plots.back()->showRecord(record);
        return html(plotName.arg(m_plots.size() - 1), plotSize);
    }

    QString gridHtml() const
    {
        const double fit = std::min({static_cast<double>(content.width()) / m_grid.width(),
                                     0.8 * content.height() / m_grid.height(), 3.0});
        return html(gridName, (QSizeF(m_grid.size()) * fit).toSize());
    }

    /// Only what lies on this part of the document is drawn. The text's layout also asks for a picture
    /// that it has moved to the next page, and QCustomPlot sets clip rectangles of its own.
    void setPage(const QRectF& part) { m_page = part; }

    QSizeF intrinsicSize(QTextDocument*, int, const QTextFormat& format) override
    {
        const QTextImageFormat image = format.toImageFormat();
        return {image.width(), image.height()};
    }

    void drawObject(QPainter* painter, const QRectF& rect, QTextDocument*, int,
                    const QTextFormat& format) override
    {
        if (!m_page.contains(rect.center())) {
            return;
        }
        const QString name = format.toImageFormat().name();
        if (name == gridName) {
            // Small pictures are enlarged here, by whole numbers: viewers would blur them.
            const int factor = std::clamp(2 * content.width() / std::max(m_grid.width(), 1), 1, 8);
            painter->drawImage(
                rect, m_grid.scaled(m_grid.size() * factor, Qt::KeepAspectRatio, Qt::FastTransformation));
            return;
        }
        const auto index = name.section(QLatin1Char(':'), -1).toULongLong();
        painter->save();
        painter->translate(rect.topLeft());
        m_plots.at(index)->paintLight(*static_cast<QCPPainter*>(painter), plotSize.width(),
                                      plotSize.height());
        painter->restore();
    }

private:
    static QString html(const QString& name, const QSize& size)
    {
        return QStringLiteral("<p><img src=\"%1\" width=\"%2\" height=\"%3\"/></p>")
            .arg(name)
            .arg(size.width())
            .arg(size.height());
    }

    QImage m_grid;
    QRectF m_page;
    std::vector<std::unique_ptr<ExitPlot>> m_plots;
};

QString compose(ReportPictures& pictures, const std::vector<RunRecord>& records, const QImage& grid)
{
    QString html = report::title(records.front());
    if (records.size() > 1) {
        html += report::heading(ExitPlot::tr("Comparison")) + report::comparisonTable(records);
    }
    for (const RunRecord& record : records) {
        const ReportNumbers numbers = report_numbers(record);
        if (records.size() > 1) {
            html += report::runHeading(record, &record != &records.front());
        }
        html += report::resultSentence(record, numbers) + pictures.addPlot(record) +
                report::phaseTransitionSentence(numbers);
        html += report::heading(ExitPlot::tr("Where the time went")) + report::ledgerTable(numbers);
        if (record.baseline || record.settings.policy != PolicyKind::full) {
            html += report::heading(ExitPlot::tr("Compared with the full network")) +
                    report::baselineTable(record, numbers);
        }
        html += report::heading(ExitPlot::tr("Network and layer")) + report::networkTable(numbers);
        html += report::heading(ExitPlot::tr("Settings")) + report::settingsTable(record);
        html += report::heading(ExitPlot::tr("Machine")) + report::machineTable(record.machine);
        html += report::heading(ExitPlot::tr("Model")) + report::modelTable(record.model);
    }
    if (!grid.isNull()) {
        const auto unfinished = records.front().unfinished.size();
        html += report::pageHeading(ExitPlot::tr("Samples")) + pictures.gridHtml();
        if (records.size() == 1 && unfinished > 0) {
            html += ExitPlot::tr("<p>%1 in dashed frames are unfinished.</p>").arg(unfinished);
        }
    }
    return html;
}

void drawPages(QTextDocument& document, ReportPictures& pictures, QPdfWriter& writer, QCPPainter& painter)
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
        pictures.setPage(part);
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

    ReportPictures pictures(grid);
    QTextDocument document;
    document.documentLayout()->registerHandler(QTextFormat::ImageObject, &pictures);
    document.setUseDesignMetrics(true);
    document.setDocumentMargin(0);
    document.setDefaultFont(plotFont(12));
    document.setDefaultStyleSheet(report::styleSheet());
    document.setHtml(compose(pictures, records, grid));
    document.setPageSize(content);

    QCPPainter painter;
    if (!painter.begin(&writer)) {
        file.cancelWriting();
        return fail(error, ExitPlot::tr("%1 could not be drawn.").arg(path));
    }
    painter.setMode(QCPPainter::pmVectorized);
    painter.setRenderHint(QPainter::LosslessImageRendering);
    drawPages(document, pictures, writer, painter);
    painter.end();
    if (!file.commit()) {
        return fail(error, ExitPlot::tr("%1 could not be written: %2.").arg(path, file.errorString()));
    }
    return true;
}

}  // namespace duodiff::ui

#include "report_document.moc"
