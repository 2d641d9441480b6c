// SPDX-License-Identifier: MIT
#pragma once

#include "stream/settings.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace duodiff
{

/// A solver step, as a policy sees it.
struct StepInfo {
    int step = 0;         ///< 0.. in the order the steps run
    int t = 0;            ///< timestep of this network call
    int previous_t = -1;  ///< timestep of the call before; -1 at the first
};

/// What one step does.
struct StepPlan {
    NetworkRole network = NetworkRole::full;
    double parameter = 0.0;  ///< t_s, theta or the layer in force; NaN where the policy has none
};

/// Values that may move while a run goes on.
struct PolicyParameters {
    int switch_step = 0;
    double threshold = 0.0;
    int exit_layer = 0;
};

/// How much of the network each step and each image gets. The sampler calls `plan` once a step, and then,
/// before every block, asks which images leave; it never asks which policy it is.
class Policy
{
public:
    virtual ~Policy() = default;

    /// Chooses the network of this step, with the parameters of this moment.
    virtual StepPlan plan(const StepInfo& info) = 0;

    /// Whether `decide` looks at u at `layer`; if not, no probe is computed.
    virtual bool reads_uncertainty(int layer) const
    {
        (void)layer;
        return false;
    }

    /// Where `decide` at `layer` is nothing but u <= theta: that theta, in this step. A GPU then decides by
    /// itself, and `decide` is not called.
    virtual std::optional<float> threshold_at(int layer) const
    {
        (void)layer;
        return std::nullopt;
    }

    /// Called with `layer` blocks done. `uncertainty`: u of the images still there, empty where it was not
    /// read. Sets leaves[i] to 1 for those that leave here; all are 0 before.
    virtual void decide(int layer, std::span<const float> uncertainty, std::span<std::uint8_t> leaves) const
    {
        (void)layer;
        (void)uncertainty;
        (void)leaves;
    }
};

/// What a policy has to know of the model.
struct PolicyContext {
    bool has_early_exit = false;
    Compat compat = Compat::none;
    SolverKind solver = SolverKind::ddpm;
};

/// `parameters` is called at the start of every step.
std::unique_ptr<Policy> make_policy(PolicyKind kind, const PolicyContext& context,
                                    std::function<PolicyParameters()> parameters);

}  // namespace duodiff
