// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "stream/trajectory.h"

#include <QObject>
#include <QThread>

#include <memory>
#include <optional>
#include <vector>

namespace duodiff::studio
{

/// Makes pictures of held states on a thread of its own; of wishes that come faster than they can be met,
/// the newest counts.
class PictureMaker : public QObject
{
    Q_OBJECT

public:
    struct Place {
        int batch = 0;
        int firstImage = 0;
        int stepsDone = 0;       ///< of x_t
        int predictedAfter = 0;  ///< steps done where the predicted x_0 is held
    };
    struct Made {
        int firstImage = 0;
        std::optional<PictureStrip> noisy;
        std::optional<PictureStrip> predicted;
    };
    struct Wish {
        std::shared_ptr<const Trajectory> trajectory;
        std::vector<Place> places;
        bool noisy = true;
        bool predicted = false;  ///< where it is not held, x_t takes its place
        int tag = 0;             ///< handed back with the pictures
    };

    explicit PictureMaker(QObject* parent = nullptr);
    ~PictureMaker() override;

    void ask(Wish wish);
    /// What was asked for is not wanted any more.
    void forget();

Q_SIGNALS:
    /// Not for every wish, but always for the newest.
    void made(int tag, const std::vector<duodiff::studio::PictureMaker::Made>& pictures);

private:
    void start(Wish wish);
    void finish(quint64 number, int tag, const std::vector<Made>& pictures);

    QThread m_thread;
    QObject* m_worker;  ///< lives on m_thread, which deletes it
    quint64 m_number = 0;
    bool m_busy = false;
    std::optional<Wish> m_next;
};

}  // namespace duodiff::studio
