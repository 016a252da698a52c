// Two sessions in an order that only chance would bring about: one holds what the other needs, or began before it.
#include <optional>
#include <thread>

#include "names.h"
#include "queue.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

using std::chrono::seconds;

class TwoSessions : public PostgresTest {
protected:
    TwoSessions() : store_(fresh_store()) { other_.execute("SET search_path = " + quoted_schema()); }

    void catalog(const std::string& catalog_id) {
        must(store_->put_catalog({.catalog_id = catalog_id}));
        Profile profile;
        profile.id = profile.fingerprint = filled(1);
        profile.plugin = profile.model = "test";
        profile.dimension = 2;
        profile.text_version = 1;
        const CatalogTarget target{catalog_id, "test", profile};
        must(store_->set_targets({&target, 1}));
    }
    void put(const std::string& catalog_id, const std::string& name, unsigned text) {
        SpecWrite write;
        write.catalog_id = catalog_id;
        write.spec_name = name;
        write.content = name + std::to_string(text);
        write.content_hash = filled(text);
        write.text_version = 1;
        write.operations.push_back({"get", "GET", "/", name, {}, "text", filled(text), 0});
        must(store_->put_specs({&write, 1}));
    }
    [[nodiscard]] ClaimedJob claim() {
        ClaimRequest request;
        request.worker_id = "w";
        request.fingerprints = {filled(1)};
        request.max_texts = 10;
        const auto claimed = must(store_->claim(request));
        if (claimed.size() != 1) throw std::runtime_error("there is not one job to claim");
        return claimed[0];
    }
    [[nodiscard]] MissingTexts missing(const ClaimedJob& job) {
        const MissingQuery query{job.ref};
        return must(must(store_->missing_texts({&query, 1})).at(0));
    }
    // A job whose only text lost its operation after the job had read it.
    [[nodiscard]] std::pair<ClaimedJob, MissingTexts> embedding_an_unused_text() {
        catalog("shop");
        put("shop", "pets", 7);
        auto job = claim();
        auto page = missing(job);
        put("shop", "pets", 8);
        return {std::move(job), std::move(page)};
    }
    [[nodiscard]] Commit settle(const ClaimedJob& job, const MissingTexts& page, bool refuse) {
        Commit commit;
        JobReport report{.job = job.ref, .error = {}, .vectors = {}, .refusals = {}};
        if (refuse) {
            commit.refusals.push_back({page.profile_id, filled(7), page.as_of, "no"});
            report.refusals = {0};
        } else {
            commit.vectors.push_back({page.profile_id, filled(7), page.as_of, values_});
            report.vectors = {0};
        }
        commit.jobs.push_back(std::move(report));
        return commit;
    }
    [[nodiscard]] std::string settled_without_text() {
        return value("SELECT count(*) FROM " + quoted_schema() + ".settled s WHERE NOT EXISTS (SELECT FROM " +
                     quoted_schema() + ".texts t WHERE t.text = s.text)");
    }
    // Waits until a session of this schema waits for a lock of another one, or `done`.
    void wait_for_lock() {
        wait_until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE " +
                   literal("%" + quoted_schema() + "%") + ")");
    }
    // While `waits` waits for what the other session holds, that session goes on with `statement`, which needs to wait
    // for nothing.
    template <class Waits>
    void expect_one_order(Waits waits, const std::string& statement) {
        std::optional<Error> failed;
        std::jthread waiting([&] {
            if (auto result = waits(); !result) failed = result.error();
        });
        wait_for_lock();
        try {
            other_.execute("SET LOCAL lock_timeout = 100; " + statement);
            other_.commit();
        } catch (const Failure& caught) {
            ADD_FAILURE() << "it holds a lock while it waits for another one: " << to_string(caught.error);
            other_.rollback();
        }
        waiting.join();
        EXPECT_FALSE(failed) << to_string(*failed);
    }
    [[nodiscard]] static std::string pending_job_of(const std::string& name) {
        return "INSERT INTO jobs_ready (ref, profile, kind, operations, due, created_at) "
               "SELECT ref, 1, 0, 1, now(), now() FROM specs WHERE spec_name = '" +
               name + "'";
    }

    std::unique_ptr<Store> store_;
    Connection other_{settings_for(url(), quoted_schema())};
    const std::vector<float> values_{1, 2};
};

class Settling : public TwoSessions, public ::testing::WithParamInterface<bool> {};

TEST_P(Settling, does_not_outlive_its_text_when_pruning_ends_later) {
    const auto [job, page] = embedding_an_unused_text();
    other_.begin();
    other_.execute("DELETE FROM texts WHERE hash = decode(repeat('07', 32), 'hex')");  // as pruning does
    std::optional<Error> failed;
    std::jthread committing([&] {
        if (auto result = store_->commit(settle(job, page, GetParam())); !result) failed = result.error();
    });
    wait_for_lock();
    other_.commit();
    committing.join();
    EXPECT_FALSE(failed) << to_string(*failed);
    EXPECT_EQ(settled_without_text(), "0");
    EXPECT_EQ(value("SELECT count(*) FROM " + quoted_schema() + ".settled"), "1");
}

