// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/history_store.h"

#include "base/error.h"
#include "report/atomic_file.h"
#include "report/image_metadata.h"
#include "report/report_numbers.h"
#include "report/run_file.h"
#include "report/uncertainty_file.h"
#include "studio/history_index.h"
#include "studio/state_folder.h"
#include "ui/preview_grid.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QPainter>
#include <QRandomGenerator>
#include <QSet>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr qint64 largestIndex = 256 * 1024 * 1024;
constexpr qint64 largestEntry = 64 * 1024;
constexpr int thumbnailSide = 96;
constexpr int mostThumbnails = 8;
/// Up to here run.json holds every uncertainty, which what-if curves need; about ten bytes each. More of them
/// lie in a file beside it, of four bytes each.
constexpr std::size_t mostUncertainties = 400'000;

QString tr(const char* text)
{
    return QCoreApplication::translate("History", text);
}

std::filesystem::path toPath(const QString& path)
{
    return path.toStdU16String();
}

[[noreturn]] void fail(const QString& what, const QString& where)
{
    throw EngineError(ErrorCode::failed, what.toStdString(), where.toStdString(),
                      tr("See that the disk has room, and that you may write there.").toStdString());
}

QByteArray readAtMost(const QString& path, qint64 most)
{
    QFile file(path);
    return file.size() <= most && file.open(QIODevice::ReadOnly) ? file.read(most) : QByteArray();
}

const std::string& fileOf(const std::vector<ImageRecord>& images, int index)
{
    const auto found = std::find_if(images.begin(), images.end(),
                                    [index](const ImageRecord& image) { return image.index == index; });
    if (found == images.end()) {
        throw EngineError(ErrorCode::failed, "an image of the run is not in its record");
    }
    return found->file;
}

qint64 bytesIn(const QString& folder)
{
    qint64 bytes = 0;
    for (QDirIterator files(folder, QDir::Files | QDir::Hidden); files.hasNext();) {
        files.next();
        bytes += files.fileInfo().size();
    }
    return bytes;
}

/// At most mostThumbnails pictures side by side; a dashed frame marks the unfinished ones, of which two are
/// shown at least where there are so many.
QImage stripOf(const KeptRun& run)
{
    const auto finished = static_cast<int>(run.images.size());
    const auto unfinished = static_cast<int>(run.unfinished.size());
    const int first = std::min(finished, mostThumbnails - std::min(unfinished, 2));
    const int count = std::min(first + unfinished, mostThumbnails);
    if (count == 0) {
        return {};
    }
    const auto picture = [&](int number) -> const FinishedImage& {
        return number < first ? run.images[static_cast<std::size_t>(number)]
                              : run.unfinished[static_cast<std::size_t>(number - first)].picture;
    };
    const int side = std::min(thumbnailSide, std::max(picture(0).width, picture(0).height));
    QImage strip(count * side, side, QImage::Format_RGB888);
    strip.fill(Qt::black);
    QPainter painter(&strip);
    for (int number = 0; number < count; ++number) {
        const QImage small =
            ui::toImage(picture(number)).scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
        painter.drawImage(number * side + (side - small.width()) / 2, (side - small.height()) / 2, small);
        if (number >= first) {
            const QRect frame(number * side, 0, side - 1, side - 1);
            painter.setPen(Qt::black);
            painter.drawRect(frame);
            QPen dashes(Qt::white, std::max(1.0, side / 48.0));
            dashes.setDashPattern({3.0, 3.0});
            painter.setPen(dashes);
            painter.drawRect(frame);
        }
    }
    return strip;
}

bool move(const QString& from, const QString& to)
{
    QDir().mkpath(QFileInfo(to).path());
    QDir(to).removeRecursively();
    return QDir().rename(from, to);
}

}  // namespace

HistoryStore::HistoryStore(QString folder) : m_folder(std::move(folder)) {}

QString HistoryStore::newId()
{
    const QString time = QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd-HHmmsszzz"));
    return QStringLiteral("%1-%2").arg(time).arg(QRandomGenerator::system()->bounded(0x10000), 4, 16,
                                                 QLatin1Char('0'));
}

QString HistoryStore::runFolder(const QString& id) const
{
    return m_folder + QStringLiteral("/runs/") + id;
}

QString HistoryStore::indexFile() const
{
    return m_folder + QStringLiteral("/index.jsonl");
}

