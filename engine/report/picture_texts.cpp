// SPDX-License-Identifier: MIT
#include "report/picture_texts.h"

#include "report/clean_text.h"
#include "report/html_report.h"
#include "report/json_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace duodiff
{

namespace
{

std::string program_of(const ImageMetadata& metadata)
{
    const std::string program = one_line(metadata.machine.program);
    return program.empty() ? "duodiff" : program;
}

/// The digest of the network that made most of the picture.
std::string model_hash(const ModelSummary& model)
{
    constexpr std::size_t shown_digits = 10;  // as the web UI shortens it
    for (const char* part : {"full", "early_exit", "shallow"}) {
        const auto found = model.sha256.find(part);
        if (found != model.sha256.end()) {
            return one_line(found->second).substr(0, shown_digits);
        }
    }
    return {};
}

std::string quoted_where_needed(const std::string& value)
{
    return value.find_first_of(",:\"\\") == std::string::npos ? value : json_codec::dump(value);
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

void add_policy(Parameters& parameters, const ImageMetadata& metadata)
{
    const SamplingSettings& settings = metadata.settings;
    parameters.emplace_back("Policy", display_name(settings.policy));
    if (settings.policy == PolicyKind::duodiff) {
        parameters.emplace_back("Switch step", fmt::format("{}", settings.switch_step));
    } else if (settings.policy == PolicyKind::adadiff) {
        parameters.emplace_back("Threshold", fmt::format("{:g}", settings.threshold));
    } else if (settings.policy == PolicyKind::static_layer) {
        parameters.emplace_back("Exit layer", fmt::format("{}", settings.exit_layer));
    }
    if (metadata.parameters_moved) {
        parameters.emplace_back("Moved during the run", "yes");
    }
    if (metadata.steps_done > 0) {
        parameters.emplace_back("Unfinished", fmt::format("after step {}", metadata.steps_done));
    }
}

}  // namespace

std::string subject_of(const ImageMetadata& metadata)
{
    if (metadata.index < 0) {
        return fmt::format("grid of {} images", metadata.settings.count);
    }
    if (metadata.label < 0) {
        return {};
    }
    const auto& names = metadata.model.class_names;
    const auto label = static_cast<std::size_t>(metadata.label);
    const std::string name = label < names.size() ? one_line(names[label]) : std::string();
    return name.empty() ? fmt::format("class {}", metadata.label) : name;
}

std::string picture_description(const ImageMetadata& metadata)
{
    const SamplingSettings& settings = metadata.settings;
    std::string text =
        fmt::format("{}: policy {}", one_line(metadata.model.name), to_string(settings.policy));
    if (settings.policy == PolicyKind::duodiff) {
        text += fmt::format(" (switch step {})", settings.switch_step);
    } else if (settings.policy == PolicyKind::adadiff) {
        text += fmt::format(" (threshold {:g})", settings.threshold);
    } else if (settings.policy == PolicyKind::static_layer) {
        text += fmt::format(" (layer {})", settings.exit_layer);
    }
    if (metadata.parameters_moved) {
        text += ", moved during the run";
    }
    text += fmt::format(", sampler {}, {} steps", to_string(settings.solver), settings.steps);
    if (metadata.index < 0) {
        return text + fmt::format(", grid of {} images from seed {}", settings.count, settings.seed);
    }
    text += fmt::format(", image {}, seed {}", metadata.index, metadata.seed);
    if (metadata.label >= 0) {
        const std::string number = fmt::format("class {}", metadata.label);
        const std::string name = subject_of(metadata);
        text += name == number ? ", " + number : fmt::format(", {} ({})", number, name);
    }
    if (metadata.steps_done > 0) {
        text += fmt::format(", unfinished, stopped after step {}", metadata.steps_done);
    }
    return text;
}

std::string generation_parameters(const ImageMetadata& metadata)
{
    const SamplingSettings& settings = metadata.settings;
    Parameters parameters = {{"Steps", fmt::format("{}", settings.steps)},
                             {"Sampler", std::string(display_name(settings.solver))},
                             {"Seed", fmt::format("{}", metadata.seed)},
                             {"Size", fmt::format("{0}x{0}", metadata.model.image_size)},
                             {"Model hash", model_hash(metadata.model)},
                             {"Model", one_line(metadata.model.name)}};
    if (settings.solver == SolverKind::ddim) {
        parameters.emplace_back("Eta", fmt::format("{:g}", settings.eta));
    }
    add_policy(parameters, metadata);
    parameters.emplace_back("Precision", one_line(metadata.machine.precision));
    parameters.emplace_back("Version", program_of(metadata));
    std::string line;
    for (const auto& [name, value] : parameters) {
        if (!value.empty()) {
            line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", name, quoted_where_needed(value));
        }
    }
    const std::string prompt = subject_of(metadata);
    return prompt.empty() ? line : prompt + "\n" + line;
}

std::string xmp_packet(const ImageMetadata& metadata)
{
    const std::string program = escape_markup(program_of(metadata));
    const std::string date = one_line(metadata.started_at);
    return fmt::format(
        "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"{0}\">\n"
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
        "<rdf:Description rdf:about=\"\"\n"
        " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
        " xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
        " xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">\n"
        "<xmp:CreatorTool>{0}</xmp:CreatorTool>\n{1}"
        "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
        "trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>\n"
        "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">{2}</rdf:li></rdf:Alt></dc:description>\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>",
        program,
        date.empty() ? "" : fmt::format("<xmp:CreateDate>{}</xmp:CreateDate>\n", escape_markup(date)),
        escape_markup(picture_description(metadata)));
}

}  // namespace duodiff
