#include "conformance/store_kit.h"

#include <utility>
#include <vector>

#include "kit.h"
#include "report.h"

namespace embedq::conformance {
namespace {

// All tests of one suite share this fixture; each creates its own empty store.
class StoreCase : public testing::Test {
public:
    StoreCase(Case the_case, StoreFactory factory) : case_(std::move(the_case)), factory_(std::move(factory)) {}

    void TestBody() override {
        const auto under_test = factory_();
        if (case_.skip != nullptr) {
            const std::string reason = case_.skip(must(under_test->open())->capabilities());
            if (!reason.empty()) GTEST_SKIP() << reason;
        }
        try {
            Kit kit(*under_test, case_.migrated);
            case_.run(kit);
        } catch (const ClockCannotBeMoved& caught) {
            GTEST_SKIP() << caught.reason;
        }
    }

private:
    Case case_;
    StoreFactory factory_;
};

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (const auto& cases :
         {producer_cases,   claim_cases,  fence_cases,       clock_cases,   attempt_cases,   provisional_cases,
          profile_cases,    change_cases, maintenance_cases, history_cases, feed_cases,      reading_cases,
          catalog_cases,    record_cases, refresh_cases,     cut_cases,     diagnosis_cases, rate_limit_cases,
          regression_cases, thread_cases, random_cases}) {
        for (Case& one : cases()) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

bool register_store_kit(const std::string& store_name, const StoreFactory& factory) {
    report_by_invariant();
    for (const Case& one : all_cases()) {
        testing::RegisterTest((store_name + "/" + one.invariant).c_str(), one.name.c_str(), nullptr, nullptr, __FILE__,
                              __LINE__, [one, factory]() -> StoreCase* { return new StoreCase(one, factory); });
    }
    return true;
}

}  // namespace embedq::conformance