void HistoryStore::append(const QByteArray& line) const
{
    const QByteArray name = QFile::encodeName(indexFile());
    const int file = ::open(name.constData(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    QByteArray bytes = line;
    const off_t end = file >= 0 ? ::lseek(file, 0, SEEK_END) : 0;
    char last = '\n';
    if (end > 0 && ::pread(file, &last, 1, end - 1) == 1 && last != '\n') {
        bytes.prepend('\n');  // after a line that was cut off
    }
    // One write: two programs' lines do not mix.
    const bool written =
        file >= 0 && ::write(file, bytes.constData(), static_cast<std::size_t>(bytes.size())) ==
                         static_cast<ssize_t>(bytes.size());
    const bool synced = written && ::fsync(file) == 0;
    const QString reason = QString::fromLocal8Bit(std::strerror(errno));
    if (file >= 0) {
        ::close(file);
    }
    if (!synced) {
        fail(tr("The history's index cannot be written: %1").arg(reason), indexFile());
    }
}

void HistoryStore::writeIndex(const std::vector<ui::HistoryEntry>& entries) const
{
    QByteArray bytes;
    for (const ui::HistoryEntry& entry : entries) {
        bytes += addLine(entry);
    }
    write_file_atomically(toPath(indexFile()),
                          std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
}

ui::HistoryEntry HistoryStore::describe(const QString& id, const RunRecord& record) const
{
    ui::HistoryEntry entry;
    entry.id = id;
    entry.title = QString::fromStdString(policy_label(record.settings));
    entry.model = QString::fromStdString(record.model.name);
    entry.solver = QString::fromUtf8(display_name(record.settings.solver).data());
    entry.steps = record.settings.steps;
    entry.seed = record.settings.seed;
    entry.time = QDateTime::fromString(QString::fromStdString(record.started_at), Qt::ISODate);
    if (!entry.time.isValid()) {
        entry.time = QDateTime::fromString(id.left(18), QStringLiteral("yyyyMMdd-HHmmsszzz"));
        entry.time.setTimeSpec(Qt::UTC);
    }
    if (!entry.time.isValid()) {
        entry.time = QFileInfo(runFolder(id)).lastModified();
    }
    entry.skipped =
        record.steps.empty() ? std::numeric_limits<double>::quiet_NaN() : 1.0 - block_share(record);
    entry.images = record.images_finished();
    entry.asked = record.settings.count;
    entry.unfinished = static_cast<int>(record.unfinished.size());
    entry.state = record.state;
    std::set<std::int64_t> labels(record.settings.classes.begin(), record.settings.classes.end());
    for (const ImageRecord& image : record.images) {
        labels.insert(image.label);
    }
    for (const std::int64_t label : labels) {
        const auto number = static_cast<std::size_t>(label);
        if (label >= 0 && entry.classes.size() < 64) {
            entry.classes << (number < record.model.class_names.size()
                                  ? QString::fromStdString(record.model.class_names[number])
                                  : tr("class %1").arg(label));
        }
    }
    return entry;
}

ui::HistoryEntry HistoryStore::add(const QString& id, const KeptRun& run)
{
    const QString folder = runFolder(id);
    const QString unfinished = m_folder + QStringLiteral("/unfinished/") + id;
    if (!QDir().mkpath(unfinished) || !QDir().mkpath(m_folder + QStringLiteral("/runs"))) {
        fail(tr("The history's folder cannot be made"), unfinished);
    }
    RunRecord record = run.record;
    nameImages(record, run);
    const bool rows = uncertainty_values(record) <= mostUncertainties;
    const auto folderPath = toPath(unfinished);
    for (const FinishedImage& image : run.images) {
        write_image(folderPath / fileOf(record.images, image.index), to_image8(image), record, image.index);
    }
    for (const UnfinishedImage& image : run.unfinished) {
        write_image(folderPath / fileOf(record.unfinished, image.picture.index), to_image8(image.picture),
                    record, image.picture.index);
    }
    write_run_file(folderPath / "run.json", record, {.uncertainty_rows = rows});
    if (!rows) {
        write_uncertainty(folderPath / uncertainty_file_name, record);
    }
    ui::HistoryEntry entry = describe(id, record);
    const QImage strip = stripOf(run);
    if (!strip.isNull() && strip.save(unfinished + QStringLiteral("/thumbnails.png"))) {
        entry.thumbnails = strip.width() / strip.height();
    }
    entry.bytes = bytesIn(unfinished);
    const QByteArray json = entryToJson(entry);
    write_file_atomically(toPath(unfinished + QStringLiteral("/entry.json")),
                          std::string_view(json.constData(), static_cast<std::size_t>(json.size())));
    if (!QDir().rename(unfinished, folder)) {
        fail(tr("The run cannot be moved into the history"), folder);
    }
    append(addLine(entry));
    return entry;
}

std::optional<ui::HistoryEntry> HistoryStore::readEntry(const QString& id) const
{
    const QString folder = runFolder(id);
    auto entry = entryFromJson(readAtMost(folder + QStringLiteral("/entry.json"), largestEntry));
    if (!entry || entry->id != id) {
        try {
            entry = describe(id, read_run_file(toPath(folder + QStringLiteral("/run.json"))));
        } catch (const std::exception&) {
            return std::nullopt;
        }
        const QImage strip = thumbnails(id);
        entry->thumbnails = strip.isNull() ? 0 : strip.width() / strip.height();
        entry->bytes = bytesIn(folder);
    }
    entry->favourite = QFileInfo::exists(folder + QStringLiteral("/favourite"));
    return entry;
}

HistoryStore::Loaded HistoryStore::load(bool tidy)
{
    Loaded loaded;
    if (tidy) {
        QDir(m_folder + QStringLiteral("/trash")).removeRecursively();
        QDir(m_folder + QStringLiteral("/unfinished")).removeRecursively();
    }
    ReadIndex index;
    bool rewrite = false;
    if (QFileInfo::exists(indexFile())) {
        const bool huge = QFileInfo(indexFile()).size() > largestIndex;
        index = readIndex(readAtMost(indexFile(), largestIndex));
        rewrite = index.cutOff || index.lines > 2 * static_cast<int>(index.entries.size()) + 100;
        if ((huge || index.damagedLines > 0) && tidy) {
            const QString aside = studio::setAside(indexFile());
            loaded.notices
                << tr("The history's index was damaged. It was made anew from the runs themselves; "
                      "the former one is kept as %1.")
                       .arg(QDir::toNativeSeparators(aside));
            rewrite = true;
        }
    }
    const QStringList folders =
        QDir(m_folder + QStringLiteral("/runs")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    QSet<QString> unlisted(folders.begin(), folders.end());
    for (ui::HistoryEntry& entry : index.entries) {
        if (unlisted.remove(entry.id)) {
            loaded.entries.push_back(std::move(entry));
        } else {
            rewrite = true;
        }
    }
    int unreadable = 0;
    for (const QString& id : unlisted) {
        auto entry = isHistoryId(id) ? readEntry(id) : std::nullopt;
        if (entry) {
            loaded.entries.push_back(std::move(*entry));
            rewrite = true;
        } else if (tidy) {
            setRunAside(id);
            ++unreadable;
        }
    }
    if (unreadable > 0) {
        loaded.notices << tr("%1 runs of the history could not be read; they are kept in %2.")
                              .arg(unreadable)
                              .arg(QDir::toNativeSeparators(m_folder + QStringLiteral("/damaged")));
    }
    if (rewrite && tidy) {
        writeIndex(loaded.entries);
    }
    return loaded;
}

void HistoryStore::setFavourite(const QString& id, bool favourite)
{
    // In the run's own folder too, so that it survives the index.
    QFile mark(runFolder(id) + QStringLiteral("/favourite"));
    if (favourite ? !mark.open(QIODevice::WriteOnly) : mark.exists() && !mark.remove()) {
        fail(tr("The star cannot be kept: %1").arg(mark.errorString()), mark.fileName());
    }
    append(favouriteLine(id, favourite));
}

void HistoryStore::remove(const QString& id)
{
    if (!move(runFolder(id), m_folder + QStringLiteral("/trash/") + id)) {
        fail(tr("The run cannot be deleted"), runFolder(id));
    }
    append(removeLine(id));
}

ui::HistoryEntry HistoryStore::restore(const QString& id)
{
    const QString trashed = m_folder + QStringLiteral("/trash/") + id;
    if (!QFileInfo::exists(trashed) || !move(trashed, runFolder(id))) {
        fail(tr("The deleted run is not there any more"), trashed);
    }
    auto entry = readEntry(id);
    if (!entry) {
        fail(tr("The deleted run cannot be read"), setRunAside(id));
    }
    append(addLine(*entry));
    return *entry;
}

void HistoryStore::drop(const QString& id)
{
    if (!QDir(runFolder(id)).removeRecursively()) {
        fail(tr("The run cannot be deleted"), runFolder(id));
    }
    append(removeLine(id));
}

HistoryStore::ShownRun HistoryStore::read(const QString& id) const
{
    ShownRun shown;
    shown.run = readEarlierRun({DroppedKind::runFile, toPath(runFolder(id) + QStringLiteral("/run.json"))});
    shown.kept = std::make_shared<KeptRun>(readPictures(shown.run, true));
    return shown;
}

QImage HistoryStore::thumbnails(const QString& id) const
{
    const QByteArray bytes = readAtMost(runFolder(id) + QStringLiteral("/thumbnails.png"), 4 * 1024 * 1024);
    const QImage strip = QImage::fromData(bytes, "PNG");
    const bool fits = !strip.isNull() && strip.height() <= thumbnailSide &&
                      strip.width() <= mostThumbnails * strip.height() && strip.width() >= strip.height();
    return fits ? strip.convertToFormat(QImage::Format_RGB32) : QImage();
}

QString HistoryStore::setRunAside(const QString& id)
{
    const QString damaged = m_folder + QStringLiteral("/damaged/");
    QString target = damaged + id;
    for (int number = 2; QFileInfo::exists(target); ++number) {
        target = QStringLiteral("%1%2-%3").arg(damaged, id).arg(number);
    }
    move(runFolder(id), target);
    return target;
}

}  // namespace duodiff::studio
