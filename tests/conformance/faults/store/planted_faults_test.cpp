// The kit itself under test: each planted fault, in a process of its own, must fail the case that names it, and the
// store without a fault must fail none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "faults.h"

namespace embedq::conformance {
namespace {

// Of coreutils' timeout: the program was ended.
constexpr int timed_out = 124;

struct Outcome {
    int status = 0;
    std::vector<std::string> failed;  // `<invariant>.<case>`
    std::string running;              // the case that was running when the program ended, or empty
    std::string output;
};

// The case of a line of gtest's such as "[  FAILED  ] faulty/fenced.a_case (3 ms)", or empty.
std::string case_of(const std::string& line, const std::string& mark) {
    const std::string prefix = mark + " faulty/";
    if (!line.starts_with(prefix)) return {};
    return line.substr(prefix.size(), line.find(' ', prefix.size()) - prefix.size());
}

Outcome run(const Fault& fault) {
    const std::string name(fault.name);
    const auto folder = std::filesystem::path(EMBEDQ_BINARY_DIR) / "planted_faults";
    std::filesystem::create_directories(folder);
    const auto file = folder / (name + ".txt");
    // Threads find what one fault does on some days only, and a fault may hang them.
    const std::string filter = fault.caught_by.empty() ? "*" : PLANTED_FAULTS_FILTER;
    const std::string command = "timeout --kill-after=1 20 '" FAULTY_STORE "' " + name + " '--gtest_filter=" + filter +
                                "' --gtest_color=no > '" + file.string() + "' 2>&1";
    Outcome outcome;
    // NOLINTNEXTLINE(cert-env33-c): a command line of our own making
    outcome.status = WEXITSTATUS(std::system(command.c_str()));
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        outcome.output += line + "\n";
        if (const auto started = case_of(line, "[ RUN      ]"); !started.empty()) outcome.running = started;
        for (const char* mark : {"[       OK ]", "[  SKIPPED ]", "[  FAILED  ]"}) {
            if (case_of(line, mark) == outcome.running) outcome.running.clear();
        }
        const auto failed = case_of(line, "[  FAILED  ]");
        if (!failed.empty() && std::ranges::count(outcome.failed, failed) == 0) outcome.failed.push_back(failed);
    }
    return outcome;
}

// The lines of the table at the end.
std::vector<std::string>& table() {
    static std::vector<std::string> lines;
    return lines;
}

class PrintsTheTable final : public testing::Environment {
public:
    void TearDown() override {
        for (const std::string& line : table()) std::printf("%s\n", line.c_str());
    }
};
const auto* const table_printer = testing::AddGlobalTestEnvironment(new PrintsTheTable);  // gtest owns it

class PlantedFaults : public testing::TestWithParam<Fault> {};

TEST_P(PlantedFaults, AreCaughtByTheCaseThatNamesThem) {
    const Fault& fault = GetParam();
    const Outcome outcome = run(fault);
    const std::string name(fault.name);
    if (fault.caught_by.empty()) {
        EXPECT_EQ(outcome.status, 0) << outcome.output;
        EXPECT_TRUE(outcome.failed.empty()) << outcome.output;
        table().push_back("fault " + name + ": every case passes");
        return;
    }
    const std::string expected(fault.caught_by);
    const bool failed = std::ranges::count(outcome.failed, expected) == 1;
    const bool hung = outcome.status == timed_out && outcome.running == expected;
    EXPECT_TRUE(failed || hung) << name << " (" << fault.mistake << ") went past " << expected << "; "
                                << outcome.failed.size() << " cases failed, status " << outcome.status << "\n"
                                << outcome.output;
    const std::size_t others = outcome.failed.size() - (failed ? 1 : 0);
    table().push_back("fault " + name + ": " +
                      (failed ? "caught by "
                       : hung ? "hung in "
                              : "NOT caught by ") +
                      expected + " (and " + std::to_string(others) + " other" + (others == 1 ? "" : "s") + ")");
}

INSTANTIATE_TEST_SUITE_P(Store, PlantedFaults, testing::ValuesIn(store_faults().begin(), store_faults().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace embedq::conformance
