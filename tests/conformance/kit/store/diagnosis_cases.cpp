// What a store reports about its own health: each fault has a hint, and nothing is changed.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

std::vector<Finding> diagnose(Store& store) {
    auto findings = patiently([&] { return store.diagnose(); });
    for (const Finding& finding : findings) {
        const std::string what = finding.subject + " (" + std::string(to_string(finding.level)) + "): " + finding.found;
        EXPECT_FALSE(finding.subject.empty()) << what;
        EXPECT_FALSE(finding.found.empty()) << what;
        EXPECT_TRUE(finding.level != FindingLevel::fault || !finding.hint.empty())
            << "a fault without its hint: " << what;
        for (const std::string& text : {finding.subject, finding.found, finding.hint}) {
            EXPECT_EQ(text.find_first_of("\n\r\t"), std::string::npos) << "not in one line: " << what;
        }
    }
    return findings;
}

// A catalog with every kind of row: pending, running, succeeded and failed jobs, vectors, a refusal, a pause and a
// worker.
void fill(Kit& kit) {
    kit.catalog();
    kit.put(document("a-done", {"a", "b"}));
    kit.embed_everything();
    kit.put(document("b-failed", {"poison"}));
    kit.refuse(kit.claim_one(), "poison", "not in this house", JobOutcome::failed);
    kit.put(document("c-running", {"c"}));
    static_cast<void>(kit.claim_one());
    kit.put(document("d-waiting", {"d"}));
    const EndpointState pause{kit.target().fingerprint, "default", PauseKind::throttled, 60s, "too many requests"};
    must(kit.store().put_endpoint_states({&pause, 1}));
    must(kit.store().extend({"w1", "host-1", 42, "1.2.3", 1}, {}, 20s));
}

// What a reader sees, as text.
std::string everything(Kit& kit) {
    Store& store = kit.store();
    std::string all = "revision " + std::to_string(kit.revision());
    for (const Job& job : must(store.jobs({.limit = 1000}))) {
        all += "\njob " + std::to_string(job.id) + " " + std::string(to_string(job.status)) + " " +
               std::to_string(job.attempts) + " " + std::to_string(job.expiries) + " " + job.last_error;
        if (job.next_run_at) all += " due " + std::to_string(job.next_run_at->time_since_epoch().count());
        if (job.lease_expires_at) all += " until " + std::to_string(job.lease_expires_at->time_since_epoch().count());
    }
    for (const SpecStatus& status : must(store.statuses("shop", {}))) {
        all += "\nspec " + status.spec_name + " " + std::to_string(status.embedding_count) + " " +
               std::to_string(status.refused_count);
    }
    for (const EndpointState& state : must(store.endpoint_states())) {
        all += "\nendpoint " + state.endpoint + " " + to_string(state) + " " + std::to_string(state.cool_down.count());
    }
    for (const WorkerInfo& worker : must(store.workers())) {
        all += "\nworker " + worker.report.worker_id + " " + std::to_string(worker.seen_at.time_since_epoch().count());
    }
    const Sha256 mine = kit.target().fingerprint;
    const NextDue due = must(store.next_due({&mine, 1}));
    if (due.pending) all += "\npending " + std::to_string(due.pending->count());
    if (due.lease_expiry) all += "\nexpiry " + std::to_string(due.lease_expiry->count());
    return all;
}

void an_empty_store_is_diagnosed(Kit& kit) {
    static_cast<void>(diagnose(kit.store()));
    EXPECT_TRUE(must(kit.store().catalogs()).empty());
}

void a_filled_store_is_diagnosed(Kit& kit) {
    fill(kit);
    static_cast<void>(diagnose(kit.store()));
}

void nothing_is_changed(Kit& kit) {
    kit.advance(0s);  // durations from now are compared, so the clock must stand still
    fill(kit);
    const std::string before = everything(kit);
    const auto stamp = must(kit.store().change_stamp());
    static_cast<void>(diagnose(*kit.another()));
    EXPECT_EQ(must(kit.store().change_stamp()), stamp) << "a diagnosis looks like a write to other processes";
    static_cast<void>(diagnose(kit.store()));
    EXPECT_EQ(everything(kit), before);
    EXPECT_EQ(kit.claim().size(), 1U) << "and the pending job can still be claimed";
}

void a_diagnosis_makes_no_schema(Kit& kit) {
    const auto before = must(kit.store().migration_state());
    static_cast<void>(diagnose(kit.store()));
    const auto after = must(kit.store().migration_state());
    EXPECT_EQ(after.current, before.current);
    EXPECT_EQ(after.waiting, before.waiting);
}

}  // namespace

std::vector<Case> diagnosis_cases() {
    return {
        {"diagnosis", "an_empty_store_is_diagnosed", an_empty_store_is_diagnosed},
        {"diagnosis", "a_filled_store_is_diagnosed", a_filled_store_is_diagnosed},
        {"diagnosis", "nothing_is_changed", nothing_is_changed},
        {.invariant = "diagnosis",
         .name = "a_diagnosis_makes_no_schema",
         .run = a_diagnosis_makes_no_schema,
         .migrated = false},
    };
}

}  // namespace embedq::conformance
