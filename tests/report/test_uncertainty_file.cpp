// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/uncertainty_file.h"

#include "base/error.h"
#include "report/atomic_file.h"
#include "report/run_file.h"
#include "report_samples.h"
#include "stream/what_if.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

/// An AdaDiff run of this size; images leave where their u says so.
RunRecord adaptive_run(int images, int steps, int probes)
{
    RunRecord record;
    record.settings.policy = PolicyKind::adadiff;
    record.settings.threshold = 0.1;
    record.settings.count = images;
    record.settings.batch = images;
    record.settings.steps = steps;
    record.model.depth = probes;
    record.model.has_early_exit = true;
    record.probes = probes;
    for (int k = 0; k < steps; ++k) {
        StepRecord step;
        step.step = k;
        step.t = 999 - k * 999 / std::max(1, steps - 1);
        step.network = NetworkRole::early_exit;
        step.parameters = {0.1};
        step.ms = 1.0;
        step.exit_layers.assign(static_cast<std::size_t>(images), static_cast<std::int16_t>(k % probes));
        step.uncertainty.assign(static_cast<std::size_t>(images * probes),
                                std::numeric_limits<float>::quiet_NaN());
        for (int probe = 0; probe <= k % probes; ++probe) {
            for (int image = 0; image < images; ++image) {
                step.uncertainty[static_cast<std::size_t>(probe * images + image)] =
                    probe == k % probes ? 0.09F : 0.2F + 0.001F * static_cast<float>(image % 7);
            }
        }
        record.steps.push_back(std::move(step));
    }
    return record;
}

/// As run.json has it without its rows.
RunRecord without_rows(const RunRecord& record)
{
    return run_from_json(run_to_json(record), "r");
}

bool same_bits(const RunRecord& a, const RunRecord& b)
{
    return std::equal(
        a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(),
        [](const StepRecord& one, const StepRecord& other) {
            return one.uncertainty.size() == other.uncertainty.size() &&
                   (one.uncertainty.empty() || std::memcmp(one.uncertainty.data(), other.uncertainty.data(),
                                                           one.uncertainty.size() * sizeof(float)) == 0);
        });
}

std::string refusal(const std::filesystem::path& path, RunRecord& record)
{
    try {
        read_uncertainty(path, record);
    } catch (const EngineError& error) {
        CHECK(error.code() == ErrorCode::bad_file);
        return error.failure().what;
    }
    return {};
}

}  // namespace

TEST_CASE("256 images, 1000 steps and 13 layers come back to the bit, and with them what another theta gives")
{
    const TemporaryFolder folder;
    const auto path = folder / "uncertainty.bin";
    const RunRecord record = adaptive_run(256, 1000, 13);
    CHECK(uncertainty_values(record) == std::size_t{256} * 1000 * 13);
    write_uncertainty(path, record);
    CHECK(std::filesystem::file_size(path) < uncertainty_values(record) * 4 + 8192);
    RunRecord back = without_rows(record);
    CHECK_FALSE(WhatIfIndex(back).predict({.policy = PolicyKind::adadiff, .threshold = 0.15}).available());
    read_uncertainty(path, back);
    CHECK(same_bits(back, record));
    CHECK(back.steps[5].mean_uncertainty.empty());
    const PolicyChoice choice{.policy = PolicyKind::adadiff, .threshold = 0.15};
    const WhatIf before = WhatIfIndex(record).predict(choice);
    const WhatIf after = WhatIfIndex(back).predict(choice);
    REQUIRE(after.available());
    CHECK(after.exit_layers == before.exit_layers);
}

TEST_CASE("steps without uncertainties stay without")
{
    const TemporaryFolder folder;
    RunRecord record = adaptive_run(3, 6, 4);
    record.steps[2].uncertainty.clear();
    write_uncertainty(folder / "u", record);
    RunRecord back = without_rows(record);
    read_uncertainty(folder / "u", back);
    CHECK(same_bits(back, record));
}

TEST_CASE("a damaged, cut off, foreign or hostile file of uncertainties is refused and changes nothing")
{
    const TemporaryFolder folder;
    const auto path = folder / "u";
    const RunRecord record = adaptive_run(4, 9, 5);
    write_uncertainty(path, record);
    const std::string good = read_whole_file(path, 1 << 20);
    RunRecord back = without_rows(record);
    const auto untouched = [&] {
        return std::all_of(back.steps.begin(), back.steps.end(),
                           [](const StepRecord& step) { return step.uncertainty.empty(); });
    };
    for (std::size_t size = 0; size < good.size(); size += size < 32 ? 1 : 37) {
        write_file_atomically(path, good.substr(0, size));
        CHECK_FALSE(refusal(path, back).empty());
        CHECK(untouched());
    }
    for (std::size_t at = 0; at < good.size(); at += at < 32 ? 1 : 29) {
        std::string changed = good;
        changed[at] = static_cast<char>(changed[at] ^ 0x40);
        write_file_atomically(path, changed);
        CHECK_FALSE(refusal(path, back).empty());
        CHECK(untouched());
    }
    write_file_atomically(path, good + "x");
    CHECK_FALSE(refusal(path, back).empty());
    write_uncertainty(path, adaptive_run(5, 9, 5));
    CHECK(refusal(path, back).find("another run") != std::string::npos);
    CHECK(untouched());
    CHECK_FALSE(refusal(folder / "absent", back).empty());
    write_file_atomically(path, good);
    CHECK(refusal(path, back).empty());
    CHECK(same_bits(back, record));
}
