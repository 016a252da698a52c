// Claiming: who gets which jobs, in which order, and how many; and the pages of missing texts.
#include <set>

#include "kit.h"

namespace embedq::conformance {
namespace {

std::vector<std::string> texts(const std::string& prefix, std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(prefix + " " + std::to_string(i));
    return all;
}

std::vector<std::string> names(const std::vector<ClaimedJob>& jobs) {
    std::vector<std::string> all;
    for (const auto& job : jobs) all.push_back(job.spec_name);
    return all;
}

using Names = std::vector<std::string>;

void by_due_time_then_id(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"e", "d", "c", "b"}) kit.put(document(name, {name}));
    kit.report(kit.claim_one(), JobOutcome::release, 2s);  // e
    kit.report(kit.claim_one(), JobOutcome::release, 1s);  // d
    kit.advance(3s);
    kit.put(document("a", {"a"}));
    EXPECT_EQ(names(kit.claim(10)), (Names{"c", "b", "d", "e", "a"}));
}

void at_most_max_jobs(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a", "b", "c"}) kit.put(document(name, {name}));
    EXPECT_TRUE(kit.claim(0).empty());
    EXPECT_EQ(names(kit.claim(2)), (Names{"a", "b"}));
    EXPECT_EQ(names(kit.claim(2)), (Names{"c"}));
    EXPECT_TRUE(kit.claim(2).empty());
}

void a_held_job_is_not_given_again(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto held = kit.claim_one();
    const auto again = kit.claim(10);
    EXPECT_TRUE(again.empty()) << "job " << held.ref.id << " is held, and another claim returned it";
    kit.advance(10s);
    EXPECT_TRUE(kit.claim(10).empty()) << "its lease has not expired";
    kit.advance(1h);
    EXPECT_TRUE(kit.claim(10).empty()) << "reap handles expired leases: a claim never takes a running job";
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
}

void a_claim_describes_its_job(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "a"}));
    const auto job = kit.claim_one();
    EXPECT_EQ(job.catalog_id, "shop");
    EXPECT_EQ(job.spec_name, "pets");
    EXPECT_EQ(job.kind, JobKind::spec_write);
    EXPECT_EQ(job.fingerprint, kit.target().fingerprint);
    EXPECT_EQ(job.operation_count, 3U);
    EXPECT_EQ(job.attempts, 0U);
    const auto row = kit.job(job.ref.id);
    EXPECT_EQ(row.status, JobStatus::running);
    EXPECT_EQ(row.worker_id, "worker");
    EXPECT_TRUE(row.lease_expires_at.has_value());
    EXPECT_TRUE(row.started_at.has_value());
    EXPECT_FALSE(row.next_run_at.has_value());
    EXPECT_FALSE(row.completed_at.has_value());
}

void texts_bound_a_claim(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a", "b", "c"}) kit.put(document(name, texts(name, 5)));
    auto request = kit.claim_request(10);
    request.max_texts = 10;
    EXPECT_EQ(names(must(kit.store().claim(request))), (Names{"a", "b"}));
}

void the_second_job_may_not_exceed(Kit& kit) {
    kit.catalog();
    kit.put(document("a", texts("a", 5)));
    kit.put(document("b", texts("b", 50)));
    kit.put(document("c", texts("c", 1)));
    auto request = kit.claim_request(10);
    request.max_texts = 10;
    EXPECT_EQ(names(must(kit.store().claim(request))), (Names{"a"}))
        << "a claim stops at the first job that does not fit";
    EXPECT_EQ(names(must(kit.store().claim(request))), (Names{"b"})) << "the first job may exceed the limit";
}

void only_the_fingerprints_asked_for(Kit& kit) {
    const auto other = make_profile("other");
    kit.catalog();
    kit.catalog("elsewhere", other);
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}, "elsewhere"));
    kit.put(document("c", {"c"}));
    auto request = kit.claim_request(10);
    request.fingerprints = {};
    EXPECT_TRUE(must(kit.store().claim(request)).empty());
    request.fingerprints = {hash_of("nobody's")};
    EXPECT_TRUE(must(kit.store().claim(request)).empty());
    request.fingerprints = {other.fingerprint};
    EXPECT_EQ(names(must(kit.store().claim(request))), (Names{"b"}));
    kit.put(document("d", {"d"}, "elsewhere"));
    request.fingerprints = {other.fingerprint, kit.target().fingerprint, other.fingerprint};
    EXPECT_EQ(names(must(kit.store().claim(request))), (Names{"a", "c", "d"})) << "one order over all fingerprints";
}

void a_job_is_created_then_started_then_completed(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const Time created = kit.under_test().now();
    kit.advance(1s);
    const auto job = kit.claim_one();
    kit.advance(1s);
    EXPECT_TRUE(kit.embed(job));
    const auto row = kit.job(job.ref.id);
    EXPECT_EQ(row.created_at, created);
    EXPECT_EQ(row.started_at, created + 1s);
    EXPECT_EQ(row.completed_at, created + 2s);
}

