// What a case works with: the store, its clock, and helpers for what most cases do.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "conformance/store_kit.h"
#include "embedq/commit.h"
#include "embedq/profile.h"
#include "embedq/store_types.h"

namespace embedq::conformance {

using namespace std::chrono_literals;  // NOLINT: for cases only

// The value, or the end of the case with the error's text.
template <class T>
T must(Result<T> result, std::source_location where = std::source_location::current()) {
    if (result) {
        if constexpr (std::is_void_v<T>) {
            return;
        } else {
            return std::move(*result);
        }
    }
    throw std::runtime_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                             ": the store reported " + std::string(to_string(result.error().kind)) + ": " +
                             to_string(result.error()));
}

// Repeats the call while the store is busy: after `unavailable`, repeating a verb does no harm.
template <class Ask>
auto patiently(Ask&& ask) {
    for (int tries = 0;; ++tries) {
        auto result = ask();
        if (result || result.error().kind != ErrorKind::unavailable || tries == 10'000) return must(std::move(result));
        std::this_thread::yield();
    }
}

// Expects a failure of the kind whose message names `names`.
template <class T>
void expect_error(const Result<T>& result, ErrorKind kind, std::string_view names = {},
                  std::source_location where = std::source_location::current()) {
    const testing::ScopedTrace trace(where.file_name(), static_cast<int>(where.line()), "expected an error");
    ASSERT_FALSE(result.has_value()) << "expected " << to_string(kind) << ", but the verb succeeded";
    EXPECT_EQ(to_string(result.error().kind), to_string(kind)) << to_string(result.error());
    EXPECT_NE(to_string(result.error()).find(names), std::string::npos)
        << "'" << to_string(result.error()) << "' does not name '" << names << "'";
}

// A stand-in for SHA-256: stores treat hashes as names.
[[nodiscard]] Sha256 hash_of(std::string_view text);
// A unit-free vector that depends on the text and the salt only; finite, never zero.
[[nodiscard]] std::vector<float> vector_of(const Sha256& text_hash, std::size_t dimension, std::uint32_t salt = 0);

[[nodiscard]] Profile make_profile(std::string model, std::size_t dimension = 4, std::uint32_t epoch = 0);
// One operation for each text.
[[nodiscard]] SpecWrite document(std::string spec_name, const std::vector<std::string>& texts,
                                 std::string catalog_id = "shop");

// One commit being put together; owns the values that the commit points at.
class Delivery {
public:
    // Returns the report's index.
    std::size_t report(const JobRef& job, JobOutcome outcome, std::chrono::milliseconds delay = {},
                       std::string error = {});
    void vector(std::size_t report, const Sha256& profile, const Sha256& text_hash, Time as_of,
                std::vector<float> values, std::uint32_t cut_to = 0);
    // For every text of the page.
    void vectors(std::size_t report, const MissingTexts& page, std::size_t dimension, std::uint32_t salt = 0);
    void refusal(std::size_t report, const Sha256& profile, const Sha256& text_hash, Time as_of, std::string reason);
    [[nodiscard]] Commit& commit() noexcept { return commit_; }

private:
    Commit commit_;
    std::deque<std::vector<float>> values_;
};

class Kit {
public:
    // `migrated`: brings the schema up to date first.
    explicit Kit(StoreUnderTest& under_test, bool migrated = true);

    [[nodiscard]] Store& store() noexcept { return *store_; }
    // Another instance, or the same one if the store lives in one process.
    [[nodiscard]] std::shared_ptr<Store> another();
    // Destroys every instance and opens a new one.
    void reopen();
    void advance(std::chrono::microseconds by) { under_test_.advance(by); }
    void set_clock_back(std::chrono::microseconds by) { under_test_.set_clock_back(by); }
    [[nodiscard]] StoreUnderTest& under_test() noexcept { return under_test_; }

    // --- producers
    // A catalog whose target is `target()`, or the profile given.
    void catalog(const std::string& id = "shop");
    void catalog(const std::string& id, const Profile& target);
    std::size_t set_target(const std::string& id, const std::optional<Profile>& target);
    [[nodiscard]] const Profile& target() const noexcept { return target_; }
    PutResult put(const SpecWrite& write);
    EnqueueOutcome enqueue(const std::string& spec_name, JobKind kind = JobKind::spec_write,
                           const std::string& catalog_id = "shop");

    // --- workers
    [[nodiscard]] ClaimRequest claim_request(std::size_t max_jobs = 1) const;
    [[nodiscard]] std::vector<ClaimedJob> claim(std::size_t max_jobs = 1);
    // Exactly one; ends the case otherwise.
    [[nodiscard]] ClaimedJob claim_one();
    [[nodiscard]] ClaimedJob claim_one(const Profile& profile);
    [[nodiscard]] bool nothing_to_claim();
    [[nodiscard]] MissingTexts missing(const ClaimedJob& job);
    // Reports an outcome without vectors. Returns whether the lease was still held.
    bool report(const ClaimedJob& job, JobOutcome outcome, std::chrono::milliseconds delay = {},
                std::string error = {});
    // Makes every missing vector and reports the outcome.
    bool embed(const ClaimedJob& job, JobOutcome outcome = JobOutcome::succeeded, std::uint32_t salt = 0);
    // Makes the first `count` missing vectors and reports the outcome.
    bool embed_some(const ClaimedJob& job, std::size_t count, JobOutcome outcome);
    bool refuse(const ClaimedJob& job, const std::string& text, const std::string& reason, JobOutcome outcome);
    // Claims and embeds until nothing is due.
    void embed_everything();
    // A worker that holds nothing, or the jobs.
    std::vector<bool> heartbeat(const std::string& worker = "worker", const std::vector<JobRef>& jobs = {});

    // --- reading
    [[nodiscard]] Job job(JobId id);
    [[nodiscard]] std::vector<Job> jobs_of(const std::string& spec_name, const std::string& catalog_id = "shop");
    [[nodiscard]] std::size_t open_jobs(const std::string& spec_name, JobStatus status,
                                        const std::string& catalog_id = "shop");
    [[nodiscard]] Settlement settlement(const std::string& catalog_id = "shop");
    [[nodiscard]] CatalogInfo info(const std::string& catalog_id = "shop");
    [[nodiscard]] std::uint64_t revision(const std::string& catalog_id = "shop");
    // The vector of a text under a profile, or empty.
    [[nodiscard]] std::vector<float> vector(const std::string& text, const Profile& profile);

private:
    StoreUnderTest& under_test_;
    std::shared_ptr<Store> store_;
    Profile target_ = make_profile("first");
};

// One case of the kit.
struct Case {
    std::string invariant;
    std::string name;
    void (*run)(Kit&);
    // Why a store with these capabilities skips it; empty when it runs.
    std::string (*skip)(const StoreCapabilities&) = nullptr;
    bool migrated = true;  // false: the case begins without a schema
};

[[nodiscard]] inline std::string unless_persistent(const StoreCapabilities& capabilities) {
    return capabilities.persistent ? "" : "the store does not outlive its process";
}
[[nodiscard]] inline std::string unless_multi_process(const StoreCapabilities& capabilities) {
    return capabilities.multi_process ? "" : "the store lives in one process: there is no second instance";
}
[[nodiscard]] inline std::string unless_own_clock(const StoreCapabilities& capabilities) {
    return capabilities.own_clock ? "" : "the store's clock is its process's clock";
}

// Where the cases are, by subject.
[[nodiscard]] std::vector<Case> producer_cases();
[[nodiscard]] std::vector<Case> claim_cases();
[[nodiscard]] std::vector<Case> fence_cases();
[[nodiscard]] std::vector<Case> clock_cases();
[[nodiscard]] std::vector<Case> attempt_cases();
[[nodiscard]] std::vector<Case> provisional_cases();
[[nodiscard]] std::vector<Case> profile_cases();
[[nodiscard]] std::vector<Case> change_cases();
[[nodiscard]] std::vector<Case> maintenance_cases();
[[nodiscard]] std::vector<Case> history_cases();
[[nodiscard]] std::vector<Case> feed_cases();
[[nodiscard]] std::vector<Case> reading_cases();
[[nodiscard]] std::vector<Case> catalog_cases();
[[nodiscard]] std::vector<Case> record_cases();
[[nodiscard]] std::vector<Case> refresh_cases();
[[nodiscard]] std::vector<Case> cut_cases();
[[nodiscard]] std::vector<Case> diagnosis_cases();
[[nodiscard]] std::vector<Case> rate_limit_cases();
[[nodiscard]] std::vector<Case> regression_cases();
[[nodiscard]] std::vector<Case> thread_cases();
[[nodiscard]] std::vector<Case> random_cases();

}  // namespace embedq::conformance
