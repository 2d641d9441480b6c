// SPDX-License-Identifier: MIT
#include "stream/switch_advisor.h"

#include "stream/step_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace duodiff
{

namespace
{

SwitchAdvice refuse(std::string reason)
{
    return {std::nullopt, std::move(reason)};
}

bool shallow_at(const RunRecord& record, std::size_t index, int switch_step)
{
    return runs_shallow(switch_step, {.t = record.steps[index].t,
                                      .previous_t = index > 0 ? record.steps[index - 1].t : -1,
                                      .one_step_late = switches_one_step_late(record.settings.compat,
                                                                              record.settings.solver)});
}

std::string caution_of(const RunRecord& record, const PhaseTransition& transition)
{
    const int shallow = record.model.shallow_depth;
    if (transition.level_before > shallow + 1.0) {
        return fmt::format(
            "Before the switch the images used {:.1f} blocks on average; the shallow network "
            "has {}, so pictures may change more than the curve suggests.",
            transition.level_before, shallow);
    }
    return {};
}

}  // namespace

std::optional<int> switch_step_for(const RunRecord& record, std::size_t index)
{
    for (int switch_step = 1; switch_step <= diffusion_steps; ++switch_step) {
        if (shallow_at(record, index - 1, switch_step) && !shallow_at(record, index, switch_step)) {
            return switch_step;
        }
    }
    return std::nullopt;
}

SwitchAdvice advise_switch_step(const WhatIfIndex& index, const RunRecord& record)
{
    if (record.settings.policy != PolicyKind::adadiff) {
        return refuse("only an AdaDiff run shows how many blocks each step needs");
    }
    return advise_switch_step(index, record, mean_exit_layers(record));
}

SwitchAdvice advise_switch_step(const WhatIfIndex& index, const RunRecord& record,
                                std::span<const double> mean_exit_layer)
{
    if (record.model.shallow_depth <= 0) {
        return refuse("the model has no shallow network, which DuoDiff needs for the first steps");
    }
    if (mean_exit_layer.size() != record.steps.size() || record.steps.empty()) {
        return refuse("the run has no steps to read a curve from");
    }
    const auto transition = find_phase_transition(mean_exit_layer);
    if (!transition) {
        return refuse("the mean exit layer has no single jump that a switch could follow");
    }
    if (transition->level_after < transition->level_before) {
        return refuse(
            "the images need more of the network in the first steps than in the later ones, and DuoDiff "
            "begins with the shallow network");
    }
    const auto switch_step = switch_step_for(record, transition->index);
    if (!switch_step) {
        return refuse("no t_s of this sampler switches where the mean exit layer jumps");
    }
    SwitchProposal proposal;
    proposal.switch_step = *switch_step;
    proposal.step = transition->index;
    proposal.t = record.steps[transition->index].t;
    proposal.transition = *transition;
    const WhatIf switched = index.predict({.policy = PolicyKind::duodiff, .switch_step = *switch_step});
    if (!switched.available()) {
        return refuse(switched.unavailable);
    }
    proposal.block_share = switched.block_share;
    proposal.saved_share = switched.saved_share;
    proposal.predicted_ms = switched.predicted_ms;
    proposal.full_ms = index.predict({.policy = PolicyKind::full}).predicted_ms;
    proposal.caution = caution_of(record, *transition);
    return {proposal, {}};
}

}  // namespace duodiff
