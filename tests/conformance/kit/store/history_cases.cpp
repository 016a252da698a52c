// history_is_bounded, and the states of endpoints.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

// --- history_is_bounded

PruneRequest older_than(std::chrono::milliseconds age, std::size_t limit = 1000) {
    return {age, limit};
}

void only_old_finished_jobs_go(Kit& kit) {
    kit.catalog();
    kit.put(document("old", {"a"}));
    kit.embed_everything();
    kit.put(document("waiting", {"b"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 2h, "slow");
    kit.advance(1h);
    kit.put(document("young", {"c"}));
    kit.embed_everything();
    EXPECT_EQ(must(kit.store().prune(older_than(2h))).jobs, 0U);
    EXPECT_EQ(must(kit.store().prune(older_than(30min))).jobs, 1U);
    EXPECT_TRUE(kit.jobs_of("old").empty());
    EXPECT_EQ(kit.jobs_of("waiting").size(), 1U) << "an open job is never pruned";
    EXPECT_EQ(kit.jobs_of("young").size(), 1U);
    const auto status = must(kit.store().statuses("shop", std::vector<std::string>{"old"})).at(0);
    EXPECT_EQ(status.embedding_count, 1U);
    EXPECT_FALSE(status.job.has_value());
}

void small_batches(Kit& kit) {
    kit.catalog();
    for (int i = 0; i < 25; ++i) kit.put(document("s" + std::to_string(i), {"t" + std::to_string(i)}));
    kit.embed_everything();
    kit.advance(1h);
    std::size_t jobs = 0;
    bool more = true;
    for (int calls = 0; more && calls < 20; ++calls) {
        const auto result = must(kit.store().prune(older_than(1min, 10)));
        EXPECT_LE(result.jobs, 10U);
        jobs += result.jobs;
        more = result.more;
    }
    EXPECT_FALSE(more);
    EXPECT_EQ(jobs, 25U);
    EXPECT_EQ(kit.settlement().missing(), 0U) << "vectors that are needed stay";
}

void each_kind_in_small_batches(Kit& kit) {
    kit.catalog();
    for (int i = 0; i < 25; ++i) kit.put(document("s" + std::to_string(i), {"t" + std::to_string(i)}));
    kit.embed_everything();
    for (int i = 0; i < 25; ++i) must(kit.store().delete_spec("shop", "s" + std::to_string(i)));
    kit.advance(1h);
    PruneResult sum{0, 0, 0, true};
    for (int calls = 0; sum.more && calls < 50; ++calls) {
        const auto result = must(kit.store().prune(older_than(1min, 10)));
        EXPECT_LE(result.vectors, 10U);
        EXPECT_LE(result.changes, 10U);
        sum = {sum.jobs + result.jobs, sum.vectors + result.vectors, sum.changes + result.changes, result.more};
    }
    EXPECT_FALSE(sum.more) << "pruning must come to an end";
    EXPECT_EQ(sum.jobs, 25U);
    EXPECT_EQ(sum.vectors, 25U);
    EXPECT_EQ(must(kit.store().prune(older_than(1min))).changes, 0U) << "everything old is gone";
}

void unreferenced_vectors_are_swept(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    kit.put(document("pets", {"b", "c"}));
    kit.embed_everything();
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 0U) << "it is too young: it may be needed again";
    EXPECT_FALSE(kit.vector("a", kit.target()).empty());
    kit.advance(2h);
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 1U);
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void vectors_of_other_catalogs_stay(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    kit.put(document("pets", {"a"}));
    kit.put(document("pets", {"a"}, "other"));
    kit.embed_everything();
    must(kit.store().delete_catalog("shop"));
    kit.advance(2h);
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 0U);
    must(kit.store().delete_catalog("other"));
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 1U);
}

void vectors_of_the_serving_profile_stay(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    must(kit.store().reconcile(""));
    kit.advance(2h);
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 0U) << "the catalog is still ranked by them";
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    EXPECT_EQ(must(kit.store().prune(older_than(1h))).vectors, 1U);
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
    EXPECT_FALSE(kit.vector("a", second).empty());
}

void no_reader_misses_a_pruned_change(Kit& kit) {
    kit.catalog();
    const auto start = kit.revision();
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}));
    kit.embed_everything();
    kit.advance(2h);
    const auto middle = kit.revision();
    kit.put(document("c", {"c"}));
    while (must(kit.store().prune(older_than(1h))).more) {
    }
    const auto late = must(kit.store().changes("shop", middle));
    EXPECT_TRUE(late.everything || late.specs == std::vector<std::string>{"c"});
    const auto early = must(kit.store().changes("shop", start));
    EXPECT_TRUE(early.everything || early.specs.size() == 3U);
    EXPECT_EQ(early.revision, kit.revision());
    EXPECT_GT(kit.revision(), middle);
}

// --- endpoint_states

EndpointState paused(const std::string& endpoint, PauseKind kind, std::chrono::milliseconds cool_down,
                     const std::string& reason) {
    return {.fingerprint = make_profile("m").fingerprint,
            .endpoint = endpoint,
            .kind = kind,
            .cool_down = cool_down,
            .reason = reason};
}

