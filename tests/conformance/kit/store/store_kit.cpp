#include "conformance/store_kit.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "kit.h"

namespace embedq::conformance {
namespace {

// All tests of one suite share this fixture; each makes its own empty store.
class StoreCase : public testing::Test {
public:
    StoreCase(Case the_case, StoreFactory factory) : case_(std::move(the_case)), factory_(std::move(factory)) {}

    void TestBody() override {
        const auto under_test = factory_();
        if (case_.skip != nullptr) {
            const std::string reason = case_.skip(must(under_test->open())->capabilities());
            if (!reason.empty()) GTEST_SKIP() << case_.invariant << "/" << case_.name << ": " << reason;
        }
        Kit kit(*under_test);
        case_.run(kit);
    }

private:
    Case case_;
    StoreFactory factory_;
};

// Says at the end how many cases were skipped, and why, since a skipped case is easily taken for a passed one.
class SkipCounter final : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.skipped()) reasons_.emplace_back(result.message());
    }
    void OnTestProgramEnd(const testing::UnitTest& unit) override {
        std::printf("conformance: %d cases run, %zu skipped\n", unit.test_to_run_count() - static_cast<int>(reasons_.size()),
                    reasons_.size());
        for (const std::string& reason : reasons_) std::printf("  skipped %s\n", reason.c_str());
    }
    std::vector<std::string> reasons_;
};

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (const auto& cases : {producer_cases, claim_cases, fence_cases, attempt_cases, profile_cases, upkeep_cases, reading_cases,
                              catalog_cases, thread_cases, random_cases}) {
        for (Case& one : cases()) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

bool register_store_kit(const std::string& store_name, const StoreFactory& factory) {
    static bool counting = false;
    if (!std::exchange(counting, true)) testing::UnitTest::GetInstance()->listeners().Append(new SkipCounter);  // gtest owns it
    for (const Case& one : all_cases()) {
        testing::RegisterTest((store_name + "/" + one.invariant).c_str(), one.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [one, factory]() -> StoreCase* { return new StoreCase(one, factory); });
    }
    return true;
}

}  // namespace embedq::conformance
