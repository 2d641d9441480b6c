// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/training.h"

#include "studio/pack_maker.h"
#include "ui/curves_plot.h"
#include "ui/main_window.h"
#include "ui/message_bar.h"
#include "ui/sample_viewer.h"

#include <QAction>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QStatusBar>
#include <QToolButton>

namespace duodiff::studio
{

using ui::TrainingState;

namespace
{

constexpr int lookInterval = 1500;  // ms
constexpr int checkDelay = 250;     // ms
constexpr qsizetype mostRecent = 8;

bool isRunFolder(const QString& path)
{
    const QDir folder(path);
    return folder.exists(QStringLiteral("log.jsonl")) ||
           (folder.exists(QStringLiteral("config.yaml")) && folder.exists(QStringLiteral("checkpoints")));
}

bool isConfiguration(const QString& path)
{
    const QString suffix = QFileInfo(path).suffix().toLower();
    return QFileInfo(path).isFile() && (suffix == QLatin1String("yaml") || suffix == QLatin1String("yml"));
}

std::filesystem::path pathOf(const QString& path)
{
    return path.toStdU16String();
}

QString absoluteFolder(const TrainPlan& plan)
{
    return QDir::cleanPath(QDir::current().absoluteFilePath(QString::fromStdString(plan.folder)));
}

/// `path`, or the first of path-2, path-3, ... that is not there.
QString freePath(const QString& path)
{
    QString free = path;
    for (int number = 2; QFileInfo::exists(free); ++number) {
        free = QStringLiteral("%1-%2").arg(path).arg(number);
    }
    return free;
}

}  // namespace

Training::Training(TrainingServices services, ui::MainWindow& window, PackMaker& packMaker, QObject* parent)
    : QObject(parent),
      m_services(std::move(services)),
      m_window(window),
      m_packMaker(packMaker),
      m_page(std::make_unique<ui::TrainingPage>()),
      m_trainer(m_services.train),
      m_action(window.addAction(ui::MenuKind::tools, tr("&Training"), QStringLiteral("Ctrl+9"),
                                tr("Train networks, and watch runs that train elsewhere, in a window beside "
                                   "this one"))),
      m_indicator(new QToolButton(&window))
{
    m_page->setAttribute(Qt::WA_QuitOnClose, false);
    m_action->setEnabled(m_services.isThere());
    connect(m_action, &QAction::triggered, this, &Training::show);
    m_indicator->setFocusPolicy(Qt::StrongFocus);
    m_indicator->setAccessibleName(tr("Training in progress"));
    m_indicator->setToolTip(tr("A training run goes on; show it (Ctrl+9)"));
    m_indicator->hide();
    window.statusBar()->addPermanentWidget(m_indicator);
    connect(m_indicator, &QToolButton::clicked, this, &Training::show);
    connect(&m_trainer, &Trainer::news, this, &Training::onNews);
    connect(&m_trainer, &Trainer::ended, this, &Training::onEnded);
    connect(&m_files, &TrainingFolder::changed, this, &Training::onFolder);
    connect(&m_files, &TrainingFolder::failed, this, &Training::tellFailure);
    connect(&m_files, &TrainingFolder::pictureRead, this, [this](const TrainingFolder::Picture& picture) {
        m_page->samples()->setPicture(picture.step, picture.image);
        if (picture.step == m_page->samples()->chosen()) {
            m_page->setExits(picture.exits);
        }
    });
    m_look.setInterval(lookInterval);
    connect(&m_look, &QTimer::timeout, this, [this] {
        if (m_page->isVisible() && !m_page->isMinimized()) {
            m_files.refresh();
            showPast();
        }
    });
    m_checkSoon.setSingleShot(true);
    m_checkSoon.setInterval(checkDelay);
    connect(&m_checkSoon, &QTimer::timeout, this, &Training::checkFields);
    connectPage();
}

Training::~Training()
{
    m_trainer.shutDown();
}

void Training::connectPage()
{
    using ui::TrainingPage;
    using ui::TrainingSetup;
    TrainingPage* page = m_page.get();
    connect(&m_window, &ui::MainWindow::themeChanged, page, &TrainingPage::setTheme);
    connect(page, &TrainingPage::openRequested, this, &Training::askForConfiguration);
    connect(page, &TrainingPage::watchRequested, this, &Training::askForFolder);
    connect(page, &TrainingPage::pathChosen, this, &Training::openPath);
    connect(page, &TrainingPage::helpRequested, m_window.action(ui::Act::shortcuts), &QAction::trigger);
    connect(page, &TrainingPage::becameVisible, &m_files, &TrainingFolder::refresh);
    connect(page->setup(), &TrainingSetup::startRequested, this, &Training::start);
    connect(page->setup(), &TrainingSetup::stopRequested, this, [this] {
        m_trainer.stop();
        showProgress();
    });
    connect(page->setup(), &TrainingSetup::pauseRequested, this, &Training::setPaused);
    connect(page->setup(), &TrainingSetup::newFolderRequested, this, &Training::useNewFolder);
    connect(page->setup(), &TrainingSetup::packRequested, this, &Training::makePack);
    connect(page->setup(), &TrainingSetup::continueRequested, this,
            [this] { openConfiguration(m_files.folder() + QStringLiteral("/config.yaml")); });
    connect(page->setup(), &TrainingSetup::fieldsChanged, &m_checkSoon, qOverload<>(&QTimer::start));
    connect(page->samples(), &ui::SampleViewer::stepChosen, this, &Training::showPicture);
}

void Training::show()
{
    m_page->show();
    m_page->setWindowState(m_page->windowState() & ~Qt::WindowMinimized);
    m_page->raise();
    m_page->activateWindow();
}

bool Training::takes(const QString& path)
{
    return isConfiguration(path) || (QFileInfo(path).isDir() && isRunFolder(path)) ||
           QFileInfo(path).fileName() == QLatin1String("log.jsonl");
}

void Training::openPath(const QString& path)
{
    const QFileInfo info(path);
    if (isConfiguration(path)) {
        openConfiguration(path);
    } else if (info.isDir() || info.fileName() == QLatin1String("log.jsonl")) {
        watch(info.isDir() ? path : info.path());
    } else {
        tellFailure({ErrorCode::bad_file,
                     info.exists() ? "This is neither a configuration nor the folder of a training run"
                                   : "There is no such file or folder",
                     path.toStdString(),
                     "Open a YAML file such as those in packaging/training, or a run's output folder."});
    }
}

void Training::setDevices(const QStringList& devices)
{
    m_page->setup()->setDevices(devices);
}

void Training::setRecent(const QStringList& recent)
{
    m_recent = recent.mid(0, mostRecent);
    m_page->setRecent(m_recent);
}

void Training::remember(const QString& path)
{
    QStringList recent = m_recent;
    recent.removeAll(path);
    recent.prepend(path);
    setRecent(recent);
    Q_EMIT recentChanged();
}

void Training::askForConfiguration()
{
    auto* dialog = new QFileDialog(m_page.get(), tr("Open a training configuration"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Configurations (*.yaml *.yml)"), tr("All files (*)")});
    if (!m_config.isEmpty()) {
        dialog->setDirectory(QFileInfo(m_config).path());
    }
    connect(dialog, &QFileDialog::fileSelected, this, &Training::openConfiguration);
    dialog->show();
}

void Training::askForFolder()
{
    auto* dialog = new QFileDialog(m_page.get(), tr("Watch the output folder of a training run"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    if (!m_files.folder().isEmpty()) {
        dialog->setDirectory(QFileInfo(m_files.folder()).path());
    }
    connect(dialog, &QFileDialog::fileSelected, this, &Training::watch);
    dialog->show();
}

/// A run in progress keeps the window.
bool Training::isFree(const QString& path)
{
    if (!isRunning()) {
        return true;
    }
    tell(tr("A training run is in progress here."),
         tr("Stop it before you open %1; it is saved and can be continued.")
             .arg(QDir::toNativeSeparators(path)),
         false);
    return false;
}

void Training::openConfiguration(const QString& path)
{
    if (!isFree(path)) {
        return;
    }
    try {
        m_plan = m_services.plan(pathOf(path), {});
    } catch (const EngineError& error) {
        tellFailure(error.failure());
        return;
    }
    m_config = QFileInfo(path).absoluteFilePath();
    m_look.stop();
    m_numbers = {};
    m_savedStep.reset();
    forgetRun();
    const QFileInfo info(m_config);
    m_page->setup()->open(QStringLiteral("%1 · %2").arg(QFileInfo(info.path()).fileName(), info.fileName()),
                          m_config, *m_plan);
    clearMessages();
    if (info.fileName() == QLatin1String("config.yaml") && isRunFolder(info.path())) {
        // A run's own; its folder may be written relative to where that run was started.
        m_page->setup()->setFolder(info.path());
        checkFields();
    } else {
        showPlan(*m_plan);
    }
    m_page->showRun(true);
    remember(m_config);
}

void Training::watch(const QString& folder)
{
    if (!isFree(folder)) {
        return;
    }
    if (!isRunFolder(folder)) {
        tellFailure({ErrorCode::bad_file, "There is no training run in this folder", folder.toStdString(),
                     "Choose the folder that the configuration calls output.folder: it has a log.jsonl."});
        return;
    }
    m_plan.reset();
    try {
        m_plan = m_services.plan(pathOf(folder) / "config.yaml", {{"output.folder", folder.toStdString()}});
    } catch (const EngineError&) {
        // The log and the pictures say enough.
    }
    m_numbers = {};
    m_savedStep.reset();
    forgetRun();
    m_page->setup()->openWatched(folder, m_plan);
    m_page->setNetwork(m_plan && !m_plan->probe.empty() ? static_cast<int>(m_plan->depth) : 0,
                       m_plan ? m_plan->exit_layers : std::vector<int>());
    m_page->setup()->setHasWeights(m_plan && !m_plan->weights.empty() && m_packMaker.action()->isEnabled());
    m_files.open(folder);
    m_look.start();
    showPast();
    clearMessages();
    m_page->showRun(true);
    remember(QFileInfo(folder).absoluteFilePath());
}

/// What follows from the configuration with its overrides, and from what its folder holds already.
void Training::showPlan(const TrainPlan& plan)
{
    m_page->setup()->setHasWeights(!plan.weights.empty() && m_packMaker.action()->isEnabled());
    const QString folder = absoluteFolder(plan);
    const QString shown = isRunFolder(folder) ? folder : QString();
    if (shown == m_files.folder() && !m_contents.log.empty()) {
        showPast();
        return;
    }
    forgetRun();
    m_page->setNetwork(plan.probe.empty() ? 0 : static_cast<int>(plan.depth), plan.exit_layers);
    m_files.open(shown);
    showPast();
}

void Training::forgetRun()
{
    m_contents = {};
    m_files.open({});
    m_page->setLog({});
    m_page->samples()->setSteps({});
    m_page->lossPlot()->setMark(std::nullopt);
}

void Training::checkFields()
{
    auto* setup = m_page->setup();
    if (isRunning() || setup->state() != TrainingState::idle || m_config.isEmpty()) {
        return;
    }
    try {
        m_plan = m_services.plan(pathOf(m_config), setup->overrides());
        setup->updatePlan(*m_plan);
        showPlan(*m_plan);
    } catch (const EngineError& error) {
        const Failure& failure = error.failure();
        setup->setObjection(QString::fromStdString(failure.text()));
    }
}

void Training::showWeights()
{
    try {
        m_plan = m_services.plan(pathOf(m_config), m_page->setup()->overrides());
    } catch (const EngineError&) {
        return;  // the configuration was changed while its run goes on
    }
    m_page->setup()->setHasWeights(!m_plan->weights.empty() && m_packMaker.action()->isEnabled());
}

void Training::useNewFolder()
{
    m_page->setup()->setFolder(freePath(absoluteFolder(*m_plan)));
    checkFields();
}

/// The weights of this run, and of the others that lie beside its folder by their kind.
void Training::makePack()
{
    if (!m_plan || m_plan->weights.empty()) {
        return;
    }
    const QString weights =
        QFileInfo(QString::fromStdU16String(m_plan->weights.u16string())).absoluteFilePath();
    const QDir beside(QFileInfo(QFileInfo(weights).path()).path());
    const auto find = [&](const QString& kind) {
        const QString path = beside.filePath(QStringLiteral("%1/%1.safetensors").arg(kind));
        return QString::fromStdString(m_plan->kind) == kind ? weights
               : QFileInfo(path).isFile()                   ? path
                                                            : QString();
    };
    m_packMaker.propose({find(QStringLiteral("full")), find(QStringLiteral("shallow")),
                         find(QStringLiteral("early_exit")), beside.dirName(),
                         freePath(beside.filePath(QStringLiteral("pack")))});
}

}  // namespace duodiff::studio
