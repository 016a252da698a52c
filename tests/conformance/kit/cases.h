// What the kits share: a case, how it ends early, and its registration with GoogleTest.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "embedq/error.h"
#include "report.h"

namespace embedq::conformance {

// One case of a kit. `Kit` is what its cases work with; each case gets a new one.
template <class Kit>
struct KitCase {
    std::string invariant;
    std::string name;
    void (*run)(Kit&);
    // Why it cannot be run on the subject under test; empty when it runs.
    std::string (*skip)(Kit&) = nullptr;
};

// Ends the case as failed, from however deep; the message is the failure.
class CaseEnded : public std::runtime_error {
public:
    explicit CaseEnded(const std::string& message, std::source_location where = std::source_location::current())
        : std::runtime_error(message), where_(where) {}
    [[nodiscard]] const std::source_location& where() const noexcept { return where_; }

private:
    std::source_location where_;
};

// "unavailable: the message"
[[nodiscard]] inline std::string text_of(const Error& error) {
    return std::string(to_string(error.kind)) + ": " + to_string(error);
}

// The value, or the end of the case with the error of `who`.
template <class T>
T value_of(Result<T> result, const std::string& who, std::source_location where = std::source_location::current()) {
    if (!result) throw CaseEnded(who + " returned " + text_of(result.error()), where);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class Kit>
class CaseTest : public testing::Test {
public:
    CaseTest(KitCase<Kit> the_case, std::function<std::unique_ptr<Kit>()> make)
        : case_(std::move(the_case)), make_(std::move(make)) {}

    void TestBody() override {
        try {
            const std::unique_ptr<Kit> kit = make_();
            if (case_.skip != nullptr) {
                const std::string reason = case_.skip(*kit);
                if (!reason.empty()) GTEST_SKIP() << reason;
            }
            case_.run(*kit);
        } catch (const CaseEnded& ended) {
            ADD_FAILURE_AT(ended.where().file_name(), static_cast<int>(ended.where().line())) << ended.what();
        }
    }

private:
    const KitCase<Kit> case_;
    const std::function<std::unique_ptr<Kit>()> make_;
};

// Registers each case as a test `<subject>/<invariant>.<name>`.
template <class Kit>
void register_cases(const std::string& subject, const std::vector<KitCase<Kit>>& cases,
                    std::function<std::unique_ptr<Kit>()> make) {
    report_by_invariant();
    for (const KitCase<Kit>& one : cases) {
        testing::RegisterTest((subject + "/" + one.invariant).c_str(), one.name.c_str(), nullptr, nullptr, __FILE__,
                              __LINE__, [one, make]() -> CaseTest<Kit>* { return new CaseTest<Kit>(one, make); });
    }
}

}  // namespace embedq::conformance
