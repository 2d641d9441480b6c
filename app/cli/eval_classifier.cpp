// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval_options.h"
#include "values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace duodiff::cli
{

int classifier_command(const Context& context, const Arguments& arguments)
{
    ClassifierRequest request;
    bool json = false;
    const auto parser = make_parser(
        "Train the small classifier whose features eval frechet and eval sweep compare, and test it. Their\n"
        "--features takes the file. A file of the same data and settings stays. After an interrupt the same\n"
        "command goes on from where it was.",
        "duodiff eval classifier");
    add_data_options(*parser, request.examples.data, "Images with classes to train on");
    add_test_data(*parser, request.examples.test_data);
    add_path(*parser, "--out", request.output, "FILE",
             "The classifier's file, such as classifier.safetensors");
    add_checked(*parser, "--epochs", "N", "Times that all images are seen; default 6",
                [&](const std::string& text) { request.epochs = read_integer("--epochs", text, 1, 1000); });
    add_checked(*parser, "--seed", "SEED", "Of its first weights and of the order of the images; default 0",
                [&](const std::string& text) { request.seed = read_seed("--seed", text); });
    add_checked(*parser, "--device", "NAME", "auto (default), cpu, cuda or cuda:N",
                [&](const std::string& text) { request.device = read_device("--device", text); });
    parser->add_flag("--json", json, "Print the result as one JSON object");
    parser->footer("Example:\n  duodiff eval classifier --data images/ --out classifier.safetensors");
    if (const auto status = parse(*parser, context, arguments)) {
        return *status;
    }
    require_options(*parser, {"--data", "--out"});
    require_writable_file("--out", request.output);

    context.hooks.watch_stop();
    EvalProgress progress(context);
    const ClassifierReport report =
        context.hooks.make_classifier(request, progress.callback(), context.hooks.stop);
    progress.end();
    if (json) {
        print_json(context.out, {{"file", request.output.string()},
                                 {"test_accuracy", report.test_accuracy},
                                 {"train_images", report.train_images},
                                 {"test_images", report.test_images},
                                 {"classes", report.classes},
                                 {"channels", report.channels},
                                 {"side", report.side},
                                 {"epochs", report.epochs},
                                 {"seconds", report.seconds},
                                 {"was_there", report.was_there}});
        return 0;
    }
    context.out << fmt::format(
        "{} of {} classes, {} images of {} x {} with {} channels, {} epochs\n"
        "It is right about {:.2f} % of {} test images.\n{} {}\n",
        report.was_there ? "A classifier" : fmt::format("Trained in {:.0f} s: a classifier", report.seconds),
        report.classes, grouped(report.train_images), report.side, report.side, report.channels,
        report.epochs, 100.0 * report.test_accuracy, grouped(report.test_images),
        report.was_there ? "It was there already:" : "Written to", request.output.string());
    return 0;
}

}  // namespace duodiff::cli
