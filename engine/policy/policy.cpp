// SPDX-License-Identifier: MIT
#include "policy/policy.h"

#include "base/error.h"
#include "stream/step_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace duodiff
{
namespace
{

class FullPolicy final : public Policy
{
public:
    StepPlan plan(const StepInfo& info) override
    {
        (void)info;
        return {NetworkRole::full, std::numeric_limits<double>::quiet_NaN()};
    }
};

/// arXiv 2410.09633: the shallow network while t >= T - t_s, then the full one.
class DuoDiffPolicy final : public Policy
{
public:
    DuoDiffPolicy(std::function<PolicyParameters()> parameters, bool switches_one_step_late)
        : parameters_(std::move(parameters)), switches_one_step_late_(switches_one_step_late)
    {
    }

    StepPlan plan(const StepInfo& info) override
    {
        const int switch_step = parameters_().switch_step;
        const bool shallow = runs_shallow(
            switch_step,
            {.t = info.t, .previous_t = info.previous_t, .one_step_late = switches_one_step_late_});
        return {shallow ? NetworkRole::shallow : NetworkRole::full, static_cast<double>(switch_step)};
    }

private:
    std::function<PolicyParameters()> parameters_;
    bool switches_one_step_late_;
};

/// arXiv 2309.17074: an image leaves at the first layer with u <= theta.
class AdaDiffPolicy final : public Policy
{
public:
    explicit AdaDiffPolicy(std::function<PolicyParameters()> parameters) : parameters_(std::move(parameters))
    {
    }

    StepPlan plan(const StepInfo& info) override
    {
        (void)info;
        const double threshold = parameters_().threshold;
        // u is a float, and the reference compares it with theta as a float.
        threshold_ = static_cast<float>(threshold);
        return {NetworkRole::early_exit, threshold};
    }

    bool reads_uncertainty(int layer) const override
    {
        (void)layer;
        return true;
    }

    std::optional<float> threshold_at(int layer) const override
    {
        (void)layer;
        return threshold_;
    }

    void decide(int layer, std::span<const float> uncertainty, std::span<std::uint8_t> leaves) const override
    {
        (void)layer;
        for (std::size_t i = 0; i < uncertainty.size(); ++i) {
            leaves[i] = uncertainty[i] <= threshold_ ? 1 : 0;
        }
    }

private:
    std::function<PolicyParameters()> parameters_;
    float threshold_ = 0.0F;
};

/// Every image leaves at one layer; the network's depth means never.
class StaticPolicy final : public Policy
{
public:
    StaticPolicy(std::function<PolicyParameters()> parameters, NetworkRole network)
        : parameters_(std::move(parameters)), network_(network)
    {
    }

    StepPlan plan(const StepInfo& info) override
    {
        (void)info;
        layer_ = parameters_().exit_layer;
        return {network_, static_cast<double>(layer_)};
    }

    void decide(int layer, std::span<const float> uncertainty, std::span<std::uint8_t> leaves) const override
    {
        (void)uncertainty;
        std::fill(leaves.begin(), leaves.end(), static_cast<std::uint8_t>(layer == layer_ ? 1 : 0));
    }

private:
    std::function<PolicyParameters()> parameters_;
    NetworkRole network_;
    int layer_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_policy(PolicyKind kind, const PolicyContext& context,
                                    std::function<PolicyParameters()> parameters)
{
    switch (kind) {
        case PolicyKind::full:
            return std::make_unique<FullPolicy>();
        case PolicyKind::duodiff:
            return std::make_unique<DuoDiffPolicy>(std::move(parameters),
                                                   switches_one_step_late(context.compat, context.solver));
        case PolicyKind::adadiff:
            return std::make_unique<AdaDiffPolicy>(std::move(parameters));
        case PolicyKind::static_layer:
            return std::make_unique<StaticPolicy>(
                std::move(parameters), context.has_early_exit ? NetworkRole::early_exit : NetworkRole::full);
    }
    throw EngineError(ErrorCode::failed, "unknown policy");
}

}  // namespace duodiff
