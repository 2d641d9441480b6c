// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "run_cli.h"

#include <chrono>
#include <ostream>
#include <string>

namespace duodiff::cli
{

/// One line on the error stream that is redrawn in place, at most ten times a second; nothing at all
/// where that stream is no terminal. Ends its line when it goes out of scope.
class ProgressLine
{
public:
    ProgressLine(std::ostream& err, const Terminal& terminal) : err_(err), terminal_(terminal) {}
    ~ProgressLine() { end(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    bool enabled() const { return terminal_.err_is_terminal; }
    void show(const std::string& text);
    /// Draws the last text given and moves on to the next line.
    void end();

private:
    void draw();

    std::ostream& err_;
    const Terminal& terminal_;
    std::string text_;
    std::size_t drawn_ = 0;  ///< characters on the line now
    bool open_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace duodiff::cli
