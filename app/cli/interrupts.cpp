// SPDX-License-Identifier: GPL-3.0-or-later
#include "interrupts.h"

#include <pthread.h>
#include <csignal>

namespace duodiff::cli
{
namespace
{

sigset_t interrupt_signals()
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

void end_process_by(int signal_number)
{
    std::signal(signal_number, SIG_DFL);
    const sigset_t signals = interrupt_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    raise(signal_number);
}

}  // namespace

Interrupts::Interrupts()
{
    const sigset_t signals = interrupt_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::thread([this] { wait_for_signals(); });
}

Interrupts::~Interrupts()
{
    ending_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    const sigset_t signals = interrupt_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Interrupts::wait_for_signals()
{
    const sigset_t signals = interrupt_signals();
    bool asked = false;
    while (true) {
        int signal_number = 0;
        if (sigwait(&signals, &signal_number) != 0) {
            return;
        }
        if (ending_) {
            return;
        }
        if (asked || !watched_) {
            end_process_by(signal_number);
        }
        asked = true;
        stop_.request_stop();
    }
}

}  // namespace duodiff::cli
