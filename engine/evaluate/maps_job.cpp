// SPDX-License-Identifier: MIT
#include "evaluate/maps_job.h"

#include "base/only_engine_errors.h"
#include "evaluate/parts.h"
#include "evaluate/picture_bytes.h"
#include "evaluate/sampled_model.h"
#include "report/film.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace duodiff
{
namespace
{

class MapsRun
{
public:
    MapsRun(Engine& engine, const MapsRequest& request, const Progress& progress, std::stop_token stop)
        : engine_(engine),
          request_(request),
          progress_(progress),
          stop_(std::move(stop)),
          parts_(request.folder)
    {
    }

    MapsReport run()
    {
        if (request_.columns < 1) {
            throw EngineError(ErrorCode::usage, "no step is to be looked at");
        }
        model_ = open_sampled_model(engine_, request_.source, request_.base, progress_, stop_);
        if (!model_.info.has_early_exit) {
            throw EngineError(ErrorCode::usage, "this model has no uncertainty probes, so there are no maps",
                              request_.source.model.string(),
                              "Choose a pack or checkpoint with an early-exit part.");
        }
        report_.machine = model_.machine;
        report_.model = model_.summary;
        report_.base = request_.base;
        for (int image = 0; image < request_.base.count; ++image) {
            report_.images.push_back(image_at(image));
        }
        report_.notes = parts_.notes();
        return std::move(report_);
    }

private:
    MapsImage image_at(int index)
    {
        SamplingSettings settings = request_.base;
        settings.policy = PolicyKind::full;
        settings = part_of_run(settings, model_.info, index, 1);
        const std::string name = fmt::format("maps-{}", index);
        const std::string identity =
            fmt::format("{} columns {}", identity_of(model_, settings), request_.columns);
        if (const auto bytes = parts_.find(name, identity)) {
            if (auto image = read_image(*bytes, index)) {
                return std::move(*image);
            }
        }
        MapsImage image = make_image(settings, index);
        parts_.keep(name, identity, bytes_of(image));
        return image;
    }

    void show(int index, double share) const
    {
        if (progress_) {
            progress_(fmt::format("Maps of image {}", index), (index + share) / request_.base.count);
        }
    }

    MapsImage make_image(const SamplingSettings& settings, int index)
    {
        Trajectory trajectory({.keep_predicted = true});
        WorkSink sink([&](double image_steps) { show(index, 0.5 * image_steps / settings.steps); });
        SampleOptions options;
        options.keep = &trajectory;
        const RunOutcome outcome = engine_.sample(settings, 0, sink, {.stop = stop_}, nullptr, options);
        if (outcome.record.state != RunState::done) {
            throw_cancelled_with(parts_);
        }
        // A step can be looked at where the states before and after it are held.
        std::vector<int> steps;
        for (const int done : trajectory.held(0)) {
            if (done < settings.steps && trajectory.state(0, done + 1)) {
                steps.push_back(done);
            }
        }
        if (steps.empty()) {
            throw EngineError(ErrorCode::out_of_memory, "the states of one image do not fit into memory");
        }
        MapsImage image{index, {}};
        const auto chosen = equally_spaced(steps.size(), static_cast<std::size_t>(request_.columns));
        for (const std::size_t place : chosen) {
            if (stop_.stop_requested()) {
                throw_cancelled_with(parts_);
            }
            image.steps.push_back(look_at(trajectory, steps[place]));
            show(index,
                 0.5 + 0.5 * static_cast<double>(image.steps.size()) / static_cast<double>(chosen.size()));
        }
        return image;
    }

    MapsStep look_at(const Trajectory& trajectory, int step)
    {
        const LayerUncertainty said = engine_.uncertainty_of(trajectory, 0, step);
        if (said.no_maps) {
            throw EngineError(*said.no_maps);
        }
        report_.layers = said.layers;
        report_.map_height = said.map_height;
        report_.map_width = said.map_width;
        MapsStep looked{.step = step, .t = said.t, .uncertainty = said.uncertainty, .maps = {}};
        for (int probe = 0; probe < said.probes; ++probe) {
            const auto map = said.map(probe, 0);
            looked.maps.emplace_back(map.begin(), map.end());
        }
        looked.noisy = picture_of(trajectory, step, PictureKind::noisy);
        looked.predicted = picture_of(trajectory, step + 1, PictureKind::predicted);
        return looked;
    }

    Image8 picture_of(const Trajectory& trajectory, int steps_done, PictureKind kind)
    {
        return to_image8(engine_.images_of(trajectory, 0, steps_done, kind).at(0));
    }

    std::string bytes_of(const MapsImage& image) const
    {
        NumbersAndPictures kept{{{"layers", report_.layers},
                                 {"map_height", report_.map_height},
                                 {"map_width", report_.map_width},
                                 {"steps", nlohmann::json::array()}},
                                {}};
        for (const MapsStep& step : image.steps) {
            kept.numbers["steps"].push_back(
                {{"step", step.step}, {"t", step.t}, {"uncertainty", step.uncertainty}, {"maps", step.maps}});
            kept.pictures.push_back(step.noisy);
            kept.pictures.push_back(step.predicted);
        }
        return to_bytes(kept);
    }

    std::optional<MapsImage> read_image(const std::string& bytes, int index)
    {
        auto kept = from_bytes(bytes);
        if (!kept) {
            return std::nullopt;
        }
        try {
            const nlohmann::json& numbers = kept->numbers;
            MapsImage image{index, {}};
            for (const nlohmann::json& step : numbers.at("steps")) {
                const std::size_t at = 2 * image.steps.size();
                image.steps.push_back({.step = step.at("step").get<int>(),
                                       .t = step.at("t").get<int>(),
                                       .uncertainty = step.at("uncertainty").get<std::vector<float>>(),
                                       .maps = step.at("maps").get<std::vector<std::vector<float>>>(),
                                       .noisy = kept->pictures.at(at),
                                       .predicted = kept->pictures.at(at + 1)});
            }
            report_.layers = numbers.at("layers").get<std::vector<int>>();
            report_.map_height = numbers.at("map_height").get<int>();
            report_.map_width = numbers.at("map_width").get<int>();
            return image;
        } catch (const std::exception&) {
            return std::nullopt;
        }
    }

    Engine& engine_;
    const MapsRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    Parts parts_;
    SampledModel model_;
    MapsReport report_;
};

}  // namespace

MapsReport evaluate_maps(Engine& engine, const MapsRequest& request, const Progress& progress,
                         std::stop_token stop)
{
    return only_engine_errors("evaluation",
                              [&] { return MapsRun(engine, request, progress, std::move(stop)).run(); });
}

}  // namespace duodiff
