// What the random walk checks after each step, and at the end.
#include <algorithm>

#include "random_walk.h"

namespace embedq::conformance {

void RandomWalk::check_serving(const std::string& catalog_id, bool must_flip) {
    auto& catalog = model_.catalogs.at(catalog_id);
    const auto info = kit_.info(catalog_id);
    EXPECT_EQ(info.target_profile, catalog.target->id);
    if (info.serving_profile != catalog.serving) {
        EXPECT_EQ(info.serving_profile, catalog.target->id);
        EXPECT_TRUE(model_.all_settled(catalog)) << "profiles_do_not_mix: the serving profile changed too early";
        catalog.serving = info.serving_profile;
    }
    const bool due = must_flip && model_.all_settled(catalog);
    EXPECT_TRUE(!due || info.serving_profile == catalog.target->id) << "all is settled, so the flip is due";
}

void RandomWalk::check_catalog(const std::string& catalog_id) {
    const auto& catalog = model_.catalogs.at(catalog_id);
    const testing::ScopedTrace trace(__FILE__, __LINE__, "catalog " + catalog_id);
    const auto expected = model_.settlement(catalog);
    const auto got = kit_.settlement(catalog_id);
    EXPECT_EQ(got.specs, expected.specs);
    EXPECT_EQ(got.operations, expected.operations);
    EXPECT_EQ(got.distinct_texts, expected.distinct_texts);
    EXPECT_EQ(got.missing() == 0, expected.missing() == 0);
    const auto revision = kit_.revision(catalog_id);
    EXPECT_GE(revision, revisions_[catalog_id]) << "a revision never goes back";
    revisions_[catalog_id] = revision;
    check_serving(catalog_id, catalog_id == ended_in_);
}

void RandomWalk::check_next_due() {
    std::optional<Time> due;
    std::optional<Time> expires;
    for (const auto& [id, job] : model_.jobs) {
        if (job.status == JobStatus::pending) due = std::min(due.value_or(job.due), job.due);
        if (job.status == JobStatus::running) expires = std::min(expires.value_or(job.expires), job.expires);
    }
    const auto next = must(kit_.store().next_due(std::vector{profiles_[0].fingerprint, profiles_[1].fingerprint}));
    // To the millisecond; the store may round either way.
    const auto expect_near = [&](const std::optional<std::chrono::milliseconds>& got, const std::optional<Time>& wanted,
                                 const char* what) {
        ASSERT_EQ(got.has_value(), wanted.has_value()) << what;
        if (!wanted) return;
        const auto off = std::chrono::microseconds(*got) - (*wanted - kit_.under_test().now());
        EXPECT_LE(std::chrono::abs(off), 1ms) << what;
    };
    expect_near(next.pending, due, "earliest pending job");
    expect_near(next.lease_expiry, expires, "earliest lease");
}

void RandomWalk::check_everything() {
    for (const auto& [id, catalog] : model_.catalogs) {
        for (const auto& [name, spec] : catalog.specs) {
            const testing::ScopedTrace trace(__FILE__, __LINE__, id + "/" + name);
            EXPECT_EQ(must(kit_.store().spec(id, name)).parked_until, spec.parked_until);
            const auto settlement = must(kit_.store().settlement(id, std::vector{name}));
            ModelCatalog alone{{{name, spec}}, catalog.target, {}};
            EXPECT_EQ(settlement.vectors, model_.settlement(alone).vectors);
            EXPECT_EQ(settlement.refusals, model_.settlement(alone).refusals);
            EXPECT_EQ(settlement.cut, model_.settlement(alone).cut);
            EXPECT_EQ(settlement.missing(), model_.settlement(alone).missing());
        }
        check_replica(id);
    }
    JobQuery query;
    query.limit = 1'000'000;
    const auto jobs = must(kit_.store().jobs(query));
    ASSERT_EQ(jobs.size(), model_.jobs.size());
    for (const Job& job : jobs) {
        const ModelJob& row = model_.jobs.at(job.id);
        const testing::ScopedTrace trace(__FILE__, __LINE__, "job " + std::to_string(job.id));
        EXPECT_EQ(to_string(job.status), to_string(row.status));
        EXPECT_EQ(job.attempts, row.attempts);
        EXPECT_EQ(job.expiries, row.expiries);
        EXPECT_EQ(job.embedded_so_far, row.embedded);
        EXPECT_EQ(job.next_run_at, row.status == JobStatus::pending ? std::optional(row.due) : std::nullopt);
        EXPECT_EQ(job.lease_expires_at, row.status == JobStatus::running ? std::optional(row.expires) : std::nullopt);
        EXPECT_EQ(job.completed_at.has_value(), !row.open());
        EXPECT_GE(job.started_at.value_or(job.created_at), job.created_at);
        EXPECT_GE(job.completed_at.value_or(Time::max()), job.started_at.value_or(job.created_at));
    }
    for (const auto& [key, text] : model_.texts) {
        for (const auto& profile : profiles_) {
            if (profile.id != key.first) continue;
            EXPECT_EQ(!kit_.vector(key.second, profile).empty(), !text.refused) << key.second;
        }
    }
}

void RandomWalk::check_replica(const std::string& catalog_id) {
    auto& specs = replica_[catalog_id];
    const auto changes = must(kit_.store().changes(catalog_id, replica_seen_[catalog_id]));
    replica_seen_[catalog_id] = changes.revision;
    if (changes.everything) specs.clear();
    for (const auto& name : changes.specs) specs.erase(name);
    if (changes.everything || !changes.specs.empty()) {
        const auto asked = changes.everything ? std::vector<std::string>{} : changes.specs;
        must(kit_.store().operations(catalog_id, asked, [&](std::string_view spec, const Operation& operation) {
            specs[std::string(spec)].push_back(operation.text);
        }));
    }
    std::map<std::string, std::vector<std::string>> expected;
    for (const auto& [name, spec] : model_.catalogs.at(catalog_id).specs) {
        if (!spec.texts.empty()) expected[name] = spec.texts;
    }
    EXPECT_EQ(specs, expected) << "every_replica_sees_new_vectors: the feed left a change out";
}

void RandomWalk::drain() {
    holders_.clear();
    for (int round = 0; round < 50; ++round) {
        kit_.advance(7h);  // past every lease, delay and parking
        must(kit_.store().reap(1000));
        must(kit_.store().reconcile(""));
        std::size_t worked = 0;
        for (const auto& profile : profiles_) {
            auto request = kit_.claim_request();
            request.fingerprints = {profile.fingerprint};
            for (auto jobs = must(kit_.store().claim(request)); !jobs.empty();
                 jobs = must(kit_.store().claim(request))) {
                EXPECT_TRUE(kit_.embed(jobs[0]));
                ++worked;
            }
        }
        if (worked == 0) break;
    }
    must(kit_.store().reconcile(""));
    for (const auto& [id, catalog] : model_.catalogs) {
        EXPECT_EQ(kit_.settlement(id).missing(), 0U);
        EXPECT_EQ(kit_.info(id).serving_profile, catalog.target->id);
        for (const auto& [name, spec] : catalog.specs) {
            EXPECT_EQ(kit_.open_jobs(name, JobStatus::pending, id) + kit_.open_jobs(name, JobStatus::running, id), 0U)
                << id << "/" << name;
        }
    }
}

}  // namespace embedq::conformance
