// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/cursor_panel.h"

#include "ui/steady_row.h"
#include "ui/uncertainty_plot.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace duodiff::ui
{

namespace
{

const QString dash = QStringLiteral("–");
constexpr int stride = 10;

QString number(double value)
{
    return std::isnan(value) ? dash : QString::number(value, 'f', std::abs(value) < 10.0 ? 3 : 1);
}

QString parameterText(const AtCursor& at)
{
    if (std::isnan(at.lowestParameter)) {
        return {};
    }
    const auto range = [&](int digits) {
        const QString low = QString::number(at.lowestParameter, 'f', digits);
        const QString high = QString::number(at.highestParameter, 'f', digits);
        return low == high ? low : CursorPanel::tr("%1 to %2").arg(low, high);
    };
    switch (at.policy) {
        case PolicyKind::adadiff:
            return CursorPanel::tr("θ = %1").arg(range(3));
        case PolicyKind::duodiff:
            return CursorPanel::tr("t\u209b = %1").arg(range(0));
        case PolicyKind::static_layer:
            return CursorPanel::tr("layer %1").arg(range(0));
        case PolicyKind::full:
            break;
    }
    return {};
}

QString networkText(const AtCursor& at)
{
    if (at.mixed) {
        return CursorPanel::tr("more than one network");
    }
    switch (at.network) {
        case NetworkRole::shallow:
            return CursorPanel::tr("shallow network");
        case NetworkRole::early_exit:
            return CursorPanel::tr("early-exit network");
        case NetworkRole::full:
            break;
    }
    return CursorPanel::tr("full network");
}

}  // namespace

void LayerTable::display(const std::optional<AtCursor>& at)
{
    const bool sameRows = m_at.has_value() == at.has_value() && (!at || m_at->depth == at->depth);
    if (sameRows) {
        m_at = at;
        if (m_at) {
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
        }
        return;
    }
    beginResetModel();
    m_at = at;
    endResetModel();
}

int LayerTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_at ? 0 : static_cast<int>(m_at->layers.size());
}

int LayerTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : columns;
}

QVariant LayerTable::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columns) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
    }
    const LayerAtCursor& row = m_at->layers[static_cast<std::size_t>(index.row())];
    if (role == Qt::AccessibleTextRole) {
        return tr("Layer %1, %2: %3")
            .arg(row.layer)
            .arg(headerData(index.column(), Qt::Horizontal, Qt::DisplayRole).toString(),
                 data(index, Qt::DisplayRole).toString());
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    switch (index.column()) {
        case layer:
            return row.layer;
        case leaving:
            return row.leaving;
        case mean:
            return number(row.mean);
        case deviation:
            return number(row.deviation);
        default:
            // The layer that the image left at has a mark that is no colour.
            return number(row.own) +
                   (m_at->image && m_at->imageExit == row.layer ? QStringLiteral("●") : QString());
    }
}

QVariant LayerTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::DisplayRole) {
        switch (section) {
            case layer:
                return tr("Layer");
            case leaving:
                return tr("Leave");
            case mean:
                return tr("Mean");
            case deviation:
                return tr("± σ");
            default:
                return m_at && m_at->image ? tr("Im. %1").arg(*m_at->image) : tr("Image");
        }
    }
    if (role == Qt::ToolTipRole) {
        switch (section) {
            case layer:
                return tr("Blocks that had run");
            case leaving:
                return tr("Images that left after this layer");
            case mean:
                return tr("Mean uncertainty of the images that were asked at this layer");
            case deviation:
                return tr("Their standard deviation");
            default:
                return tr("Uncertainty of the highlighted image; ● where it left");
        }
    }
    return {};
}

