#include "report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace embedq::conformance {
namespace {

struct Count {
    int passed = 0;
    int failed = 0;
    int skipped = 0;
    void add(const Count& other) {
        passed += other.passed;
        failed += other.failed;
        skipped += other.skipped;
    }
};

struct Failed {
    std::string name;
    std::string reason;
};

class InvariantTable final : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.skipped()) {
            skip_reason_ = result.message();
        } else if (result.failed()) {
            const std::string where = result.file_name() == nullptr ? ""
                                                                    : std::string(result.file_name()) + ":" +
                                                                          std::to_string(result.line_number()) + ": ";
            failure_ += "    " + where + result.message() + "\n";
        }
    }

    void OnTestEnd(const testing::TestInfo& info) override {
        const std::string suite = info.test_suite_name();
        const auto slash = suite.rfind('/');
        if (slash != std::string::npos) {
            note(suite.substr(0, slash), suite.substr(slash + 1), info);
        }
        skip_reason_.clear();
        failure_.clear();
    }

    void OnTestProgramEnd(const testing::UnitTest&) override {
        Count total;
        for (const std::string& subject : subjects_) total.add(print(subject));
        // Printed, since a skipped case is easily mistaken for a passed one.
        for (const auto& [reason, names] : skips_) {
            std::printf("skipped %zu: %s\n", names.size(), reason.c_str());
            for (const std::string& name : names) std::printf("    %s\n", name.c_str());
        }
        for (const Failed& failed : failures_) std::printf("FAILED %s\n%s", failed.name.c_str(), failed.reason.c_str());
        std::printf("conformance: %d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped);
        std::fflush(stdout);
    }

    void note(const std::string& subject, const std::string& invariant, const testing::TestInfo& info) {
        if (std::ranges::find(subjects_, subject) == subjects_.end()) subjects_.push_back(subject);
        Count& count = counts_[subject][invariant];
        const std::string name = subject + "/" + invariant + "." + info.name();
        if (info.result()->Failed()) {
            ++count.failed;
            failures_.push_back({name, failure_});
        } else if (info.result()->Skipped()) {
            ++count.skipped;
            skips_[skip_reason_].push_back(name);
        } else {
            ++count.passed;
        }
    }

    Count print(const std::string& subject) {
        Count total;
        std::printf("%-40s %7s %7s %7s\n", subject.c_str(), "passed", "failed", "skipped");
        for (const auto& [invariant, count] : counts_[subject]) {
            std::printf("  %-38s %7d %7d %7d\n", invariant.c_str(), count.passed, count.failed, count.skipped);
            total.add(count);
        }
        std::printf("  %-38s %7d %7d %7d\n", "(all)", total.passed, total.failed, total.skipped);
        return total;
    }

    std::vector<std::string> subjects_;  // in the order in which they ran
    std::map<std::string, std::map<std::string, Count>> counts_;
    std::map<std::string, std::vector<std::string>> skips_;
    std::vector<Failed> failures_;
    std::string skip_reason_;
    std::string failure_;
};

}  // namespace

void report_by_invariant() {
    static bool reporting = false;
    // Gtest owns it.
    if (!std::exchange(reporting, true)) testing::UnitTest::GetInstance()->listeners().Append(new InvariantTable);
}

void report_nothing_else() {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
}

}  // namespace embedq::conformance
