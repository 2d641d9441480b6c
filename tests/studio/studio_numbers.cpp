// SPDX-License-Identifier: GPL-3.0-or-later
#include "export_support.h"
#include "report/report_numbers.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTextDocument>

#include <limits>
#include <map>

using namespace duodiff;
using namespace duodiff::studio;
using namespace duodiff::test;

namespace
{

/// What a report says, by what it says it of: "ledger Blocks" -> "69 ms | 80.0 %".
using Facts = std::map<QString, QString>;

QString text(const std::string& words)
{
    return QString::fromStdString(words);
}

double numberOf(const QJsonValue& value)
{
    return value.isDouble() ? value.toDouble() : std::numeric_limits<double>::quiet_NaN();
}

/// "not known" of NaN.
QString duration(const QJsonValue& ms)
{
    return text(duration_text(numberOf(ms)));
}

/// The numbers of the result's sentence and of the phase transition's.
void takeSentences(const QString& result, const QString& words, Facts& facts)
{
    static const QRegularExpression transition(QStringLiteral(
        "Phase transition at t = (\\d+) \\(step (\\d+)\\)\\D*([\\d.]+)\\D*([\\d.]+)\\D*([\\d.]+ %)"));
    if (const auto found = transition.match(words); found.hasMatch()) {
        facts[QStringLiteral("transition")] = found.capturedTexts().mid(1).join(QStringLiteral(" | "));
    }
    static const QRegularExpression numbers(QStringLiteral("\\d[\\d,.]*(?: ms| s| %|×)?"));
    QStringList all;
    for (auto at = numbers.globalMatch(result); at.hasNext();) {
        all << at.next().captured();
    }
    facts[QStringLiteral("result")] = all.join(QStringLiteral(" | "));
}

QString plainText(QString html)
{
    static const QRegularExpression tag(QStringLiteral("<[^>]*>"));
    QTextDocument unescaped;
    unescaped.setHtml(html.replace(tag, QStringLiteral(" ")));
    return unescaped.toPlainText().simplified();
}

QString joined(const QStringList& cells)
{
    return cells.join(QStringLiteral(" | "));
}

/// Reads the web page as a person does: headings, and rows of tables under them.
Facts factsOfHtml(const QString& html)
{
    Facts facts;
    static const QRegularExpression svg(QStringLiteral("<svg.*?</svg>|<style>.*?</style>"),
                                        QRegularExpression::DotMatchesEverythingOption);
    QString page = html;
    page.remove(svg);
    static const QRegularExpression result(QStringLiteral("<p class=\"result\">(.*?)</p>"));
    takeSentences(plainText(result.match(page).captured(1)), plainText(page), facts);
    static const QRegularExpression piece(
        QStringLiteral("<h2[^>]*>(.*?)</h2>|<h3[^>]*>(.*?)<small>(.*?)</small>|<tr[^>]*>(.*?)</tr>"),
        QRegularExpression::DotMatchesEverythingOption);
    static const QRegularExpression cell(QStringLiteral("<td[^>]*>(.*?)</td>"),
                                         QRegularExpression::DotMatchesEverythingOption);
    QString heading;
    QString network;
    for (auto at = piece.globalMatch(page); at.hasNext();) {
        const auto found = at.next();
        if (!found.captured(1).isEmpty()) {
            heading = plainText(found.captured(1));
            continue;
        }
        if (!found.captured(2).isEmpty()) {
            network = plainText(found.captured(2));
            static const QRegularExpression numbers(QStringLiteral(
                "(\\d+) steps, ([\\d,]+) image steps, mean exit layer ([\\d.]+), (.*) in all"));
            facts[QStringLiteral("network ") + network] =
                joined(numbers.match(plainText(found.captured(3))).capturedTexts().mid(1));
            continue;
        }
        QStringList cells;
        for (auto one = cell.globalMatch(found.captured(4)); one.hasNext();) {
            cells << plainText(one.next().captured(1));
        }
        cells.removeAll(QString());  // the bars
        if (cells.size() < 3) {
            continue;
        }
        if (heading == QStringLiteral("Where the time went")) {
            const QString name = cells[0] == QStringLiteral("Whole run") ? QStringLiteral("whole") : cells[0];
            facts[QStringLiteral("ledger ") + name] = joined(cells.mid(1));
        } else if (heading.startsWith(QStringLiteral("Compared"))) {
            facts[QStringLiteral("compared ") + cells[0]] = joined(cells.mid(1));
        } else if (heading.startsWith(QStringLiteral("Networks"))) {
            facts[QStringLiteral("layer ") + network + QLatin1Char(' ') + cells[0]] = joined(cells.mid(1));
        }
    }
    return facts;
}

QString pdfText(const QString& path)
{
    QProcess process;
    process.start(QStandardPaths::findExecutable(QStringLiteral("pdftotext")),
                  {QStringLiteral("-layout"), path, QStringLiteral("-")});
    process.waitForFinished(patience);
    return QString::fromUtf8(process.readAllStandardOutput());
}

Facts factsOfPdf(const QString& pages)
{
    Facts facts;
    // Below the title's two lines, as far as the plot.
    static const QRegularExpression result(QStringLiteral("^[^\\n]*\\n[^\\n]*\\n(.*?)\\n\\s*\\n"),
                                           QRegularExpression::DotMatchesEverythingOption);
    takeSentences(result.match(pages).captured(1).simplified(), pages.simplified(), facts);
    QString heading;
    QString network;
    QStringList inAll;
    static const QRegularExpression gap(QStringLiteral(" {2,}"));
    static const QRegularExpression steps(QStringLiteral("^(\\d+) steps, mean exit layer ([\\d.]+)"));
    for (const QString& line : pages.split(QLatin1Char('\n'))) {
        const QStringList cells = line.trimmed().split(gap);
        if (cells.size() == 1) {
            if (const auto found = steps.match(cells[0]); found.hasMatch()) {
                facts[QStringLiteral("network ") + network] =
                    joined({found.captured(1), inAll.value(2), found.captured(2), inAll.value(3)});
            } else if (!cells[0].isEmpty()) {
                heading = cells[0];
            }
        } else if (heading == QStringLiteral("Where the time went") && cells[0] != QStringLiteral("Part")) {
            const QString name = cells[0] == QStringLiteral("Wall time") ? QStringLiteral("whole") : cells[0];
            facts[QStringLiteral("ledger ") + name] = joined(cells.mid(1));
        } else if (heading.startsWith(QStringLiteral("Compared")) && cells[0].contains(QLatin1Char(':'))) {
            facts[QStringLiteral("compared ") + cells[0]] = joined(cells.mid(1));
        } else if (cells[0].endsWith(QStringLiteral(" network"))) {
            network = cells[0];
            inAll = cells;
        } else if (cells[0].startsWith(QStringLiteral("layer ")) && cells.size() > 4) {
            facts[QStringLiteral("layer ") + network + cells[0].mid(5)] = joined(cells.mid(1));
        }
    }
    return facts;
}

struct NetworkTally {
    QString label;
    int steps = 0;
    qint64 imageSteps = 0;
    qint64 blocks = 0;
    double ms = 0.0;
    std::map<int, qint64> leaving;
};

/// Counted here from the steps of the run file, and not by the program.
std::map<QString, NetworkTally> tallies(const QJsonArray& steps)
{
    static const std::map<QString, QString> labels = {
        {QStringLiteral("full"), QStringLiteral("Full network")},
        {QStringLiteral("shallow"), QStringLiteral("Shallow network")},
        {QStringLiteral("early_exit"), QStringLiteral("Early-exit network")}};
    std::map<QString, NetworkTally> all;
    for (const QJsonValue& step : steps) {
        const QString name = step[QStringLiteral("network")].toString();
        NetworkTally& tally = all[name];
        tally.label = labels.at(name);
        ++tally.steps;
        tally.ms += step[QStringLiteral("ms")].toDouble();
        for (const QJsonValue& layer : step[QStringLiteral("exit_layers")].toArray()) {
            if (layer.toInt() >= 0) {
                ++tally.imageSteps;
                tally.blocks += layer.toInt();
                ++tally.leaving[layer.toInt()];
            }
        }
    }
    return all;
}

void addLayers(const NetworkTally& tally, int depth, double msPerBlock, Facts& facts)
{
    const auto pairs = static_cast<double>(tally.imageSteps);
    const auto share = [pairs](qint64 part) { return text(share_text(static_cast<double>(part) / pairs)); };
    qint64 inside = 0;
    for (int layer = depth; layer > 0; --layer) {
        const auto found = tally.leaving.find(layer);
        const qint64 leaving = found == tally.leaving.end() ? 0 : found->second;
        inside += leaving;
        facts[QStringLiteral("layer %1 %2").arg(tally.label).arg(layer)] =
            joined({text(count_text(inside)), share(inside), text(count_text(leaving)), share(leaving),
                    text(duration_text(static_cast<double>(inside) * msPerBlock))});
    }
    facts[QStringLiteral("network ") + tally.label] =
        joined({QString::number(tally.steps), text(count_text(tally.imageSteps)),
                text(layer_text(static_cast<double>(tally.blocks) / pairs)), text(duration_text(tally.ms))});
}

Facts factsOfJson(const QJsonObject& run)
{
    Facts facts;
    const QJsonObject ledger = run[QStringLiteral("ledger")].toObject();
    const double wall = ledger[QStringLiteral("wall")].toDouble();
    for (const QString& part : ledger.keys()) {
        const double ms = ledger[part].toDouble();
        if (part != QStringLiteral("wall") && ms != 0.0) {
            const QString name = part == QStringLiteral("embed") ? QStringLiteral("Embedding")
                                                                 : part.left(1).toUpper() + part.mid(1);
            facts[QStringLiteral("ledger ") + name] =
                joined({text(duration_text(ms)), text(share_text(ms / wall))});
        }
    }
    facts[QStringLiteral("ledger whole")] = joined({text(duration_text(wall)), QStringLiteral("100.0 %")});
    if (const QJsonObject found = run[QStringLiteral("phase_transition")].toObject(); !found.isEmpty()) {
        facts[QStringLiteral("transition")] =
            joined({QString::number(found[QStringLiteral("t")].toInt()),
                    QString::number(found[QStringLiteral("step")].toInt()),
                    text(layer_text(found[QStringLiteral("level_before")].toDouble())),
                    text(layer_text(found[QStringLiteral("level_after")].toDouble())),
                    text(share_text(found[QStringLiteral("explained")].toDouble()))});
    }
    const QJsonObject model = run[QStringLiteral("model")].toObject();
    const auto all = tallies(run[QStringLiteral("steps")].toArray());
    qint64 blocks = 0;
    for (const auto& [name, tally] : all) {
        blocks += tally.blocks;
    }
    for (const auto& [name, tally] : all) {
        const bool shallow = name == QStringLiteral("shallow");
        addLayers(tally, model[shallow ? QStringLiteral("shallow_depth") : QStringLiteral("depth")].toInt(),
                  ledger[QStringLiteral("blocks")].toDouble() / static_cast<double>(blocks), facts);
    }
    return facts;
}

/// Facts that both have say the same; `least` of them there are.
void compareFacts(const Facts& a, const Facts& b, const char* names, std::size_t least)
{
    std::size_t common = 0;
    for (const auto& [name, value] : a) {
        if (const auto other = b.find(name); other != b.end()) {
            ++common;
            QVERIFY2(other->second == value,
                     qPrintable(QStringLiteral("%1: %2: '%3' and '%4'")
                                    .arg(QString::fromLatin1(names), name, value, other->second)));
        }
    }
    QVERIFY2(common >= least,
             qPrintable(QStringLiteral("%1: only %2 in common").arg(QString::fromLatin1(names)).arg(common)));
}

void compareTable(const QString& csv, const QJsonArray& steps)
{
    const QStringList lines = csv.trimmed().split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), steps.size() + 1);
    for (int row = 0; row < steps.size(); ++row) {
        const QStringList cells = lines[row + 1].split(QLatin1Char(','));
        const QJsonValue step = steps[row];
        QCOMPARE(cells[0].toInt(), step[QStringLiteral("step")].toInt());
        QCOMPARE(cells[1].toInt(), step[QStringLiteral("t")].toInt());
        QCOMPARE(cells[2], step[QStringLiteral("network")].toString());
        int images = 0;
        int sum = 0;
        int least = 1000;
        int most = 0;
        for (const QJsonValue& layer : step[QStringLiteral("exit_layers")].toArray()) {
            if (layer.toInt() >= 0) {
                ++images;
                sum += layer.toInt();
                least = std::min(least, layer.toInt());
                most = std::max(most, layer.toInt());
            }
        }
        const auto near = [](double a, double b) {
            return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b));
        };
        QVERIFY(near(cells[3].toDouble(), static_cast<double>(sum) / images));
        QCOMPARE(cells[4].toInt(), least);
        QCOMPARE(cells[5].toInt(), most);
        QVERIFY(near(cells[6].toDouble(), step[QStringLiteral("ms")].toDouble()));
    }
}

