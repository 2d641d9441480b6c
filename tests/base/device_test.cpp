// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/device.h"
#include "base/error.h"

#include "support/doctest_torch.h"

#include <algorithm>
#include <string>

using namespace duodiff;

TEST_CASE("every device that is named as usable resolves, and so do auto and cpu")
{
    for (const std::string& name : device_names()) {
        CHECK(resolve_device(name).str().find(name == "cpu" ? "cpu" : name) == 0);
    }
    CHECK(resolve_device("cpu").is_cpu());
    CHECK_NOTHROW(resolve_device("auto"));
}

TEST_CASE("a device that is not there is a usage error that names those that are")
{
    for (const char* name : {"", "gpu", "cuda:99", "cuda:-1", "cuda:0x", "cpu:1", "CPU"}) {
        try {
            resolve_device(name);
            FAIL("accepted: " << name);
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::usage);
            CHECK(error.failure().remedy.find("cpu") != std::string::npos);
        }
    }
}

TEST_CASE("the timer adds the time of its scope")
{
    double total = 0.0;
    {
        const ScopedTimer timer(total, c10::Device(c10::kCPU));
    }
    const double once = total;
    CHECK(once >= 0.0);
    {
        const ScopedTimer timer(total, c10::Device(c10::kCPU));
    }
    CHECK(total >= once);
}
