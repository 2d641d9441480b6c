// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"
#include "report/image_metadata.h"
#include "report/report_samples.h"

#include "support/test_paths.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>
#include <string>
#include <vector>

using namespace duodiff;
using duodiff::test::TemporaryFolder;

namespace
{

const std::vector<PolicyKind> policies = {PolicyKind::full, PolicyKind::duodiff, PolicyKind::adadiff,
                                          PolicyKind::static_layer};

std::vector<PngText> with_record(const std::string& json)
{
    return {{"duodiff", json, true, false}};
}

std::string text_of(const std::vector<PngText>& texts, const std::string& keyword)
{
    const auto found = std::find_if(texts.begin(), texts.end(),
                                    [&](const PngText& text) { return text.keyword == keyword; });
    REQUIRE(found != texts.end());
    return found->text;
}

/// As AUTOMATIC1111's web UI reads its last line.
std::map<std::string, std::string> read_parameters(const std::string& line)
{
    static const std::regex pattern(R"re(\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$))re");
    std::map<std::string, std::string> read;
    for (std::sregex_iterator at(line.begin(), line.end(), pattern), end; at != end; ++at) {
        read[(*at)[1]] = (*at)[2];
    }
    return read;
}

std::string bytes_of(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool is_utf8(const std::string& text)
{
    // The JSON library is strict about it.
    try {
        (void)nlohmann::json(text).dump();
        return true;
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

/// Tags are closed in their order, attributes quoted, and every & begins one of XML's own entities.
bool is_well_formed(const std::string& xml)
{
    static const std::regex entity("&(?!(amp|lt|gt|quot|#39);)");
    static const std::regex tag(R"(<(/?)([\w:]+)((?:\s+[\w:]+="[^"<]*")*)\s*>|<\?xpacket [^<>]*\?>)");
    std::vector<std::string> open;
    for (std::sregex_iterator at(xml.begin(), xml.end(), tag), end; at != end; ++at) {
        const std::string name = (*at)[2];
        if ((*at)[1] == "/") {
            if (open.empty() || open.back() != name) {
                return false;
            }
            open.pop_back();
        } else if (!name.empty()) {
            open.push_back(name);
        }
    }
    const std::string text = std::regex_replace(xml, tag, "");
    return open.empty() && is_utf8(xml) && !std::regex_search(xml, entity) &&
           text.find_first_of("<>") == std::string::npos;
}

}  // namespace

TEST_CASE("a picture tells the settings, its seed and class, and its own exit layers")
{
    const TemporaryFolder folder;
    for (const PolicyKind policy : policies) {
        const RunRecord run = test::finished_run(policy, 5, 200);
        for (int index = 0; index < 5; ++index) {
            write_image(folder / "a.png", test::gradient(8, 8, 1), run, index);
            CHECK(read_png(folder / "a.png") == test::gradient(8, 8, 1));
            const ImageMetadata read = read_image_metadata(folder / "a.png");
            CHECK(read.settings == run.settings);
            CHECK(read.model.sha256 == run.model.sha256);
            CHECK(read.model.path == run.model.path);
            CHECK(read.machine.program == run.machine.program);
            CHECK(read.machine.precision == run.machine.precision);
            CHECK(read.index == index);
            CHECK(read.seed == run.settings.seed + static_cast<std::uint64_t>(index));
            CHECK(read.label == index % 2 * 2);
            CHECK_FALSE(read.parameters_moved);
            REQUIRE(read.trace.size() == run.steps.size());
            for (std::size_t i = 0; i < read.trace.size(); ++i) {
                const StepRecord& step = run.steps[i];
                const TracePoint& point = read.trace[i];
                REQUIRE(point.t == step.t);
                REQUIRE(point.network == step.network);
                REQUIRE(point.exit_layer == step.exit_layers[static_cast<std::size_t>(index)]);
                REQUIRE(std::abs(point.mean_layer - exit_statistics(step).mean) <= 0.0005);
                REQUIRE(std::abs(point.deviation - exit_statistics(step).deviation) <= 0.0005);
                const bool none = std::isnan(point.parameter);
                REQUIRE(none == (policy == PolicyKind::full));
            }
        }
    }
}

TEST_CASE("a picture of a branch tells the classes that it had before")
{
    const TemporaryFolder folder;
    RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 50);
    CHECK(to_png_texts(image_metadata(run, 0)).back().text.find("earlier_classes") == std::string::npos);
    run.earlier_classes = {{10, {1, 2}}, {30, {}}};
    for (const int index : {-1, 2}) {
        write_image(folder / "a.png", test::gradient(8, 8, 1), run, index);
        CHECK(read_image_metadata(folder / "a.png").earlier_classes == run.earlier_classes);
    }
    nlohmann::json record = nlohmann::json::parse(to_png_texts(image_metadata(run, 0)).back().text);
    record["earlier_classes"][0]["before_step"] = 51;
    CHECK_THROWS_AS(metadata_from_png_texts(with_record(record.dump()), "a.png"), EngineError);
}

TEST_CASE("a grid tells the settings and the mean curve")
{
    const TemporaryFolder folder;
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 50);
    write_image(folder / "grid.png", test::gradient(20, 20, 3), run, -1);
    const ImageMetadata read = read_image_metadata(folder / "grid.png");
    CHECK(read.index == -1);
    CHECK(read.seed == run.settings.seed);
    CHECK(read.settings == run.settings);
    REQUIRE(read.trace.size() == 50);
    CHECK(read.trace[49].exit_layer == -1);
    CHECK(read.trace[49].mean_layer == 13.0);
}