void compareSummary(const QJsonObject& run, const Facts& html, bool hasBaseline)
{
    const QJsonObject summary = run[QStringLiteral("summary")].toObject();
    const QString result = html.at(QStringLiteral("result"));
    const QString share = text(share_text(summary[QStringLiteral("block_share")].toDouble()));
    QVERIFY2(result.contains(share), qPrintable(result + QStringLiteral(" lacks ") + share));
    QVERIFY2(result.contains(duration(run[QStringLiteral("sampling_ms")])), qPrintable(result));
    const QJsonObject speedUp = summary[QStringLiteral("speed_up")].toObject();
    QCOMPARE(speedUp[QStringLiteral("measured")].toBool(), hasBaseline);
    const double factor = speedUp[QStringLiteral("factor")].toDouble();
    if (hasBaseline) {
        const QJsonObject baseline = run[QStringLiteral("baseline")].toObject();
        const auto row =
            html.find(QStringLiteral("compared Baseline: ") + baseline[QStringLiteral("what")].toString());
        QVERIFY(row != html.end());
        QVERIFY(row->second.startsWith(duration(baseline[QStringLiteral("ms_per_image")])));
        const auto own = std::find_if(html.begin(), html.end(), [](const auto& fact) {
            return fact.first.startsWith(QStringLiteral("compared This run"));
        });
        QVERIFY(own != html.end());
        QVERIFY(own->second.startsWith(duration(summary[QStringLiteral("ms_per_image")])));
        QVERIFY(own->second.contains(text(factor_text(factor))));
    }
    if (std::abs(factor - 1.0) >= 0.005) {
        QVERIFY(result.contains(text(factor_text(factor > 1.0 ? factor : 1.0 / factor))));
    }
}

}  // namespace