void a_lease_of_zero_is_refused(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    auto request = kit.claim_request();
    request.lease = 0ms;
    expect_error(kit.store().claim(request), ErrorKind::invalid_argument);
    const auto job = kit.claim_one();
    expect_error(kit.store().extend({"worker", "host", 1, "1", 1}, std::vector{job.ref}, 0ms),
                 ErrorKind::invalid_argument);
    EXPECT_TRUE(kit.embed(job)) << "the lease has not changed";
}

// --- the pages of missing texts

void each_text_once_and_in_order(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "a", "c", "b"}));
    const auto job = kit.claim_one();
    const auto page = kit.missing(job);
    ASSERT_EQ(page.texts.size(), 3U);
    EXPECT_EQ(page.texts[0].text, "a");
    EXPECT_EQ(page.texts[1].text, "b");
    EXPECT_EQ(page.texts[2].text, "c");
    EXPECT_EQ(page.texts[2].position, 3);
    EXPECT_EQ(page.texts[2].operation_id, "op3");
    EXPECT_EQ(page.texts[2].text_hash, hash_of("c"));
    EXPECT_EQ(page.profile_id, kit.target().id);
    EXPECT_EQ(page.as_of, kit.under_test().now()) << "the store's clock when it was read";
    EXPECT_FALSE(page.force_from.has_value());
    EXPECT_FALSE(page.more);
}

void pages_join_up(Kit& kit) {
    kit.catalog();
    auto all = texts("text", 25);
    all.push_back("text 3");
    kit.put(document("pets", all));
    const auto job = kit.claim_one();
    std::set<std::string> seen;
    std::int64_t after = -1;
    bool more = true;
    std::size_t pages = 0;
    while (more && pages < 20) {
        const MissingQuery query{job.ref, after, 10, 1U << 20U};
        const auto page = must(must(kit.store().missing_texts({&query, 1})).at(0));
        ASSERT_FALSE(page.texts.empty());
        ASSERT_LE(page.texts.size(), 10U);
        for (const auto& text : page.texts) EXPECT_TRUE(seen.insert(text.text).second) << text.text << " came twice";
        after = page.texts.back().position;
        more = page.more;
        ++pages;
    }
    EXPECT_EQ(seen.size(), 25U);
    EXPECT_EQ(pages, 3U);
}

void bytes_bound_a_page(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')}));
    const auto job = kit.claim_one();
    const auto page_of = [&](std::int64_t after, std::size_t bytes) {
        const MissingQuery query{job.ref, after, 100, bytes};
        return must(must(kit.store().missing_texts({&query, 1})).at(0));
    };
    EXPECT_EQ(page_of(-1, 250).texts.size(), 2U);
    EXPECT_TRUE(page_of(-1, 250).more);
    EXPECT_EQ(page_of(-1, 10).texts.size(), 1U) << "at least one text is returned";
    EXPECT_EQ(page_of(1, 10).texts.size(), 1U);
    EXPECT_FALSE(page_of(1, 10).more);
    EXPECT_TRUE(page_of(2, 10).texts.empty());
}

void many_queries_in_one_call(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b", "c"}));
    const auto jobs = kit.claim(2);
    ASSERT_EQ(jobs.size(), 2U);
    const std::vector<MissingQuery> queries{{jobs[1].ref}, {jobs[0].ref}, {jobs[1].ref, 0}};
    const auto pages = must(kit.store().missing_texts(queries));
    ASSERT_EQ(pages.size(), 3U);
    EXPECT_EQ(must(pages[0]).texts.size(), 2U);
    EXPECT_EQ(must(pages[1]).texts.size(), 1U);
    EXPECT_EQ(must(pages[2]).texts.size(), 1U);
}

void a_page_has_the_force(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    const auto page = kit.missing(kit.claim_one());
    ASSERT_TRUE(page.force_from.has_value());
    EXPECT_LE(*page.force_from, page.as_of);
}

}  // namespace

std::vector<Case> claim_cases() {
    return {
        {"claim", "by_due_time_then_id", by_due_time_then_id},
        {"claim", "at_most_max_jobs", at_most_max_jobs},
        {"claim", "a_held_job_is_not_given_again", a_held_job_is_not_given_again},
        {"claim", "a_claim_describes_its_job", a_claim_describes_its_job},
        {"claim", "texts_bound_a_claim", texts_bound_a_claim},
        {"claim", "the_second_job_may_not_exceed", the_second_job_may_not_exceed},
        {"claim", "only_the_fingerprints_asked_for", only_the_fingerprints_asked_for},
        {"claim", "a_job_is_created_then_started_then_completed", a_job_is_created_then_started_then_completed},
        {"claim", "a_lease_of_zero_is_refused", a_lease_of_zero_is_refused},
        {"missing_texts", "each_text_once_and_in_order", each_text_once_and_in_order},
        {"missing_texts", "pages_join_up", pages_join_up},
        {"missing_texts", "bytes_bound_a_page", bytes_bound_a_page},
        {"missing_texts", "many_queries_in_one_call", many_queries_in_one_call},
        {"missing_texts", "a_page_has_the_force", a_page_has_the_force},
    };
}

}  // namespace embedq::conformance
