// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/run_record.h"
#include "ui/theme.h"

#include <QWidget>

#include <array>

class QLabel;
class QVBoxLayout;

namespace duodiff
{
struct ReportNumbers;
}

namespace duodiff::ui
{

class LedgerBar;

/// "This run": the answer in two large numbers, and where the time went.
class RunNumbers : public QWidget
{
    Q_OBJECT

public:
    explicit RunNumbers(QWidget* parent = nullptr);

    /// A finished run.
    void showRecord(const RunRecord& record);
    /// A run in progress: the numbers of the steps that it has reached so far.
    void showLive(const RunRecord& record);
    void clear();
    void setTheme(const Theme& theme);
    /// A feature's own card below the two large numbers; cards stand in the order they came.
    void addCard(QWidget* card);

    /// All of it in words.
    QString textSummary() const;

    QSize sizeHint() const override;

private:
    struct Row {
        QWidget* line = nullptr;
        QLabel* name = nullptr;
        QLabel* value = nullptr;
    };

    void display(const RunRecord& record);
    void displaySpeedUp(const ReportNumbers& numbers, PolicyKind policy);
    void styleSpeedUp();
    void displayLedger(const Ledger& ledger);
    Row addRow(const QString& objectName, const QString& name, const QString& toolTip);
    void setRow(const Row& row, const QString& value);

    Theme m_theme;
    QLabel* m_skipped = nullptr;
    QLabel* m_skippedUnit = nullptr;
    QLabel* m_speed = nullptr;
    QLabel* m_speedUnit = nullptr;
    LedgerBar* m_bar = nullptr;
    std::array<Row, 5> m_parts;
    QString m_otherDetail;  ///< what the last of the parts is made of
    Row m_sum;
    Row m_layer;
    Row m_gflops;
    Row m_baseline;
    QVBoxLayout* m_cards = nullptr;
    bool m_estimated = false;
};

}  // namespace duodiff::ui
