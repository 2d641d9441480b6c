// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/cost.h"

#include <doctest/doctest.h>

using namespace duodiff;

namespace
{

UVitConfig cifar10()
{
    UVitConfig config;
    config.img_size = 32;
    config.patch_size = 2;
    config.in_chans = 3;
    config.embed_dim = 512;
    config.depth = 13;
    config.num_heads = 8;
    return config;
}

}  // namespace

TEST_CASE("the CIFAR-10 U-ViT costs the 24.4 GFLOP an image and step that the literature gives it")
{
    CHECK(UVitCost(cifar10()).all_blocks() / 1e9 == doctest::Approx(24.4).epsilon(0.01));
}

TEST_CASE("leaving later costs more, by exactly the blocks and probes between")
{
    for (const ProbeKind kind : {ProbeKind::mlp_per_layer, ProbeKind::attention, ProbeKind::certainty_map}) {
        const UVitCost cost(cifar10(), kind);
        for (int layer = 0; layer < cost.depth; ++layer) {
            CHECK(cost.leaving_at(layer + 1, false) - cost.leaving_at(layer, false) ==
                  doctest::Approx(cost.block(layer)));
            CHECK(cost.leaving_at(layer + 1, true) >= cost.leaving_at(layer, true) + cost.block(layer));
        }
        CHECK(cost.leaving_at(cost.depth, true) > cost.leaving_at(cost.depth, false));
    }
}

TEST_CASE("out blocks cost their skip product more than in blocks")
{
    const UVitCost cost(cifar10());
    CHECK(cost.block(6) == cost.block(0));
    CHECK(cost.block(7) > cost.block(0));
}
