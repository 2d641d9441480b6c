// SPDX-License-Identifier: MIT
#include "evaluate/evaluation_data.h"

#include "data/data_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace duodiff
{

DataSummary describe_data(const DataSettings& settings, const Dataset& data)
{
    return {settings.path.string(), data.digest(), data.size(), data.bad_files()};
}

void note_bad_files(const DataSummary& data, std::vector<std::string>& notes)
{
    if (!data.bad_files.empty()) {
        notes.push_back(fmt::format("{} files of the data were left out, the first: {}: {}.",
                                    data.bad_files.size(), data.bad_files.front().file,
                                    data.bad_files.front().reason));
    }
}

std::shared_ptr<const Dataset> open_with_progress(const DataSettings& settings, const std::string& what,
                                                  const Progress& progress, const std::stop_token& stop)
{
    return open_dataset(
        settings,
        [&](std::int64_t done, std::int64_t total) {
            if (progress) {
                progress(what,
                         static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(total, 1)));
            }
        },
        stop);
}

EvaluationData open_evaluation_data(const EvaluationDataRequest& request, std::int64_t channels,
                                    std::int64_t side, const Progress& progress, const std::stop_token& stop)
{
    DataSettings settings = request.data;
    settings.img_size = side;
    settings.channels = channels;
    EvaluationData opened;
    opened.data = open_with_progress(settings, "Reading the data", progress, stop);
    DataSettings test = settings;
    test.img_size = opened.data->side();
    test.channels = opened.data->channels();
    test.split =
        settings.split == DataSettings::Split::train ? DataSettings::Split::test : DataSettings::Split::train;
    if (!request.test_data.empty()) {
        test.path = request.test_data;
        test.split = DataSettings::Split::test;
        test.format = DataSettings::Format::automatic;
        opened.test = open_with_progress(test, "Reading the test data", progress, stop);
    } else if (has_part(settings) && has_part(test)) {
        opened.test = open_with_progress(test, "Reading the test data", progress, stop);
    }
    return opened;
}

}  // namespace duodiff