TEST_P(Settling, does_not_outlive_its_text_when_pruning_ends_first) {
    static_cast<void>(embedding_an_unused_text());
    other_.begin();
    other_.execute(GetParam() ? "INSERT INTO refusals (text, profile, written_at, times, ask_again_at, reason) "
                                "SELECT text, 1, now(), 1, now(), '' FROM texts ORDER BY text LIMIT 1"
                              : "INSERT INTO vectors (text, profile, written_at, value) "
                                "SELECT text, 1, now(), '' FROM texts ORDER BY text LIMIT 1");
    must(store_->prune({.older_than = std::chrono::hours(1), .limit = 100}));
    other_.commit();
    EXPECT_EQ(settled_without_text(), "0");
    EXPECT_EQ(value("SELECT count(*) FROM " + quoted_schema() + ".settled"), "1");
}

INSTANTIATE_TEST_SUITE_P(TwoSessions, Settling, ::testing::Values(false, true),
                         [](const auto& instance) { return instance.param ? "refusal" : "vector"; });

// The session that ends the job began before it was claimed.
// The deletion sees the write only after it has waited for it.
TEST_F(TwoSessions, a_deletion_waits_for_a_write_and_then_spares_it) {
    catalog("shop");
    put("shop", "pets", 7);
    const SpecInfo seen = must(store_->spec("shop", "pets"));
    const auto beside_a_write = [&](const auto& deletes) {
        other_.begin();
        other_.execute("SELECT 1 FROM catalogs FOR KEY SHARE");
        other_.execute("UPDATE specs SET generation = generation + 1, updated_at = now() + interval '1 second'");
        std::optional<Status> deleted;
        std::jthread deleting([&] { deleted = deletes(); });
        wait_for_lock();
        other_.commit();
        deleting.join();
        ASSERT_FALSE(deleted->has_value());
        EXPECT_EQ(deleted->error().kind, ErrorKind::conflict) << to_string(deleted->error());
    };
    beside_a_write([&] { return store_->delete_spec("shop", "pets", seen.version()); });
    const SpecInfo now_there = must(store_->spec("shop", "pets"));
    beside_a_write([&] { return store_->delete_catalog("shop", CatalogVersion{1, now_there.updated_at}); });
    EXPECT_EQ(must(store_->spec("shop", "pets")).generation, seen.generation + 2);
    EXPECT_EQ(must(store_->jobs({})).front().status, JobStatus::pending) << "its job is not cancelled";
}

TEST_F(TwoSessions, a_job_never_ends_before_it_began) {
    catalog("shop");
    put("shop", "pets", 7);
    other_.begin();
    other_.execute("SELECT now()");
    const auto job = claim();
    other_.call("cancel_jobs", Parameters().add(std::move(Array().add(job.ref.id))));
    other_.commit();
    EXPECT_EQ(value("SELECT completed_at > started_at FROM " + quoted_schema() + ".jobs_done"), "t");
}

TEST_F(TwoSessions, a_lease_that_was_extended_after_a_wait_is_not_shorter) {
    catalog("shop");
    put("shop", "pets", 7);
    const auto job = claim();
    other_.begin();
    other_.execute("SELECT now()");
    static_cast<void>(value("SELECT pg_sleep(0.01)"));
    const std::string before = value("SELECT clock_timestamp()");
    other_.call("extend_leases", Parameters()
                                     .add("w")
                                     .add("host")
                                     .add(std::int64_t{1})
                                     .add("1")
                                     .add(std::int64_t{1})
                                     .add(std::move(Array().add("lexical")))
                                     .add(false)
                                     .add(std::move(Array().add(job.ref.id)))
                                     .add(std::move(Array().add_uuid(with_job(job.ref.token, job.ref.id))))
                                     .add(std::int64_t{20'000'000}));
    other_.commit();
    EXPECT_EQ(value("SELECT expires_at > " + literal(before) + "::timestamptz + interval '20 s' FROM " +
                    quoted_schema() + ".job_leases"),
              "t");
}

TEST_F(TwoSessions, that_enqueue_the_same_specs_wait_in_one_order) {
    catalog("shop");
    put("shop", "a", 7);
    put("shop", "b", 8);
    static_cast<void>(sql("DELETE FROM " + quoted_schema() + ".jobs_ready"));
    other_.begin();
    other_.execute(pending_job_of("a"));
    const std::vector<EnqueueRequest> requests{{"shop", "b", JobKind::spec_write}, {"shop", "a", JobKind::spec_write}};
    expect_one_order([&] { return store_->enqueue(requests); }, pending_job_of("b"));
}

TEST_F(TwoSessions, that_reconcile_and_enqueue_wait_in_one_order) {
    catalog("zoo");
    put("zoo", "a", 7);
    catalog("shop");
    put("shop", "b", 8);
    static_cast<void>(sql("DELETE FROM " + quoted_schema() + ".jobs_ready"));
    other_.begin();
    other_.execute(pending_job_of("a"));
    expect_one_order([&] { return store_->reconcile(""); }, pending_job_of("b"));
}

}  // namespace
}  // namespace embedq::postgres::testing
