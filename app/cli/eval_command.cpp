// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"
#include "values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace duodiff::cli
{
namespace
{

struct Measurement {
    std::string name;
    std::string description;
    int (*run)(const Context&, const Arguments&);
};

const std::vector<Measurement>& measurements()
{
    static const std::vector<Measurement> all = {
        {"frechet",
         "Fr\u00e9chet distance of features against time, for the full network, DuoDiff and AdaDiff",
         frechet_command},
        {"sweep", "the same over the whole range of t_s and theta: quality against time", sweep_command},
        {"trend", "exit layers of AdaDiff by timestep, and the phase transition in them", trend_command},
        {"losses", "errors of every layer by timestep, and whether the probes know of them", losses_command},
        {"grid", "pictures from the same noise under every policy", grid_command},
        {"maps", "uncertainty of every patch, by layer and timestep", maps_command},
        {"classifier", "train the small classifier whose features the distances use", classifier_command},
    };
    return all;
}

std::vector<std::string> measurement_names()
{
    std::vector<std::string> names;
    for (const Measurement& measurement : measurements()) {
        names.push_back(measurement.name);
    }
    return names;
}

std::string overview()
{
    std::string text =
        "Measure a model: the quality of its images, the time they take, its layers.\n\n"
        "Usage: duodiff eval MEASUREMENT [options]\n\nMeasurements:\n";
    for (const Measurement& measurement : measurements()) {
        text += fmt::format("  {:<10} {}\n", measurement.name, measurement.description);
    }
    return text + "\n'duodiff eval MEASUREMENT --help' explains its options.\n";
}

}  // namespace

int eval_command(const Context& context, const Arguments& arguments)
{
    if (arguments.empty()) {
        throw EngineError(ErrorCode::usage,
                          fmt::format("a measurement is missing: {}", joined(measurement_names())));
    }
    const std::string& name = arguments.front();
    if (name == "-h" || name == "--help") {
        context.out << overview();
        return 0;
    }
    const auto found = std::find_if(measurements().begin(), measurements().end(),
                                    [&](const Measurement& measurement) { return measurement.name == name; });
    if (found == measurements().end()) {
        throw EngineError(ErrorCode::usage, fmt::format("there is no measurement '{}'", one_line(name)), {},
                          did_you_mean(name, measurement_names()));
    }
    return found->run(context, Arguments(arguments.begin() + 1, arguments.end()));
}

}  // namespace duodiff::cli
