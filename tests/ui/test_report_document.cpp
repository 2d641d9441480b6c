// SPDX-License-Identifier: GPL-3.0-or-later
// Point 17: the report as PDF.
#include "report/report_numbers.h"
#include "ui/report_document.h"
#include "ui/report_tables.h"
#include "ui/synthetic_run.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace duodiff;

namespace
{

QImage someGrid()
{
    QImage grid(90, 60, QImage::Format_RGB32);
    grid.fill(Qt::darkCyan);
    return grid;
}

QByteArray read(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// The PDF's words with single spaces; empty where poppler's pdftotext is absent.
QString wordsOf(const QString& path)
{
    const QString program = QStandardPaths::findExecutable(QStringLiteral("pdftotext"));
    QProcess process;
    process.start(program, {QStringLiteral("-layout"), path, QStringLiteral("-")});
    process.waitForFinished();
    return QString::fromUtf8(process.readAllStandardOutput()).simplified();
}

}  // namespace

class TestReportDocument : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theReportIsAWholePdfForEveryPolicy()
    {
        QTemporaryDir folder;
        for (const PolicyKind policy : test::everyPolicy) {
            const QString path = folder.filePath(QStringLiteral("report.pdf"));
            QString error;
            const bool written = ui::writeReportPdf({test::syntheticRecord(test::syntheticSettings(policy))},
                                                    someGrid(), path, &error);
            QVERIFY2(written, qPrintable(error));
            const QByteArray bytes = read(path);
            QVERIFY(bytes.startsWith("%PDF-"));
            QVERIFY(bytes.trimmed().endsWith("%%EOF"));
        }
        QCOMPARE(QDir(folder.path()).entryList(QDir::Files).size(), 1);
    }

    void itsNumbersAreThoseOfTheRecord()
    {
        if (QStandardPaths::findExecutable(QStringLiteral("pdftotext")).isEmpty()) {
            QSKIP("pdftotext is absent");
        }
        QTemporaryDir folder;
        RunRecord record = test::syntheticRecord(test::syntheticSettings(PolicyKind::adadiff, 100));
        record.baseline = BaselineRecord{4200.0, "full, seed 7, 10 images"};
        const QString path = folder.filePath(QStringLiteral("report.pdf"));
        QVERIFY(ui::writeReportPdf({record}, QImage(), path));
        const QString words = wordsOf(path);
        const ReportNumbers numbers = report_numbers(record);
        QVERIFY(numbers.phase_transition.has_value());
        QStringList expected = {
            QString::fromStdString(policy_label(record.settings)),
            QStringLiteral("Phase transition at t = %1").arg(numbers.phase_transition->t),
            QString::fromStdString(share_text(numbers.block_share)),
            QString::fromStdString(factor_text(numbers.speed_up->factor)),
            QString::fromStdString(duration_text(record.ledger.wall)),
            QString::fromStdString(record.machine.cpu),
            QString::fromStdString(record.model.sha256.at("full")),
        };
        for (const LayerNumbers& layer : numbers.networks.front().layers) {
            if (layer.layer == 0 && layer.leaving == 0) {
                continue;
            }
            expected << QStringLiteral("layer %1 %2")
                            .arg(layer.layer)
                            .arg(QString::fromStdString(count_text(layer.executions)));
        }
        for (const QString& text : expected) {
            QVERIFY2(words.contains(text.simplified()), qPrintable(text));
        }
    }

    void severalRunsAreComparedFirst()
    {
        QTemporaryDir folder;
        std::vector<RunRecord> records;
        for (const PolicyKind policy : test::everyPolicy) {
            records.push_back(test::syntheticRecord(test::syntheticSettings(policy)));
        }
        const QString path = folder.filePath(QStringLiteral("report.pdf"));
        QVERIFY(ui::writeReportPdf(records, someGrid(), path));
        const QString table = ui::report::comparisonTable(records);
        for (const RunRecord& record : records) {
            QVERIFY(table.contains(QString::fromStdString(policy_label(record.settings)).toHtmlEscaped()));
        }
        if (!QStandardPaths::findExecutable(QStringLiteral("pdftotext")).isEmpty()) {
            const QString words = wordsOf(path);
            QVERIFY(words.indexOf(QStringLiteral("Comparison")) <
                    words.indexOf(QStringLiteral("Where the time went")));
            QCOMPARE(words.count(QStringLiteral("Where the time went")), 4);
        }
    }

    void namesFromOutsideCannotBecomeMarkup()
    {
        RunRecord record = test::syntheticRecord(test::syntheticSettings(PolicyKind::full));
        record.model.name = "<img src='x'>";
        record.model.class_names.front() = "<b>";
        record.settings.classes = {0};
        record.machine.cpu = "a & b <script>";
        const QString html = ui::report::title(record) + ui::report::settingsTable(record) +
                             ui::report::machineTable(record.machine) + ui::report::modelTable(record.model);
        for (const char* tag : {"<img", "<b>", "<script>"}) {
            QVERIFY2(!html.contains(QLatin1String(tag)), tag);
        }
        QVERIFY(html.contains(QStringLiteral("a &amp; b")));
    }

    void aRunWithoutAStepStillGivesAReport()
    {
        QTemporaryDir folder;
        RunRecord record;
        record.state = RunState::cancelled;
        record.settings = test::syntheticSettings(PolicyKind::duodiff);
        record.model = test::syntheticModel();
        const QString path = folder.filePath(QStringLiteral("report.pdf"));
        QString error;
        QVERIFY2(ui::writeReportPdf({record}, QImage(), path, &error), qPrintable(error));
    }

    void aFailureSaysWhyAndLeavesTheFormerFile()
    {
        QTemporaryDir folder;
        QString error;
        QVERIFY(!ui::writeReportPdf({}, QImage(), folder.filePath(QStringLiteral("none.pdf")), &error));
        QVERIFY(!error.isEmpty());
        const auto record = test::syntheticRecord(test::syntheticSettings(PolicyKind::full));
        const QString absent = folder.filePath(QStringLiteral("absent/report.pdf"));
        QVERIFY(!ui::writeReportPdf({record}, QImage(), absent, &error));
        QVERIFY(error.contains(absent));
        const QString taken = folder.filePath(QStringLiteral("folder.pdf"));
        QVERIFY(QDir().mkdir(taken));
        QVERIFY(!ui::writeReportPdf({record}, QImage(), taken, &error));
        QVERIFY(QDir(taken).exists());
        QVERIFY(QDir(folder.path()).entryList(QDir::Files).isEmpty());
    }
};

QTEST_MAIN(TestReportDocument)
#include "test_report_document.moc"
