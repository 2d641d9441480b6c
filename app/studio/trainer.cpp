// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/trainer.h"

#include <QMetaObject>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace duodiff::studio
{

namespace
{

constexpr int fetchInterval = 100;  // ms
constexpr std::size_t mostNotes = 20;
constexpr int politeness = 5;

/// Sampling and the window go first where all want the same cores. Threads that are started from this one
/// inherit it.
void stepBehind()
{
    const auto thread = static_cast<id_t>(::gettid());
    ::setpriority(PRIO_PROCESS, thread, std::min(19, ::getpriority(PRIO_PROCESS, thread) + politeness));
}

}  // namespace

Trainer::Trainer(decltype(TrainingServices::train) train, QObject* parent)
    : QObject(parent), m_train(std::move(train))
{
    m_timer.setInterval(fetchInterval);
    connect(&m_timer, &QTimer::timeout, this, &Trainer::deliver);
}

Trainer::~Trainer()
{
    shutDown();
}

bool Trainer::start(const TrainRequest& request)
{
    if (isRunning() || !m_train) {
        return false;
    }
    m_news = {};
    m_hasNews = false;
    m_pause = std::make_unique<PauseSwitch>();
    m_timer.start();
    m_thread = std::jthread(
        [this, request, number = ++m_number, pause = m_pause.get()](const std::stop_token& stop) {
            stepBehind();
            End end;
            try {
                end.result = m_train(
                    request, [this](const TrainProgress& progress) { take(progress); }, stop, pause);
            } catch (...) {
                end.failure = current_failure(request.config.string());
            }
            QMetaObject::invokeMethod(
                this, [this, number, end] { finish(number, end); }, Qt::QueuedConnection);
        });
    return true;
}

void Trainer::stop()
{
    m_thread.request_stop();
}

void Trainer::setPaused(bool paused)
{
    if (m_pause) {
        paused ? m_pause->pause() : m_pause->resume();
    }
}

void Trainer::take(const TrainProgress& progress)
{
    using Kind = TrainProgress::Kind;
    const std::lock_guard lock(m_mutex);
    m_hasNews = true;
    switch (progress.kind) {
        case Kind::preparing:
            m_news.preparing = progress;
            break;
        case Kind::started:
            m_news.folder = progress.folder;
            m_news.step = progress;
            break;
        case Kind::step:
            m_news.step = progress;
            break;
        case Kind::logged:
            m_news.logged = true;
            break;
        case Kind::sampled:
            m_news.sampled = true;
            break;
        case Kind::saved:
            m_news.saved = progress.step;
            break;
        case Kind::note:
            if (m_news.notes.size() < mostNotes) {
                m_news.notes.push_back(progress.text);
            }
            break;
    }
}

void Trainer::deliver()
{
    TrainNews fresh;
    {
        const std::lock_guard lock(m_mutex);
        if (!std::exchange(m_hasNews, false)) {
            return;
        }
        std::swap(fresh, m_news);
    }
    Q_EMIT news(fresh);
}

void Trainer::finish(quint64 number, const End& end)
{
    if (number != m_number) {
        return;
    }
    m_thread.join();
    m_timer.stop();
    deliver();
    m_pause.reset();
    Q_EMIT ended(end);
}

void Trainer::shutDown()
{
    if (isRunning()) {
        ++m_number;
        m_thread.request_stop();
        m_thread.join();
        m_timer.stop();
        m_pause.reset();
    }
}

}  // namespace duodiff::studio