TEST_CASE("a parameter that was moved during the run is told, step by step")
{
    RunRecord run = test::finished_run(PolicyKind::adadiff, 4, 10);
    for (std::size_t i = 6; i < 10; ++i) {
        run.steps[i].parameters[1] = 0.2;
    }
    const auto texts = to_png_texts(image_metadata(run, 3));
    const auto read = metadata_from_png_texts(texts, "a.png");
    REQUIRE(read.has_value());
    CHECK(read->parameters_moved);
    CHECK(read->trace[5].parameter == 0.1);
    CHECK(read->trace[6].parameter == 0.2);
    const auto description = std::find_if(texts.begin(), texts.end(),
                                          [](const PngText& text) { return text.keyword == "Description"; });
    REQUIRE(description != texts.end());
    CHECK(description->text.find("moved during the run") != std::string::npos);
}

TEST_CASE("an unfinished picture tells after how many steps it was stopped, in every text")
{
    RunRecord record = test::new_run(PolicyKind::adadiff, 2, 9);
    record.state = RunState::cancelled;
    record.images = {{0, 50, 3, "0000.png", 0}};
    record.unfinished = {{1, 51, 7, {}, 4}};
    const ImageMetadata metadata = image_metadata(record, 1);
    CHECK(metadata.steps_done == 4);
    CHECK(metadata.seed == 51);
    CHECK(metadata.label == 7);
    const std::vector<PngText> texts = to_png_texts(metadata);
    const auto read = metadata_from_png_texts(texts, "here");
    REQUIRE(read.has_value());
    CHECK(read->steps_done == 4);
    CHECK(text_of(texts, "Description").find("unfinished, stopped after step 4") != std::string::npos);
    CHECK(text_of(texts, "parameters").find("Unfinished: after step 4") != std::string::npos);
    CHECK(image_metadata(record, 0).steps_done == 0);
    CHECK(text_of(to_png_texts(image_metadata(record, 0)), "Description").find("unfinished") ==
          std::string::npos);
    nlohmann::json damaged = nlohmann::json::parse(text_of(texts, "duodiff"));
    for (const int steps : {0, 10, -1}) {
        damaged["image"]["steps_done"] = steps;
        CHECK_THROWS_AS(metadata_from_png_texts(with_record(damaged.dump()), "here"), EngineError);
    }
}

TEST_CASE("people can read what a picture is in its Description and Software")
{
    const auto texts = to_png_texts(image_metadata(test::finished_run(PolicyKind::duodiff, 2, 20), 1));
    CHECK(text_of(texts, "Software") == "duodiff 0.1.0");
    for (const char* piece : {"fashion-mnist", "duodiff", "switch step 300", "ddpm", "20 steps", "image 1"}) {
        CHECK(text_of(texts, "Description").find(piece) != std::string::npos);
    }
}