CursorPanel::CursorPanel(QWidget* parent)
    : QWidget(parent),
      m_theme(Theme::dark()),
      m_emptyMessage(tr("No step yet.")),
      m_headline(new QLabel(this)),
      m_note(new QLabel(this)),
      m_play(new QToolButton(this)),
      m_rate(new QSpinBox(this)),
      m_map(new QToolButton(this)),
      m_mapLayer(new QSpinBox(this)),
      m_mapNote(new QLabel(this)),
      m_curve(new UncertaintyPlot(this)),
      m_table(new LayerTable(this)),
      m_view(new QTableView(this)),
      m_kept(new QLabel(this)),
      m_keptUsed(new QLabel(this)),
      m_keptLimit(new QSpinBox(this))
{
    setAccessibleName(tr("At the cursor"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 2, 14, 10);
    layout->setSpacing(4);
    m_headline->setTextFormat(Qt::RichText);
    m_headline->setWordWrap(true);
    m_note->setProperty("role", QStringLiteral("muted"));
    m_note->setWordWrap(true);
    SteadyRow::addTo(*layout, this)->addWidget(m_headline);
    SteadyRow::addTo(*layout, this)->addWidget(m_note);

    auto* line = new QHBoxLayout;
    line->setSpacing(6);
    m_play->setObjectName(QStringLiteral("playSteps"));
    m_play->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_rate->setRange(1, 240);
    m_rate->setValue(25);
    m_rate->setSuffix(tr(" steps/s"));
    m_rate->setAccessibleName(tr("Rate of playing"));
    m_rate->setToolTip(tr("Steps a second that Play moves the cursor by. 1 to 240, default 25."));
    line->addWidget(m_play);
    line->addWidget(m_rate, 1);
    layout->addLayout(line);
    layout->addLayout(buildMapLine());
    layout->addWidget(m_mapNote);
    layout->addWidget(m_curve, 3);

    m_view->setModel(m_table);
    m_view->setAccessibleName(tr("Layers at the cursor"));
    m_view->setToolTip(tr("Every layer at the step under the cursor. Left and Right move the cursor."));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setShowGrid(false);
    m_view->setTabKeyNavigation(false);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(20);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    for (const int narrow : {LayerTable::layer, LayerTable::leaving}) {
        m_view->horizontalHeader()->setSectionResizeMode(narrow, QHeaderView::ResizeToContents);
    }
    m_view->horizontalHeader()->setDefaultAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->setMinimumHeight(80);
    m_view->setFont(uiFont(8.5));
    m_view->horizontalHeader()->setFont(uiFont(8.0));
    m_view->horizontalHeader()->setMinimumSectionSize(24);
    m_view->setStyleSheet(
        QStringLiteral("QTableView::item { padding: 0 2px; } "
                       "QHeaderView::section { padding: 2px 2px; border: none; }"));
    if (auto* corner = m_view->findChild<QAbstractButton*>()) {
        corner->setAccessibleName(tr("All layers"));
        corner->setToolTip(tr("Select every layer"));
    }
    m_view->installEventFilter(this);
    layout->addWidget(m_view, 4);
    addKeptLine();
    connect(m_play, &QToolButton::clicked, this, &CursorPanel::playRequested);
    m_play->setEnabled(false);
    setPlaying(false);
    display(std::nullopt);
    showTexts();
}

QLayout* CursorPanel::buildMapLine()
{
    m_map->setObjectName(QStringLiteral("uncertaintyMap"));
    m_map->setText(tr("Map"));
    m_map->setCheckable(true);
    m_map->setProperty("role", QStringLiteral("chip"));
    m_map->setAccessibleName(tr("Uncertainty map over the pictures"));
    m_mapLayer->setPrefix(tr("after layer "));
    m_mapLayer->setAccessibleName(tr("Layer of the map"));
    m_mapLayer->setToolTip(tr(
        "Blocks run when the uncertainty of every patch is read. From the first probe to the last, default\n"
        "the last."));
    m_mapNote->setProperty("role", QStringLiteral("muted"));
    m_mapNote->setWordWrap(true);
    auto* line = new QHBoxLayout;
    line->setSpacing(6);
    line->addWidget(m_map);
    line->addWidget(m_mapLayer, 1);
    connect(m_map, &QToolButton::clicked, this, &CursorPanel::mapRequested);
    connect(m_mapLayer, &QSpinBox::valueChanged, this, &CursorPanel::mapLayerChosen);
    setMap(false, 0, 0, 0, {});
    return line;
}

void CursorPanel::setMap(bool on, int firstLayer, int lastLayer, int layer, const QString& reason)
{
    const QSignalBlocker quiet(m_mapLayer);
    const bool can = reason.isEmpty();
    m_map->setChecked(on && can);
    m_map->setEnabled(can);
    m_map->setToolTip(
        can ? tr("Lay the uncertainty of every patch over the pictures, as the network reads it from x_t at\n"
                 "this step. Default: off. (U)")
            : reason);
    const int last = std::max(firstLayer, lastLayer);
    if (m_mapLayer->minimum() != firstLayer || m_mapLayer->maximum() != last) {
        m_mapLayer->setRange(firstLayer, last);
    }
    m_mapLayer->setValue(layer);
    m_mapLayer->setEnabled(can && on);
    if (m_mapNote->text() != reason) {
        m_mapNote->setText(reason);
    }
    m_mapNote->setVisible(!reason.isEmpty());
}

QString CursorPanel::mapNote() const
{
    return m_mapNote->text();
}

void CursorPanel::addKeptLine()
{
    m_kept->setProperty("role", QStringLiteral("muted"));
    m_kept->setWordWrap(true);
    auto& column = static_cast<QVBoxLayout&>(*layout());
    SteadyRow::addTo(column, this)->addWidget(m_kept);
    SteadyRow* line = SteadyRow::addTo(column, this);
    m_keptUsed->setProperty("role", QStringLiteral("muted"));
    m_keptUsed->setBuddy(m_keptLimit);
    m_keptLimit->setRange(0, 1'000'000);
    m_keptLimit->setValue(512);
    m_keptLimit->setSingleStep(128);
    m_keptLimit->setSuffix(tr(" MB"));
    m_keptLimit->setKeyboardTracking(false);
    m_keptLimit->setLocale(QLocale::c());
    m_keptLimit->setAccessibleName(tr("Memory for kept steps"));
    m_keptLimit->setToolTip(
        tr("Memory for the kept steps of all runs together, that the cursor's pictures, branches and twin\n"
           "runs need. Where more would be needed, the runs longest out of sight go first, then every\n"
           "second step of those in use. Megabytes of 1,048,576 bytes; 0 keeps none. 0 to 1000000, default\n"
           "512."));
    line->addWidget(m_keptUsed);
    line->addWidget(m_keptLimit, 1);
    connect(m_keptLimit, &QSpinBox::valueChanged, this, &CursorPanel::keptLimitChanged);
    setKept(tr("No steps are kept yet."), 0.0);
}

void CursorPanel::setKept(const QString& ofThisRun, double usedMegabytes)
{
    m_keptText = ofThisRun;
    m_usedMegabytes = usedMegabytes;
    updateTexts();
}

int CursorPanel::rate() const
{
    return m_rate->value();
}

QString CursorPanel::headline() const
{
    return m_at ? tr("t = <b>%1</b> &nbsp; step <b>%2</b> / %3")
                      .arg(m_at->t)
                      .arg(m_at->step + 1)
                      .arg(m_at->steps)
                : m_emptyMessage;
}

QString CursorPanel::note() const
{
    if (!m_at) {
        return {};
    }
    QStringList parts = {tr("layer %1 ± %2 (n = %3)")
                             .arg(m_at->mean, 0, 'f', 1)
                             .arg(m_at->deviation, 0, 'f', 1)
                             .arg(m_at->images),
                         networkText(*m_at)};
    const QString parameter = parameterText(*m_at);
    if (!parameter.isEmpty()) {
        parts << parameter;
    }
    if (m_at->image) {
        parts << (m_at->imageExit >= 0
                      ? tr("image %1 left at layer %2").arg(*m_at->image).arg(m_at->imageExit)
                      : tr("image %1 is not there yet").arg(*m_at->image));
    }
    return parts.join(QStringLiteral(" · "));
}

void CursorPanel::display(const std::optional<AtCursor>& at)
{
    m_at = at;
    m_table->display(m_at);
    m_curve->display(m_at);
    setAccessibleDescription(textSummary());
    updateTexts();
}

void CursorPanel::updateTexts()
{
    // A text behind another panel would have the window laid out at every step, for nobody.
    m_textsAreOld = !isVisible();
    if (!m_textsAreOld) {
        showTexts();
    }
}

void CursorPanel::showTexts()
{
    m_textsAreOld = false;
    m_headline->setText(headline());
    m_note->setText(note());
    m_kept->setText(m_keptText);
    m_keptUsed->setText(tr("Kept %1 MB of").arg(m_usedMegabytes, 0, 'f', m_usedMegabytes < 9.95 ? 1 : 0));
    m_note->setVisible(m_at.has_value());
    m_view->setVisible(m_at.has_value());
}

void CursorPanel::showEvent(QShowEvent* event)
{
    if (m_textsAreOld) {
        showTexts();
    }
    QWidget::showEvent(event);
}

void CursorPanel::setEmptyMessage(const QString& message)
{
    m_emptyMessage = message;
    showTexts();
}

void CursorPanel::setPlayable(bool playable, const QString& reason)
{
    if (m_playable == playable && m_playReason == reason) {
        return;
    }
    m_playable = playable;
    m_playReason = reason;
    m_play->setEnabled(playable);
    setPlaying(m_playing && playable);
}

void CursorPanel::setPlaying(bool playing)
{
    m_playing = playing;
    m_play->setText(playing ? tr("Pause") : tr("Play"));
    m_play->setAccessibleName(playing ? tr("Pause the cursor") : tr("Play the steps"));
    m_play->setIcon(themedIcon(playing ? QStringLiteral("pause") : QStringLiteral("play"), m_theme));
    m_play->setToolTip(
        m_playReason.isEmpty() || m_playable
            ? tr("Move the cursor through the steps, from T to 0, at the rate beside (Ctrl+Alt+P)")
            : m_playReason);
}

void CursorPanel::setTheme(const Theme& theme)
{
    m_theme = theme;
    m_curve->setTheme(theme);
    setPlaying(m_playing);
}

QString CursorPanel::textSummary() const
{
    if (!m_at) {
        return m_emptyMessage;
    }
    return tr("t = %1, step %2 of %3: ").arg(m_at->t).arg(m_at->step + 1).arg(m_at->steps) + note() +
           QStringLiteral(". ") + m_curve->textSummary();
}

bool CursorPanel::moveByKey(const QKeyEvent& event)
{
    const bool fast = (event.modifiers() & (Qt::ShiftModifier | Qt::ControlModifier)) != Qt::NoModifier;
    switch (event.key()) {
        case Qt::Key_Left:
            Q_EMIT moveRequested(fast ? -stride : -1);
            return true;
        case Qt::Key_Right:
            Q_EMIT moveRequested(fast ? stride : 1);
            return true;
        case Qt::Key_Home:
            Q_EMIT firstRequested();
            return true;
        case Qt::Key_End:
            Q_EMIT lastRequested();
            return true;
        default:
            return false;
    }
}

void CursorPanel::keyPressEvent(QKeyEvent* event)
{
    if (!moveByKey(*event)) {
        QWidget::keyPressEvent(event);
    }
}

bool CursorPanel::eventFilter(QObject* watched, QEvent* event)
{
    // Across, the table would go from cell to cell; time runs that way here, as in the plot.
    if (watched == m_view && event->type() == QEvent::KeyPress &&
        moveByKey(*static_cast<QKeyEvent*>(event))) {
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

}  // namespace duodiff::ui
