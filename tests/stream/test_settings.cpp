// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream/run_record.h"
#include "stream/settings.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <string>

using namespace duodiff;

namespace
{

template <class Enum>
void check_names(std::initializer_list<Enum> values)
{
    std::set<std::string_view> names;
    for (const Enum value : values) {
        const std::string_view name = to_string(value);
        CHECK(names.insert(name).second);
        REQUIRE(from_string<Enum>(name).has_value());
        CHECK(*from_string<Enum>(name) == value);
        CHECK_FALSE(from_string<Enum>(std::string(name) + " ").has_value());
    }
    CHECK_FALSE(from_string<Enum>("").has_value());
    CHECK_FALSE(from_string<Enum>("unknown").has_value());
}

}  // namespace

TEST_CASE("every name is its own and leads back to its value")
{
    check_names({PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff, PolicyKind::static_layer});
    check_names({SolverKind::ddpm, SolverKind::ddim, SolverKind::dpm_solver_pp, SolverKind::euler_maruyama});
    check_names({Parametrization::predict_noise, Parametrization::predict_original,
                 Parametrization::predict_previous});
    check_names({Precision::automatic, Precision::fp32, Precision::bf16, Precision::int8});
    check_names({Compat::none, Compat::reference});
    check_names({NetworkRole::full, NetworkRole::shallow, NetworkRole::early_exit});
    check_names({RunState::done, RunState::cancelled, RunState::failed});
}

TEST_CASE("names are those of the command line")
{
    CHECK(to_string(PolicyKind::static_layer) == "static");
    CHECK(to_string(SolverKind::dpm_solver_pp) == "dpm-solver++");
    CHECK(to_string(SolverKind::euler_maruyama) == "euler-maruyama");
    CHECK(to_string(Precision::automatic) == "auto");
}
