// SPDX-License-Identifier: MIT
#include "evaluate/grid_job.h"

#include "base/only_engine_errors.h"
#include "evaluate/parts.h"
#include "evaluate/picture_bytes.h"
#include "evaluate/result_files.h"
#include "evaluate/sampled_model.h"
#include "report/atomic_file.h"
#include "report/labelled_grid.h"
#include "report/png_file.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

namespace duodiff
{
namespace
{

/// As the pictures are shown.
double rms_difference(const std::vector<Image8>& a, const std::vector<Image8>& b)
{
    double squares = 0.0;
    double values = 0.0;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        for (std::size_t k = 0; k < a[i].pixels.size() && k < b[i].pixels.size(); ++k) {
            const double off = (a[i].pixels[k] - b[i].pixels[k]) / 255.0;
            squares += off * off;
            values += 1.0;
        }
    }
    return values > 0.0 ? std::sqrt(squares / values) : std::numeric_limits<double>::quiet_NaN();
}

class GridRun
{
public:
    GridRun(Engine& engine, const GridRequest& request, const Progress& progress, std::stop_token stop)
        : engine_(engine),
          request_(request),
          progress_(progress),
          stop_(std::move(stop)),
          parts_(request.folder)
    {
    }

    GridReport run()
    {
        model_ = open_sampled_model(engine_, request_.source, request_.base, progress_, stop_);
        const std::vector<PolicyPoint> points =
            policy_points(engine_, model_.info, request_.base, request_.switch_steps, request_.thresholds,
                          PointFallback::spread);
        points_ = points.size();
        GridReport report{.machine = model_.machine,
                          .model = model_.summary,
                          .base = request_.base,
                          .rows = {},
                          .notes = {}};
        for (const PolicyPoint& point : points) {
            report.rows.push_back(row_of(point, report.rows.size()));
            report.rows.back().difference =
                rms_difference(report.rows.back().pictures, report.rows.front().pictures);
        }
        report.notes = parts_.notes();
        for (std::string& note : notes_on_missing_parts(model_.info)) {
            report.notes.push_back(std::move(note));
        }
        return report;
    }

private:
    GridRow row_of(const PolicyPoint& point, std::size_t finished)
    {
        const SamplingSettings settings = settings_at(request_.base, point);
        const std::string name = "grid-" + point_name(point);
        const std::string identity =
            fmt::format("{} images {}", identity_of(model_, settings), settings.count);
        GridRow row{.at = point, .pictures = {}};
        if (const auto bytes = parts_.find(name, identity)) {
            if (auto kept = from_bytes(*bytes); kept && kept->numbers.is_number()) {
                row.block_share = kept->numbers.get<double>();
                row.pictures = std::move(kept->pictures);
                return row;
            }
        }
        const double whole = static_cast<double>(settings.count) * settings.steps;
        WorkSink sink([&](double image_steps) {
            if (progress_) {
                progress_(
                    "Images of " + point_name(point),
                    (static_cast<double>(finished) + image_steps / whole) / static_cast<double>(points_));
            }
        });
        const RunOutcome outcome = engine_.sample(settings, 0, sink, {.stop = stop_});
        if (outcome.record.state != RunState::done) {
            throw_cancelled_with(parts_);
        }
        row.block_share = block_share(outcome.record);
        for (const FinishedImage& image : outcome.images) {
            row.pictures.push_back(to_image8(image));
        }
        parts_.keep(name, identity, to_bytes({row.block_share, row.pictures}));
        return row;
    }

    Engine& engine_;
    const GridRequest& request_;
    const Progress& progress_;
    std::stop_token stop_;
    Parts parts_;
    SampledModel model_;
    std::size_t points_ = 0;
};

std::string csv(const GridReport& report)
{
    std::string text = "policy,value,images,block_share,rms_difference_to_full\n";
    for (const GridRow& row : report.rows) {
        text += fmt::format("{},{},{},{},{}\n", to_string(row.at.policy), policy_field(row.at),
                            row.pictures.size(), field(row.block_share), field(row.difference));
    }
    return text;
}

Image8 picture_of(const GridReport& report)
{
    LabelledGrid grid;
    grid.title = fmt::format("The same noise under every policy, {} {} steps", report.base.steps,
                             display_name(report.base.solver));
    for (const GridRow& row : report.rows) {
        grid.rows.push_back({.label = point_label(row.at),
                             .remark = fmt::format("{:.0f} % of the blocks", 100.0 * row.block_share),
                             .pictures = row.pictures});
    }
    return compose_labelled_grid(grid);
}

}  // namespace

GridReport evaluate_grid(Engine& engine, const GridRequest& request, const Progress& progress,
                         std::stop_token stop)
{
    return only_engine_errors("evaluation",
                              [&] { return GridRun(engine, request, progress, std::move(stop)).run(); });
}

std::string grid_json(const GridReport& report)
{
    ResultJson rows = ResultJson::array();
    for (const GridRow& row : report.rows) {
        ResultJson json = policy_json(row.at);
        json["block_share"] = row.block_share;
        json["rms_difference_to_full"] = finite_or_null(row.difference);
        rows.push_back(std::move(json));
    }
    return result_text({{"what", "the same noise under every policy"},
                        {"model", model_json(report.model)},
                        {"settings", settings_json(report.base)},
                        {"machine", machine_json(report.machine)},
                        {"rows", rows},
                        {"notes", report.notes}});
}

void write_grid_files(const GridReport& report, const std::filesystem::path& folder)
{
    write_png(folder / "grid.png", picture_of(report));
    write_file_atomically(folder / "grid.csv", csv(report));
    write_file_atomically(folder / "grid.json", grid_json(report));
}

}  // namespace duodiff
