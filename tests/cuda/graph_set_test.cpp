// SPDX-License-Identifier: GPL-3.0-or-later
#include "cuda/graph_set.h"

#include "support/doctest_torch.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace duodiff::cuda;

namespace
{

/// Writes down what it is asked for; a "graph" is a letter.
class PaperRecorder final : public GraphRecorder
{
public:
    explicit PaperRecorder(std::string& log, bool can_record = true) : log_(log), can_record_(can_record) {}

    void warm_up(const std::function<void()>& work) override
    {
        log_ += "warm ";
        work();
    }
    std::unique_ptr<CapturedGraph> record(const std::function<void()>& work) override
    {
        log_ += "record ";
        if (!can_record_) {
            throw std::runtime_error("not this");
        }
        work();
        return std::make_unique<Paper>(log_);
    }

private:
    class Paper final : public CapturedGraph
    {
    public:
        explicit Paper(std::string& log) : log_(log) {}
        void replay() override { log_ += "replay "; }

    private:
        std::string& log_;
    };
    std::string& log_;
    bool can_record_;
};

}  // namespace

TEST_CASE("work warms up once, is recorded once, and replayed from then on, key by key")
{
    std::string log;
    GraphSet graphs(std::make_unique<PaperRecorder>(log));
    const GraphCounts before = graph_counts();
    const auto run = [&](std::int64_t key, const char* name) {
        graphs.run({key, 0, 0, 0, 0}, [&, name] { log += name; });
    };
    run(1, "A ");
    run(1, "A ");
    run(2, "B ");
    run(1, "A ");
    run(2, "B ");
    CHECK(log == "warm A record A replay warm B replay record B replay ");
    CHECK(graph_counts() - before == GraphCounts{2, 2, 3, 0});
}

TEST_CASE("what cannot be recorded is done every time as it is, tried once, and counted")
{
    std::string log;
    GraphSet graphs(std::make_unique<PaperRecorder>(log, false));
    const GraphCounts before = graph_counts();
    for (int i = 0; i < 4; ++i) {
        graphs.run({1, 0, 0, 0, 0}, [&] { log += "A "; });
    }
    CHECK(log == "warm A record A A A ");
    CHECK(graph_counts() - before == GraphCounts{1, 0, 0, 3});
}

TEST_CASE("on a CPU work is simply done")
{
    GraphSet graphs{c10::Device(c10::kCPU)};
    const GraphCounts before = graph_counts();
    int done = 0;
    for (int i = 0; i < 3; ++i) {
        graphs.run({}, [&] { ++done; });
    }
    CHECK(done == 3);
    CHECK(graph_counts() == before);
}

TEST_CASE("an error of the work itself comes out, and the work can be done again")
{
    std::string log;
    GraphSet graphs(std::make_unique<PaperRecorder>(log));
    bool broken = true;
    const auto run = [&] {
        graphs.run({}, [&] {
            if (broken) {
                throw std::runtime_error("broken");
            }
            log += "A ";
        });
    };
    CHECK_THROWS_AS(run(), std::runtime_error);
    broken = false;
    run();
    CHECK(log == "warm warm A ");
}
