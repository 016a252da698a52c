// A random walk over the verbs, applied to the store and to the model. Every answer is compared. Where the contract
// leaves the store a choice, the model takes over what it chose, after a check that it was allowed.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/commit.h"
#include "embedq/profile.h"
#include "kit.h"
#include "model.h"

namespace embedq::conformance {

class RandomWalk {
public:
    RandomWalk(Kit& kit, std::uint64_t seed);
    // One verb, then the cheap checks.
    void step();
    // Compares everything.
    void check_everything();
    // Finishes all work and checks that nothing is missing.
    void drain();

private:
    // What a worker remembers. It may have lost its lease long ago.
    struct Holder {
        ClaimedJob job;
        MissingTexts page;
    };

    void put();
    void enqueue();
    void claim();
    void read();
    void commit();
    void extend();
    void cancel();
    void delete_spec();
    void delete_catalog();
    void reap();
    void reconcile();
    void prune();
    void set_target();
    void advance();

    [[nodiscard]] std::size_t pick(std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
    }
    [[nodiscard]] bool one_in(std::size_t n) { return pick(n) == 0; }
    [[nodiscard]] std::string some_catalog();
    [[nodiscard]] std::string some_spec_name();
    [[nodiscard]] std::vector<std::string> some_texts();
    [[nodiscard]] Holder* some_holder();
    [[nodiscard]] ModelJob* held(const JobRef& ref);
    [[nodiscard]] std::vector<std::string> missing(const ModelJob& job);

    // After an enqueue returned `created`: the new job.
    void discover(const std::string& catalog_id, const std::string& spec_name);
    // After a collapse: the job is due as before or immediately.
    void take_over_due(ModelJob& job);
    void expect_enqueued(EnqueueOutcome outcome, const std::string& catalog_id, const std::string& spec_name,
                         bool wanted);
    void to_pending(ModelJob& job, Time due);
    // After a running job merged with a pending one: the store may choose which of them remains, and with which counts.
    void take_over_merge(const std::string& catalog_id, const std::string& spec_name);
    void settle(ModelJob& job, JobOutcome outcome, Time due, std::uint32_t max_attempts);
    void check_serving(const std::string& catalog_id, bool must_flip);
    void check_catalog(const std::string& catalog_id);
    void check_next_due();
    void check_replica(const std::string& catalog_id);

    Kit& kit_;
    std::mt19937_64 random_;
    Model model_;
    std::vector<Profile> profiles_;
    std::vector<Holder> holders_;
    std::vector<std::pair<std::string, std::string>> merged_;
    std::string ended_in_;  // the catalog of the job that this step ended with success
    std::map<std::string, std::uint64_t> revisions_;
    // What a replica knows that reads only what `changes` reports: by catalog and spec.
    std::map<std::string, std::uint64_t> replica_seen_;
    std::map<std::string, std::map<std::string, std::vector<std::string>>> replica_;
};

}  // namespace embedq::conformance
