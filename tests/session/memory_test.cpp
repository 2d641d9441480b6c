// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/memory.h"

#include "session/model_info.h"
#include "session/small_models.h"

#include "support/doctest_torch.h"

#include <string>

using namespace duodiff;
using namespace duodiff::test;

namespace
{

constexpr double megabyte = 1e6;
const ModelSource source{
    .model = golden("early_exit_attention_probe.pth"), .late_model = {}, .config = {}, .late_config = {}};

/// What is said of a run that needs so much where so much is free; empty: it may run.
Failure refusal(const MemoryNeed& need, double available)
{
    SamplingSettings s;
    s.count = s.batch = 8;
    try {
        require_memory_of(need, s, available);
    } catch (const EngineError& error) {
        return error.failure();
    }
    return {};
}

}  // namespace

TEST_CASE("where memory runs out, half of the batch is offered, of the images that there are")
{
    const Failure failure{ErrorCode::out_of_memory, "there is not enough memory", "sampling", {}};
    SamplingSettings settings;
    settings.count = 64;
    settings.batch = 16;
    CHECK(with_smaller_batch(failure, settings).remedy == "Use a batch of 8 or fewer.");
    settings.count = 6;
    CHECK(with_smaller_batch(failure, settings).remedy == "Use a batch of 3 or fewer.");
    CHECK(with_smaller_batch(failure, settings).what == failure.what);
}

TEST_CASE("one image that does not fit is no reason to speak of batches")
{
    SamplingSettings settings;
    settings.count = settings.batch = 1;
    const Failure failure = with_smaller_batch({ErrorCode::out_of_memory, "", "", {}}, settings);
    CHECK_FALSE(failure.remedy.empty());
    CHECK(failure.remedy.find("batch") == std::string::npos);
}

TEST_CASE(
    "what is kept of the steps counts in the memory that a run needs, and is named where it is too much")
{
    const MemoryNeed need{
        .batch_bytes = 300 * megabyte, .run_bytes = 100 * megabyte, .kept_bytes = 512 * megabyte};
    CHECK(refusal(need, 913 * megabyte).what.empty());
    const Failure kept = refusal(need, 911 * megabyte);
    CHECK(kept.code == ErrorCode::out_of_memory);
    CHECK(kept.what.find("steps that are kept") != std::string::npos);
    CHECK(kept.remedy.find("Lower the bound") != std::string::npos);
    const Failure batch = refusal(need, 399 * megabyte);
    CHECK(batch.what.find("a batch of 8 images") != std::string::npos);
    const Failure run = refusal(need, 50 * megabyte);
    CHECK(run.remedy == "Make fewer images in one run.");
}

TEST_CASE("the steps of a run are counted up to the room that is left for them")
{
    const auto engine = make_engine();
    const ModelFiles files = read_model(source);
    SamplingSettings s = settings(PolicyKind::full, SolverKind::ddim, 10);
    s.count = 6;
    s.batch = 2;
    CHECK(memory_need(s, files).kept_bytes == 0.0);
    const auto budget = std::make_shared<TrajectoryBudget>(std::size_t{1} << 30);
    Trajectory keep({}, budget);
    const double all = memory_need(s, files, &keep).kept_bytes;
    CHECK(all > 0.0);
    FrameLog log;
    engine->open(source);
    SampleOptions options;
    options.keep = &keep;
    engine->sample(s, 1, log, {}, nullptr, options);
    // Within what labels and the states' own fields add.
    CHECK(static_cast<double>(keep.bytes()) >= 0.9 * all * 10.0 / 11.0);
    budget->set_limit(keep.bytes());
    CHECK(memory_need(s, files, &keep).kept_bytes == 0.0);
    budget->set_limit(keep.bytes() + 1000);
    CHECK(memory_need(s, files, &keep).kept_bytes == 1000.0);
}