/// Point 17: the numbers agree in all of the files, and the report is one that can be handed on.
class StudioNumbers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyNumberThatIsInMoreThanOneFileIsTheSameInAll_data()
    {
        QTest::addColumn<int>("policy");
        QTest::addColumn<bool>("stopped");
        QTest::addColumn<bool>("baseline");
        for (const PolicyKind policy : {PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer}) {
            for (const bool stopped : {false, true}) {
                for (const bool baseline : {false, true}) {
                    const QString name =
                        QStringLiteral("%1%2%3").arg(QString::fromUtf8(to_string(policy).data()),
                                                     stopped ? QStringLiteral(", stopped") : QString(),
                                                     baseline ? QStringLiteral(", baseline") : QString());
                    QTest::newRow(qPrintable(name)) << static_cast<int>(policy) << stopped << baseline;
                }
            }
        }
    }

    void everyNumberThatIsInMoreThanOneFileIsTheSameInAll()
    {
        QFETCH(int, policy);
        QFETCH(bool, stopped);
        QFETCH(bool, baseline);
        StudioFixture f;
        f.showAndOpen();
        if (baseline) {
            f.configure(PolicyKind::full, 120, 12, 6);
            f.runToTheEnd();
        }
        f.configure(static_cast<PolicyKind>(policy), 120, 12, 6);
        if (stopped) {
            f.script->gate.close();
            f.script->gate.allow(177);
            QSignalSpy ended(f.app.get(), &Studio::runEnded);
            f.app->generate();
            f.script->gate.waitForVisitor();
            f.app->run().stop();
            QVERIFY(ended.wait(patience));
        } else {
            f.runToTheEnd();
        }
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("all")));
        choice.runFile = choice.table = choice.htmlReport = choice.pdfReport = true;
        QCOMPARE(exportInto(f, choice).size(), 4);
        const auto bytes = [&choice](const char* name) {
            return bytesOf(choice.folder + QLatin1Char('/') + QLatin1String(name));
        };
        const QJsonObject run = QJsonDocument::fromJson(bytes("run.json")).object();
        const Facts json = factsOfJson(run);
        const Facts html = factsOfHtml(QString::fromUtf8(bytes("report.html")));
        const std::size_t layers = static_cast<PolicyKind>(policy) == PolicyKind::duodiff ? 13 + 3 : 13;
        compareTable(QString::fromUtf8(bytes("steps.csv")), run[QStringLiteral("steps")].toArray());
        compareFacts(json, html, "run.json and report.html", layers + 5);
        compareFacts(html, json, "report.html and run.json", layers + 5);
        compareSummary(run, html, baseline && !stopped);
        QCOMPARE(json.contains(QStringLiteral("transition")), html.contains(QStringLiteral("transition")));
        if (QStandardPaths::findExecutable(QStringLiteral("pdftotext")).isEmpty()) {
            QSKIP("pdftotext is absent: the PDF's numbers are not read back");
        }
        const Facts pdf = factsOfPdf(pdfText(choice.folder + QStringLiteral("/report.pdf")));
        compareFacts(html, pdf, "report.html and report.pdf", html.size());
        compareFacts(json, pdf, "run.json and report.pdf", layers + 5);
    }

    void bothReportsGoFromTheResultToTheMachine()
    {
        StudioFixture f;
        f.showAndOpen();
        f.configure(PolicyKind::adadiff, 60, 4, 4);
        f.runToTheEnd();
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("all")));
        choice.htmlReport = choice.pdfReport = true;
        exportInto(f, choice);
        const QString html = QString::fromUtf8(bytesOf(choice.folder + QStringLiteral("/report.html")));
        qsizetype last = 0;
        for (const char* part : {"class=\"result\"", "<svg", ">Where the time went<", ">Networks and layers<",
                                 ">Settings<", ">Machine<"}) {
            const qsizetype at = html.indexOf(QLatin1String(part));
            QVERIFY2(at > last, part);
            last = at;
        }
        if (QStandardPaths::findExecutable(QStringLiteral("pdftotext")).isEmpty()) {
            QSKIP("pdftotext is absent: the order in the PDF is not checked");
        }
        const QString pdf = pdfText(choice.folder + QStringLiteral("/report.pdf"));
        last = 0;
        for (const char* part : {"4 images with AdaDiff", "timestep t", "Where the time went",
                                 "Network and layer", "\nSettings", "\nMachine"}) {
            const qsizetype at = pdf.indexOf(QLatin1String(part));
            QVERIFY2(at > last, part);
            last = at;
        }
    }

    void theWebPageRefersToNothingOutsideOfItselfAndRunsNothing()
    {
        StudioFixture f;
        f.showAndOpen();
        runAndStop(f, 62);
        ExportChoice choice = nothing(f.folder.filePath(QStringLiteral("page")));
        choice.htmlReport = true;
        exportInto(f, choice);
        QString html = QString::fromUtf8(bytesOf(choice.folder + QStringLiteral("/report.html")));
        QVERIFY(html.contains(QStringLiteral("src=\"data:image/png;base64,")));
        html.remove(QRegularExpression(QStringLiteral("src=\"data:image/png;base64,[^\"]*\"")));
        html.remove(QStringLiteral("xmlns=\"http://www.w3.org/2000/svg\""));
        for (const char* outside : {"src=", "href", "url(", "@import", "http:", "https:", "<script", "<link",
                                    "onload", "<iframe"}) {
            QVERIFY2(!html.contains(QLatin1String(outside)), outside);
        }
        QVERIFY(html.contains(QStringLiteral("@media print")));
        QVERIFY(html.contains(QStringLiteral("4 in dashed frames are unfinished")));
    }
};

QTEST_MAIN(StudioNumbers)
#include "studio_numbers.moc"
