// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "session/engine.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace duodiff::test
{

/// How long a test waits for what is sure to come, in ms; a busy machine is slow.
inline constexpr int patience = 120'000;

/// Lets the engine's thread through, a step at a time or freely. Shared by a test and its engine.
class Gate
{
public:
    /// Lets `steps` more steps through.
    void allow(int steps);
    void open();
    void close();
    /// Blocks until a step is allowed, or `stop` is asked for.
    void pass(const std::stop_token& stop);
    /// Blocks until somebody waits at the closed gate.
    void waitForVisitor();
    bool hasVisitor();

private:
    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    int m_allowed = 0;
    bool m_open = true;
    bool m_visitor = false;
};

/// What the engine is to do out of the ordinary, and what it has seen.
struct Script {
    Gate gate;      ///< before every step
    Gate openGate;  ///< before a model is open
    std::optional<Failure> openFailure;
    std::optional<Failure> sampleFailure;
    int failAtStep = -1;
    bool throwForeign = false;  ///< std::bad_alloc instead of an EngineError
    /// Skipped blocks show in the pictures; else these are a function of seed, image and label alone.
    bool layersShow = false;
    std::function<void(int step)> beforeStep;

    std::atomic<int> enginesAlive{0};
    std::atomic<int> runs{0};
    std::atomic<int> steps{0};  ///< that have run, of all batches and runs
    std::atomic<bool> ranOnOneThread{true};
    std::atomic<int> pictures{0};
    std::atomic<int> uncertaintiesRead{0};
    bool noMaps = false;     ///< as the attention probe
    Gate mapGate;            ///< before every reading of a map
    std::thread::id thread;  ///< of the engine; set by its construction
    std::vector<ModelSource> opened;
};

/// The model that the scripted engine opens; 13 blocks and a shallow network of 3, ten classes.
ModelInfo scriptedModel();

/// A second implementation of the engine: draws garments that form out of noise, with exit layers that
/// jump at a time that theta moves. Keeps states, resumes, pauses, and keeps what is unfinished, as the real
/// one does.
std::unique_ptr<Engine> makeScriptedEngine(std::shared_ptr<Script> script);

}  // namespace duodiff::test