TEST_CASE("other studios read the parameters: a prompt line, then the settings by name")
{
    for (const PolicyKind policy : policies) {
        RunRecord run = test::finished_run(policy, 2, 50);
        run.settings.solver = SolverKind::ddim;
        const auto texts = to_png_texts(image_metadata(run, 1));
        const std::string text = text_of(texts, "parameters");
        REQUIRE(std::count(text.begin(), text.end(), '\n') == 1);
        CHECK(text.substr(0, text.find('\n')) == "Sac \u00e0 main");
        const auto read = read_parameters(text.substr(text.find('\n') + 1));
        CHECK(read.at("Steps") == "50");
        CHECK(read.at("Sampler") == display_name(SolverKind::ddim));
        CHECK(read.at("Seed") == std::to_string(run.settings.seed + 1));
        CHECK(read.at("Size") == "28x28");
        CHECK(read.at("Model hash") == std::string(10, 'a'));
        CHECK(read.at("Model") == "fashion-mnist");
        CHECK(read.at("Policy") == display_name(policy));
        CHECK((policy != PolicyKind::duodiff || read.at("Switch step") == "300"));
        CHECK((policy != PolicyKind::adadiff || read.at("Threshold") == "0.1"));
        CHECK((policy != PolicyKind::static_layer || read.at("Exit layer") == "4"));
    }
}

TEST_CASE("a picture of an unconditional model has no prompt line")
{
    RunRecord run = test::finished_run(PolicyKind::full, 1, 5);
    run.images[0].label = -1;
    CHECK(text_of(to_png_texts(image_metadata(run, 0)), "parameters").rfind("Steps: 5, ", 0) == 0);
}