void endpoints_cool_down(Kit& kit) {
    must(kit.store().put_endpoint_states(std::vector{paused("http://a", PauseKind::throttled, 10s, "429"),
                                                     paused("http://b", PauseKind::unavailable, 20s, "503"),
                                                     paused("http://c", PauseKind::misconfigured, 20s, "401")}));
    kit.advance(4s);
    auto cooling = must(kit.store().endpoint_states());
    std::ranges::sort(cooling, {}, &EndpointState::endpoint);
    ASSERT_EQ(cooling.size(), 3U);
    EXPECT_EQ(cooling[0].endpoint, "http://a");
    EXPECT_EQ(to_string(cooling[0].kind), "throttled");
    EXPECT_EQ(cooling[0].cool_down, 6s);
    EXPECT_EQ(cooling[0].reason, "429");
    EXPECT_EQ(cooling[0].fingerprint, make_profile("m").fingerprint);
    EXPECT_EQ(to_string(cooling[1].kind), "unavailable");
    EXPECT_EQ(cooling[1].cool_down, 16s);
    EXPECT_EQ(to_string(cooling[2].kind), "misconfigured");
    kit.advance(10s);
    EXPECT_EQ(must(kit.store().endpoint_states()).size(), 2U);
    must(kit.store().put_endpoint_states(std::vector{paused("http://b", PauseKind::unavailable, 0ms, ""),
                                                     paused("http://c", PauseKind::misconfigured, 0ms, "")}));
    EXPECT_TRUE(must(kit.store().endpoint_states()).empty());
}

void a_second_pause_replaces_the_first(Kit& kit) {
    kit.advance(0s);  // a duration from now is compared, so the clock must stand still
    must(kit.store().put_endpoint_states(std::vector{paused("http://a", PauseKind::unavailable, 10s, "first")}));
    must(kit.store().put_endpoint_states(std::vector{paused("http://a", PauseKind::misconfigured, 30s, "second")}));
    const auto cooling = must(kit.store().endpoint_states());
    ASSERT_EQ(cooling.size(), 1U);
    EXPECT_EQ(to_string(cooling[0].kind), "misconfigured");
    EXPECT_EQ(cooling[0].cool_down, 30s);
    EXPECT_EQ(cooling[0].reason, "second");
}

EndpointState with_limits(const std::string& endpoint, const EndpointLimits& limits) {
    EndpointState state{.fingerprint = make_profile("m").fingerprint, .endpoint = endpoint};
    state.cool_down = EndpointState::same_cool_down;
    state.limits = limits;
    return state;
}

// A value for each field, so that none can stand for another.
const EndpointLimits five_limits{.request_interval = std::chrono::microseconds(20'000'001),
                                 .max_inputs = 96,
                                 .max_request_tokens = 120'000,
                                 .max_text_tokens = 512,
                                 .inputs_bound = 24};

void learned_limits_are_kept_for_a_day(Kit& kit) {
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://a", five_limits)}));
    kit.advance(24h - 1s);
    auto states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0].endpoint, "http://a");
    EXPECT_EQ(states[0].fingerprint, make_profile("m").fingerprint);
    EXPECT_EQ(states[0].cool_down, 0ms);
    EXPECT_EQ(states[0].reason, "");
    EXPECT_EQ(states[0].limits, five_limits);
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://b", {.max_inputs = 1})}));
    kit.advance(1s);
    states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0].endpoint, "http://b");
}

void new_limits_replace_the_old_ones(Kit& kit) {
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://a", five_limits)}));
    auto states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0].limits, five_limits);
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://a", {.max_inputs = 7})}));
    states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0].limits, EndpointLimits{.max_inputs = 7});
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://a", {})}));
    EXPECT_TRUE(must(kit.store().endpoint_states()).empty()) << "nothing is known of it any more";
}

void limits_and_pauses_leave_each_other_alone(Kit& kit) {
    must(kit.store().put_endpoint_states(std::vector{paused("http://a", PauseKind::throttled, 10s, "429")}));
    must(kit.store().put_endpoint_states(std::vector{with_limits("http://a", five_limits)}));
    auto states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_GT(states[0].cool_down, 0ms);
    EXPECT_EQ(states[0].reason, "429");
    EXPECT_EQ(states[0].limits, five_limits);
    must(kit.store().put_endpoint_states(std::vector{paused("http://a", PauseKind::throttled, 0ms, "")}));
    states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0].cool_down, 0ms);
    EXPECT_EQ(states[0].limits, five_limits) << "the end of a pause says nothing about the limits";
    must(kit.store().put_endpoint_states(std::vector{paused("http://b", PauseKind::throttled, 10s, "429")}));
    states = must(kit.store().endpoint_states());
    ASSERT_EQ(states.size(), 2U);
    EXPECT_EQ(std::ranges::count_if(states, [](const EndpointState& state) { return state.limits.has_value(); }), 1);
}

}  // namespace

std::vector<Case> history_cases() {
    return {
        {"history_is_bounded", "only_old_finished_jobs_go", only_old_finished_jobs_go},
        {"history_is_bounded", "small_batches", small_batches},
        {"history_is_bounded", "each_kind_in_small_batches", each_kind_in_small_batches},
        {"history_is_bounded", "unreferenced_vectors_are_swept", unreferenced_vectors_are_swept},
        {"history_is_bounded", "vectors_of_other_catalogs_stay", vectors_of_other_catalogs_stay},
        {"history_is_bounded", "vectors_of_the_serving_profile_stay", vectors_of_the_serving_profile_stay},
        {"history_is_bounded", "no_reader_misses_a_pruned_change", no_reader_misses_a_pruned_change},
        {"endpoint_states", "endpoints_cool_down", endpoints_cool_down},
        {"endpoint_states", "a_second_pause_replaces_the_first", a_second_pause_replaces_the_first},
        {"endpoint_states", "learned_limits_are_kept_for_a_day", learned_limits_are_kept_for_a_day},
        {"endpoint_states", "new_limits_replace_the_old_ones", new_limits_replace_the_old_ones},
        {"endpoint_states", "limits_and_pauses_leave_each_other_alone", limits_and_pauses_leave_each_other_alone},
    };
}

}  // namespace embedq::conformance
