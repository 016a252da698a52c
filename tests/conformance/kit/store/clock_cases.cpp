// A wall clock that is set back: after the next heartbeat no wait is longer than it was to be.
#include "kit.h"

namespace embedq::conformance {
namespace {

void set_back_before_a_heartbeat(Kit& kit) {
    kit.heartbeat();
    kit.set_clock_back(1h);
    kit.heartbeat();
}

void due_times_follow(Kit& kit) {
    kit.catalog();
    kit.put(document("waits", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 30s, "slow");
    kit.put(document("due", {"b"}));
    set_back_before_a_heartbeat(kit);
    EXPECT_EQ(kit.claim_one().spec_name, "due") << "it was due before";
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_EQ(must(kit.store().next_due(std::vector{kit.target().fingerprint})).pending, 30s);
    kit.advance(30s);
    EXPECT_EQ(kit.claim_one().spec_name, "waits");
}

void due_times_follow_if_no_worker_lived(Kit& kit) {
    kit.catalog();
    kit.put(document("due", {"a"}));
    kit.set_clock_back(24h);
    kit.heartbeat();
    EXPECT_EQ(kit.claim().size(), 1U);
}

void it_is_corrected_once(Kit& kit) {
    kit.catalog();
    kit.put(document("waits", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 30s, "slow");
    kit.heartbeat("one");
    kit.heartbeat("two");
    kit.set_clock_back(20s);
    for (const char* worker : {"one", "two", "one", "two"}) kit.heartbeat(worker);
    EXPECT_EQ(must(kit.store().next_due(std::vector{kit.target().fingerprint})).pending, 30s);
}

void leases_end_in_time_and_live_ones_are_kept(Kit& kit) {
    kit.catalog();
    kit.put(document("living", {"a"}));
    kit.put(document("dead", {"b"}));
    const auto living = kit.claim_one();
    const auto dead = kit.claim_one();
    kit.heartbeat("living", {living.ref});
    kit.heartbeat("dead", {dead.ref});
    kit.set_clock_back(1h);
    kit.heartbeat("third");
    kit.advance(10s);
    EXPECT_EQ(kit.heartbeat("living", {living.ref}), std::vector{true}) << "its lease had 10 s left, or more";
    kit.advance(11s);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 1U) << "a lease after the clock was set, the dead worker's is over";
    EXPECT_EQ(kit.job(dead.ref.id).status, JobStatus::pending);
    EXPECT_TRUE(kit.embed(living));
}

void cool_downs_and_learned_limits_follow(Kit& kit) {
    const std::vector states{EndpointState{.fingerprint = hash_of("p"),
                                           .endpoint = "http://one",
                                           .kind = PauseKind::throttled,
                                           .cool_down = 30s,
                                           .reason = "busy",
                                           .limits = EndpointLimits{.max_inputs = 8}}};
    must(kit.store().put_endpoint_states(states));
    set_back_before_a_heartbeat(kit);
    auto found = must(kit.store().endpoint_states());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].cool_down, 30s);
    kit.advance(30s);
    found = must(kit.store().endpoint_states());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].cool_down, 0s);
    ASSERT_TRUE(found[0].limits.has_value());
    EXPECT_EQ(found[0].limits->max_inputs, 8U);
    kit.advance(24h);
    EXPECT_TRUE(must(kit.store().endpoint_states()).empty()) << "learned limits are kept for a day";
}

void parking_follows(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    set_back_before_a_heartbeat(kit);
    EXPECT_EQ(must(kit.store().reconcile("shop")).enqueued, 0U) << "it is parked for 10 minutes";
    kit.advance(10min);
    EXPECT_EQ(must(kit.store().reconcile("shop")).enqueued, 1U);
}

void refusals_follow_and_heal(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "a", "not today", JobOutcome::failed));
    set_back_before_a_heartbeat(kit);
    EXPECT_EQ(must(kit.store().reconcile("shop")).asked_again, 0U) << "it stands for 5 minutes";
    kit.advance(10min);  // its spec is parked for as long
    EXPECT_EQ(must(kit.store().reconcile("shop")).asked_again, 1U);
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().refusals, 0U);
    EXPECT_FALSE(kit.vector("a", kit.target()).empty()) << "what was asked for after the clock was set back counts";
}

void rate_limits_follow(Kit& kit) {
    // A second each.
    const std::vector requests{
        RateRequest{.fingerprint = hash_of("p"), .unit = RateUnit::requests, .per_minute = 60, .amount = 1}};
    for (int i = 0; i < 3; ++i) static_cast<void>(must(kit.store().reserve(requests)));
    set_back_before_a_heartbeat(kit);
    EXPECT_EQ(must(kit.store().reserve(requests)).at(0).starts_in, 3s);
}

}  // namespace

std::vector<Case> clock_cases() {
    return {
        {"a_clock_set_back", "due_times_follow", due_times_follow},
        {"a_clock_set_back", "due_times_follow_if_no_worker_lived", due_times_follow_if_no_worker_lived},
        {"a_clock_set_back", "it_is_corrected_once", it_is_corrected_once},
        {"a_clock_set_back", "leases_end_in_time_and_live_ones_are_kept", leases_end_in_time_and_live_ones_are_kept},
        {"a_clock_set_back", "cool_downs_and_learned_limits_follow", cool_downs_and_learned_limits_follow},
        {"a_clock_set_back", "parking_follows", parking_follows},
        {"a_clock_set_back", "refusals_follow_and_heal", refusals_follow_and_heal},
        {"a_clock_set_back", "rate_limits_follow", rate_limits_follow},
    };
}

}  // namespace embedq::conformance
