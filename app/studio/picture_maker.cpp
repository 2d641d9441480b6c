// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio/picture_maker.h"

#include <QMetaObject>

#include <utility>

namespace duodiff::studio
{

namespace
{

std::vector<PictureMaker::Made> make(const PictureMaker::Wish& wish)
{
    std::vector<PictureMaker::Made> pictures;
    for (const PictureMaker::Place& place : wish.places) {
        PictureMaker::Made made{place.firstImage, {}, {}};
        if (wish.predicted) {
            made.predicted =
                wish.trajectory->picture(place.batch, place.predictedAfter, PictureKind::predicted);
        }
        if (wish.noisy || !made.predicted) {
            made.noisy = wish.trajectory->picture(place.batch, place.stepsDone, PictureKind::noisy);
        }
        pictures.push_back(std::move(made));
    }
    return pictures;
}

}  // namespace

PictureMaker::PictureMaker(QObject* parent) : QObject(parent), m_worker(new QObject)
{
    m_thread.setObjectName(QStringLiteral("pictures"));
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.start();
}

PictureMaker::~PictureMaker()
{
    m_thread.quit();
    m_thread.wait();
}

void PictureMaker::ask(Wish wish)
{
    if (m_busy) {
        m_next = std::move(wish);
    } else {
        start(std::move(wish));
    }
}

void PictureMaker::forget()
{
    m_next.reset();
    ++m_number;
}

void PictureMaker::start(Wish wish)
{
    m_busy = true;
    QMetaObject::invokeMethod(
        m_worker,
        [this, number = ++m_number, held = std::move(wish)] {
            auto pictures = make(held);
            QMetaObject::invokeMethod(
                this,
                [this, number, tag = held.tag, done = std::move(pictures)] { finish(number, tag, done); },
                Qt::QueuedConnection);
        },
        Qt::QueuedConnection);
}

void PictureMaker::finish(quint64 number, int tag, const std::vector<Made>& pictures)
{
    m_busy = false;
    // While the cursor keeps moving, what was made on the way is shown too.
    const bool wanted = number == m_number;
    auto next = std::exchange(m_next, std::nullopt);
    if (next) {
        start(std::move(*next));
    }
    if (wanted) {
        Q_EMIT made(tag, pictures);
    }
}

}  // namespace duodiff::studio
