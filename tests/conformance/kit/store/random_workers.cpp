// The random walk's workers: what they claim, read, commit and extend, also long after they lost their leases.
#include "random_walk.h"

namespace embedq::conformance {

void RandomWalk::claim() {
    auto request = kit_.claim_request(1 + pick(4));
    request.fingerprints.clear();
    for (const auto& profile : profiles_) {
        if (!one_in(4)) request.fingerprints.push_back(profile.fingerprint);
    }
    request.max_texts = 1 + pick(8);
    request.allow_suspect = !one_in(3);
    const Time now = kit_.under_test().now();
    const auto expected = model_.claim(request, now);
    std::vector<JobId> got;
    for (const auto& job : must(kit_.store().claim(request))) {
        got.push_back(job.ref.id);
        ModelJob& row = model_.jobs.at(job.ref.id);
        EXPECT_EQ(job.attempts, row.attempts);
        EXPECT_EQ(job.expiries, row.expiries);
        EXPECT_EQ(job.operation_count, model_.spec_of(row)->texts.size());
        row.status = JobStatus::running;
        row.token = job.ref.token;
        row.expires = now + request.lease;
        row.new_vectors = 0;
        row.profile_id = model_.catalogs.at(row.catalog_id).target->id;
        holders_.push_back({job, {}});
    }
    EXPECT_EQ(got, expected);
}

void RandomWalk::read() {
    Holder* holder = some_holder();
    if (holder == nullptr) return;
    const MissingQuery query{holder->job.ref};
    const auto page = must(kit_.store().missing_texts({&query, 1})).at(0);
    const ModelJob* job = held(holder->job.ref);
    if (job == nullptr) {
        expect_error(page, ErrorKind::lost);
        return;
    }
    holder->page = must(page);
    std::vector<std::string> texts;
    for (const auto& text : holder->page.texts) texts.push_back(text.text);
    EXPECT_EQ(texts, missing(*job));
    EXPECT_EQ(holder->page.as_of, kit_.under_test().now());
    EXPECT_EQ(holder->page.profile_id, job->profile_id);
    EXPECT_EQ(holder->page.force_from, model_.spec_of(*job)->force_from);
}

void RandomWalk::settle(ModelJob& job, JobOutcome outcome, Time due, std::uint32_t max_attempts) {
    const Time now = kit_.under_test().now();
    switch (outcome) {
        case JobOutcome::progress: return;
        case JobOutcome::succeeded:
        case JobOutcome::failed:
            model_.finish(job, outcome == JobOutcome::succeeded ? JobStatus::succeeded : JobStatus::failed, now);
            ended_in_ = job.catalog_id;
            return;
        case JobOutcome::release: to_pending(job, due); return;
        case JobOutcome::retry:
            if (job.new_vectors == 0) ++job.attempts;
            if (job.attempts >= max_attempts) {
                model_.finish(job, JobStatus::failed, now);
            } else {
                to_pending(job, due);
            }
    }
}

void RandomWalk::commit() {
    Holder* holder = some_holder();
    if (holder == nullptr) return;
    using enum JobOutcome;
    const auto outcome = std::vector{progress, progress, succeeded, succeeded, failed, retry, retry, release}[pick(8)];
    const auto delay = std::chrono::milliseconds(pick(20'000));
    ModelJob* job = held(holder->job.ref);
    Delivery delivery;
    delivery.commit().max_attempts = 3;
    const auto report = delivery.report(holder->job.ref, outcome, delay, outcome == failed ? "failed" : "");
    const std::size_t dimension = holder->page.profile_id == profiles_[1].id ? 6 : 4;
    for (const auto& text : holder->page.texts) {
        if (one_in(3)) continue;
        // Depends only on the page, so that a page that is committed twice has the same results twice.
        const auto salt = static_cast<std::uint32_t>(holder->page.as_of.time_since_epoch().count() % 1009);
        const bool refused = (static_cast<std::size_t>(text.text_hash[3]) + salt) % 9 == 0;
        const bool cut = !refused && (static_cast<std::size_t>(text.text_hash[5]) + salt) % 4 == 0;
        if (refused) {
            delivery.refusal(report, holder->page.profile_id, text.text_hash, holder->page.as_of, "refused");
        } else {
            delivery.vector(report, holder->page.profile_id, text.text_hash, holder->page.as_of,
                            vector_of(text.text_hash, dimension, salt), cut ? 1 : 0);
        }
        if (job == nullptr) continue;
        const ModelText written{holder->page.as_of, refused, cut};
        if (!model_.write(holder->page.profile_id, text.text, written, *model_.spec_of(*job), kit_.under_test().now()))
            continue;
        ++job->new_vectors;
        ++job->embedded;
    }
    EXPECT_EQ(must(kit_.store().commit(delivery.commit())), std::vector{job != nullptr}) << "fenced";
    if (job != nullptr) settle(*job, outcome, kit_.under_test().now() + delay, 3);
}

void RandomWalk::extend() {
    std::vector<JobRef> refs;
    std::vector<bool> expected;
    for (std::size_t i = 0; i < 3; ++i) {
        const Holder* holder = some_holder();
        if (holder == nullptr) return;
        refs.push_back(holder->job.ref);
        ModelJob* job = held(holder->job.ref);
        expected.push_back(job != nullptr);
        if (job != nullptr) job->expires = kit_.under_test().now() + 20s;
    }
    EXPECT_EQ(must(kit_.store().extend({"worker", "host", 1, "1", refs.size()}, refs, 20s)), expected);
}

}  // namespace embedq::conformance
