#include "every_verb.h"

#include <algorithm>
#include <utility>

#include "server.h"

namespace embedq::postgres::testing {

void call_every_verb(Store& store) {
    must(store.put_catalog({.catalog_id = "shop"}));
    Profile profile;
    profile.id = profile.fingerprint = filled(1);
    profile.plugin = profile.model = "test";
    profile.dimension = 2;
    profile.text_version = 1;
    profile.semantic_weight = 0.1;
    profile.public_options = {{"back\\slash", "NULL"}};
    const CatalogTarget target{"shop", "test", profile};
    must(store.set_targets({&target, 1}));
    SpecWrite write;
    write.catalog_id = "shop";
    write.spec_name = "pets";
    write.content = "a text with a \\ and a '";
    write.content_hash = filled(2);
    write.text_version = 1;
    write.operations.push_back({"get", "GET", "/", "text", {}, "text", filled(3), 0});
    must(store.put_specs({&write, 1}));
    ClaimRequest request;
    request.worker_id = "w";
    request.fingerprints = {profile.fingerprint};
    request.max_jobs = 1;
    request.max_texts = 10;
    const auto jobs = must(store.claim(request));
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(must(store.extend({"w", "host", 1, "1", 1}, {&jobs[0].ref, 1}, std::chrono::seconds(20))),
              std::vector<bool>{true});
    MissingQuery query{jobs[0].ref};
    query.max_texts = 10;
    const auto missing = must(store.missing_texts({&query, 1}));
    const std::vector<float> values{1, 2};
    Commit commit;
    commit.jobs.push_back(
        {.job = jobs[0].ref, .outcome = JobOutcome::succeeded, .error = {}, .vectors = {0}, .refusals = {}});
    commit.vectors.push_back({missing.at(0)->profile_id, filled(3), missing.at(0)->as_of, values});
    EXPECT_EQ(must(store.commit(commit)), std::vector<bool>{true});
    EXPECT_EQ(must(store.profile(profile.id)).semantic_weight, 0.1);
    EXPECT_EQ(must(store.profile(profile.id)).public_options, profile.public_options);
    EXPECT_EQ(must(store.spec_content("shop", "pets")), write.content);
    EXPECT_EQ(must(store.specs("shop", "", 10)).size(), 1U);
    const Sha256 text = filled(3);
    std::size_t visited = 0;
    must(store.vectors(profile.id, {&text, 1}, [&](std::size_t, std::span<const float> found) {
        ++visited;
        EXPECT_TRUE(std::ranges::equal(found, values));
    }));
    EXPECT_EQ(visited, 1U);
    must(store.operations("shop", {},
                          [&](std::string_view, const Operation& operation) { EXPECT_EQ(operation.text_hash, text); }));
    EXPECT_EQ(must(store.settlement("shop", {})).vectors, 1U);
    EXPECT_EQ(must(store.workload("shop", profile.id)).settled_texts, 1U);
    const EnqueueRequest again{"shop", "pets", JobKind::manual_retry};
    must(store.enqueue({&again, 1}));
    must(store.reap(5));
    EXPECT_TRUE(must(store.next_due(request.fingerprints)).pending.has_value());
    const auto forced = must(store.claim(request));
    ASSERT_EQ(forced.size(), 1U);
    MissingQuery forced_query{forced[0].ref};
    const auto forced_page = must(store.missing_texts({&forced_query, 1}));
    Commit refusing;
    refusing.jobs.push_back(
        {.job = forced[0].ref, .outcome = JobOutcome::succeeded, .error = {}, .vectors = {}, .refusals = {0}});
    refusing.refusals.push_back({profile.id, text, forced_page.at(0)->as_of, "no"});
    EXPECT_EQ(must(store.commit(refusing)), std::vector<bool>{true});
    EXPECT_EQ(must(store.jobs({.id = forced[0].ref.id})).at(0).status, JobStatus::failed);
    must(store.enqueue({&again, 1}));
    EXPECT_EQ(must(store.cancel(std::vector{must(store.jobs({})).at(0).id})), 1U);
    must(store.reconcile(""));
    const EndpointState pause{profile.fingerprint, "default", PauseKind::throttled, std::chrono::seconds(60), "why"};
    must(store.put_endpoint_states({&pause, 1}));
    must(store.endpoint_states());
    const RateRequest rate_request{profile.fingerprint, RateUnit::tokens, 60, 1};
    must(store.reserve({&rate_request, 1}));
    must(store.statuses("shop", {}));
    must(store.health(""));
    must(store.jobs({}));
    must(store.workers());
    must(store.changes("shop", 0));
    must(store.clone_catalog("shop", {.catalog_id = "copy"}));
    must(store.due_refreshes(10, std::chrono::minutes(5), std::chrono::milliseconds(0)));
    must(store.checked(std::vector{SpecRef{"shop", "pets"}}));
    write.renamed_from = std::exchange(write.spec_name, "animals");
    EXPECT_EQ(must(store.put_specs({&write, 1})).at(0).outcome, PutOutcome::changed);
    write.renamed_from = std::exchange(write.spec_name, "pets");
    must(store.put_specs({&write, 1}));
    write.renamed_from = std::exchange(write.spec_name, "animals");
    write.renamed_version = must(store.spec("shop", "pets")).version();
    EXPECT_EQ(must(store.put_specs({&write, 1})).at(0).outcome, PutOutcome::changed);
    must(store.delete_spec("shop", "animals", must(store.spec("shop", "animals")).version()));
    must(store.delete_catalog("shop", CatalogVersion{}));
    must(store.prune({.older_than = std::chrono::hours(0), .limit = 100}));
}

}  // namespace embedq::postgres::testing