TEST_CASE("the XMP packet says that a trained model made the picture, and which program")
{
    for (const int index : {-1, 0}) {
        const auto texts =
            to_png_texts(image_metadata(test::finished_run(PolicyKind::duodiff, 2, 20), index));
        const std::string xmp = text_of(texts, "XML:com.adobe.xmp");
        CHECK(is_well_formed(xmp));
        CHECK(xmp.rfind("<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>", 0) == 0);
        CHECK(xmp.find("<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
                       "trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>") != std::string::npos);
        CHECK(xmp.find("<xmp:CreatorTool>duodiff 0.1.0</xmp:CreatorTool>") != std::string::npos);
        CHECK(xmp.find("xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"") !=
              std::string::npos);
    }
}

TEST_CASE("names of any bytes stay one line, valid UTF-8 and well-formed in every text of a picture")
{
    const TemporaryFolder folder;
    const std::vector<std::string> names = {
        "</dc:description><evil a='1' b=\"2\">&amp;&#0;]]>",
        "two\nlines\r\nand\ttabs\x01\x1f\x7f",
        std::string("zero\0inside", 11),
        "\xff\xfe\xc3(\xed\xa0\x80\xf5\x80\x80\x80\xc0\xaf cut off \xe2\x82",
        "comma, colon: quote\" back\\slash\nSteps: 1, Sampler: x, Seed: 0",
        "\xe7\xbe\x8a \xf0\x9f\x90\x91 \xe2\x80\xa8 \xc2\x85 \xef\xbf\xbe",
        "\xc3\xa9t\xc3\xa9",
        ""};
    for (const std::string& name : names) {
        RunRecord run = test::finished_run(PolicyKind::adadiff, 2, 5);
        run.model.name = name;
        run.model.class_names = {name, name, name};
        run.model.sha256 = {{"full", name}};
        run.machine.program = name;
        run.started_at = name;
        write_image(folder / "a.png", test::gradient(8, 8, 3), run, 1);
        CHECK(read_png(folder / "a.png") == test::gradient(8, 8, 3));
        const auto texts = read_png_texts(folder / "a.png");
        REQUIRE(texts.size() == 5);
        CHECK(is_well_formed(text_of(texts, "XML:com.adobe.xmp")));
        const std::string parameters = text_of(texts, "parameters");
        const auto lines = std::count(parameters.begin(), parameters.end(), '\n');
        CHECK(lines == 1);
        const auto read = read_parameters(parameters.substr(parameters.find('\n') + 1));
        CHECK(read.at("Steps") == "5");
        CHECK(read.at("Seed") == std::to_string(run.settings.seed + 1));
        for (const PngText& text : texts) {
            CHECK(std::none_of(text.text.begin(), text.text.end(),
                               [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }));
            CHECK(is_utf8(text.text));
        }
        CHECK(read_image_metadata(folder / "a.png").settings == run.settings);
    }
}

TEST_CASE("a clean picture has its pixels and the chunks that a PNG has to have, not a byte more")
{
    const TemporaryFolder folder;
    for (const int channels : {1, 3, 4}) {
        write_clean_image(folder / "clean.png", test::gradient(9, 7, channels));
        const std::string bytes = bytes_of(folder / "clean.png");
        std::vector<std::string> chunks;
        std::size_t at = 8;
        while (at + 12 <= bytes.size()) {
            std::size_t length = 0;
            for (std::size_t i = 0; i < 4; ++i) {
                length = length * 256 + static_cast<unsigned char>(bytes[at + i]);
            }
            chunks.push_back(bytes.substr(at + 4, 4));
            at += 12 + length;
        }
        CHECK(at == bytes.size());
        CHECK(chunks == std::vector<std::string>{"IHDR", "IDAT", "IEND"});
        write_image(folder / "told.png", test::gradient(9, 7, channels),
                    test::finished_run(PolicyKind::full, 1, 3), 0);
        CHECK(bytes_of(folder / "told.png").find("duodiff") != std::string::npos);
        CHECK(bytes.find("duodiff") == std::string::npos);
    }
}

TEST_CASE("a clean picture has nothing inside, and says so when asked")
{
    const TemporaryFolder folder;
    write_clean_image(folder / "clean.png", test::gradient(8, 8, 3));
    CHECK(read_png_texts(folder / "clean.png").empty());
    CHECK_THROWS_AS(read_image_metadata(folder / "clean.png"), EngineError);
    CHECK_FALSE(metadata_from_png_texts({{"Software", "another", false, false}}, "a").has_value());
}

TEST_CASE("a thousand steps of text in a picture of one pixel stay below ten kilobytes")
{
    const TemporaryFolder folder;
    const RunRecord run = test::finished_run(PolicyKind::adadiff, 256, 1000);
    write_image(folder / "a.png", test::gradient(1, 1, 1), run, 255);
    CHECK(std::filesystem::file_size(folder / "a.png") < 10'000);
    CHECK(read_image_metadata(folder / "a.png").trace.size() == 1000);
}

TEST_CASE("there is no metadata of an image that the run does not have")
{
    const RunRecord run = test::finished_run(PolicyKind::full, 2, 3);
    CHECK_THROWS_AS(image_metadata(run, 2), EngineError);
    CHECK_THROWS_AS(image_metadata(run, -2), EngineError);
}

TEST_CASE("damaged records in a picture are refused as bad files")
{
    const std::string good =
        to_png_texts(image_metadata(test::finished_run(PolicyKind::adadiff, 2, 4), 1)).back().text;
    REQUIRE(metadata_from_png_texts(with_record(good), "a.png").has_value());
    const auto refused = [&](const std::string& from, const std::string& to) {
        std::string bad = good;
        const std::size_t at = bad.find(from);
        REQUIRE(at != std::string::npos);
        bad.replace(at, from.size(), to);
        try {
            metadata_from_png_texts(with_record(bad), "a.png");
            FAIL("accepted: " << to);
        } catch (const EngineError& error) {
            CHECK(error.code() == ErrorCode::bad_file);
            CHECK(error.failure().where == "a.png");
        }
    };
    refused("duodiff image", "another image");
    refused("\"version\":1", "\"version\":2");
    refused("\"steps\":4", "\"steps\":1001");
    refused("\"policy\":\"adadiff\"", "\"policy\":\"best\"");
    refused("\"index\":1", "\"index\":2");
    refused("\"t\":[999,", "\"t\":[");
    refused("\"t\":[999,", "\"t\":[-1,");
    refused("[\"early_exit\",4]", "[\"early_exit\",5]");
    refused("[\"early_exit\",4]", "[\"early_exit\",3]");
    refused("[\"early_exit\",4]", "[\"early_exit\",0]");
    refused("[\"early_exit\",4]", "[\"early_exit\"]");
    refused("\"parameters_moved\":false", "\"parameters_moved\":0");
    CHECK_THROWS_AS(metadata_from_png_texts(with_record(""), "a.png"), EngineError);
    CHECK_THROWS_AS(metadata_from_png_texts(with_record("[]"), "a.png"), EngineError);
    CHECK_THROWS_AS(metadata_from_png_texts(with_record(good.substr(0, good.size() / 2)), "a.png"),
                    EngineError);
}
