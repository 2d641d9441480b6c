// SPDX-License-Identifier: GPL-3.0-or-later
#include "sampler/noise_source.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

#include "support/doctest_torch.h"

using namespace duodiff;

TEST_CASE("an image's noise is the same in any batch and at any place")
{
    const auto together = per_image_noise({3, 4, 5, 6}, {3, 8, 8});
    const auto alone = per_image_noise({5}, {3, 8, 8});
    CHECK(at::equal(together->initial()[2], alone->initial()[0]));
    CHECK(at::equal(together->step(17)[2], alone->step(17)[0]));
    CHECK_FALSE(at::equal(alone->step(17), alone->step(18)));
}

TEST_CASE("steps may be asked for in any order")
{
    const auto one = per_image_noise({9}, {1, 28, 28});
    const auto other = per_image_noise({9}, {1, 28, 28});
    const at::Tensor later = one->step(5);
    one->initial();
    CHECK(at::equal(later, other->step(5)));
}

TEST_CASE("reference noise is one generator's stream: x_T of the batch, then every z")
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(11U);
    const auto noise = reference_noise(11, 3, {3, 16, 16});
    CHECK(at::equal(noise->initial(), at::randn({3, 3, 16, 16}, generator, at::kFloat)));
    CHECK(at::equal(noise->step(0), at::randn({3, 3, 16, 16}, generator, at::kFloat)));
    CHECK(at::equal(noise->step(1), at::randn({3, 3, 16, 16}, generator, at::kFloat)));
}
