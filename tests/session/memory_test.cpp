// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/memory.h"

#include "support/doctest_torch.h"

#include <string>

using namespace duodiff;

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
