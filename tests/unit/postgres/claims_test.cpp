// Claims whose answers are lost on their way: the server has claimed jobs, and the claimer does not know.
#include <algorithm>

#include "server.h"

namespace embedq::postgres::testing {
namespace {

using std::chrono::seconds;

// Two catalogs with a profile each: three specs of the first, one of the second.
class LostClaims : public PostgresTest {
protected:
    LostClaims() : store_(fresh_store()) {
        add("shop", first_, {"a", "b", "c"});
        add("bank", second_, {"d"});
    }

    void add(const std::string& catalog, const Sha256& fingerprint, const std::vector<std::string>& specs) {
        must(store_->put_catalog({.catalog_id = catalog}));
        Profile profile;
        profile.id = profile.fingerprint = fingerprint;
        profile.plugin = profile.model = "test";
        profile.dimension = 2;
        profile.text_version = 1;
        const CatalogTarget target{catalog, "test", profile};
        must(store_->set_targets({&target, 1}));
        for (const std::string& name : specs) {
            SpecWrite write;
            write.catalog_id = catalog;
            write.spec_name = write.content = name;
            write.content_hash = filled(static_cast<unsigned>(name[0]));
            write.text_version = 1;
            write.operations.push_back({"get", "GET", "/", name, {}, name, filled(static_cast<unsigned>(name[0])), 0});
            must(store_->put_specs({&write, 1}));
        }
    }
    static ClaimRequest for_profiles(std::vector<Sha256> fingerprints) {
        return {.worker_id = "w",
                .fingerprints = std::move(fingerprints),
                .max_jobs = 10,
                .max_texts = 10,
                .lease = seconds(20)};
    }
    // The claim fails before it reaches the server's function.
    void fails(Store& claimer, const ClaimRequest& request) {
        const std::string claim = quoted_schema() + ".claim";
        const std::string arguments = "(text, bytea[], bigint, bigint, bigint, boolean, uuid, bigint)";
        static_cast<void>(sql(
            "ALTER FUNCTION " + claim + arguments + " RENAME TO claim_away; CREATE FUNCTION " + claim + arguments +
            " RETURNS TABLE (id bigint, catalog_id text, spec_name text, kind smallint, fingerprint integer, attempts "
            "integer, expiries integer, operation_count integer, earliest_due bigint) LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE "
            "EXCEPTION 'gone' USING ERRCODE = '53200'; END $$"));
        const auto claimed = claimer.claim(request);
        static_cast<void>(sql("DROP FUNCTION " + claim + arguments + "; ALTER FUNCTION " + quoted_schema() +
                              ".claim_away" + arguments + " RENAME TO claim"));
        ASSERT_FALSE(claimed);
        ASSERT_EQ(claimed.error().kind, ErrorKind::unavailable) << to_string(claimed.error());
    }
    // The claim succeeds, and its answer is lost: another claimer with the same seed, and so the same token, makes it.
    void is_lost(Store& claimer, const ClaimRequest& request, std::size_t jobs) {
        fails(claimer, request);
        conformance::TestContext same("postgres", seed);
        EXPECT_EQ(must(open_store(url(), schema, same)->claim(request)).size(), jobs);
    }
    std::size_t pending(const Sha256& fingerprint) {
        return static_cast<std::size_t>(std::ranges::count_if(must(store_->jobs({})), [&](const Job& job) {
            return job.status == JobStatus::pending && job.attempts == 0 &&
                   job.catalog_id == (fingerprint == first_ ? "shop" : "bank");
        }));
    }

    static constexpr std::uint64_t seed = 77;
    const Sha256 first_ = filled(1);
    const Sha256 second_ = filled(2);
    std::unique_ptr<Store> store_;
    conformance::TestContext claimers_context_{"postgres", seed};
    std::unique_ptr<Store> claimer_ = open_store(url(), schema, claimers_context_);
};

TEST_F(LostClaims, are_recovered_by_the_same_claim) {
    is_lost(*claimer_, for_profiles({first_, second_}), 4);
    EXPECT_EQ(must(claimer_->claim(for_profiles({first_, second_}))).size(), 4U);
}

TEST_F(LostClaims, are_recovered_in_part_by_a_claim_for_fewer_profiles) {
    is_lost(*claimer_, for_profiles({first_, second_}), 4);
    const auto recovered = must(claimer_->claim(for_profiles({second_})));
    ASSERT_EQ(recovered.size(), 1U);
    EXPECT_EQ(recovered[0].catalog_id, "bank");
    EXPECT_EQ(recovered[0].fingerprint, second_);
    EXPECT_EQ(must(claimer_->extend({"w", "host", 1, "1", 1}, {&recovered[0].ref, 1}, seconds(20))),
              std::vector<bool>{true});
    EXPECT_EQ(pending(first_), 3U) << "the other jobs are pending again, without an attempt";
}

TEST_F(LostClaims, are_released_by_a_claim_for_other_profiles) {
    is_lost(*claimer_, for_profiles({first_}), 3);
    const auto claimed = must(claimer_->claim(for_profiles({second_})));
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].fingerprint, second_);
    EXPECT_EQ(pending(first_), 3U);
    EXPECT_EQ(must(claimer_->claim(for_profiles({first_, second_}))).size(), 3U);
}

TEST_F(LostClaims, that_never_succeeded_claim_nothing_later) {
    fails(*claimer_, for_profiles({first_, second_}));
    const auto claimed = must(claimer_->claim(for_profiles({second_})));
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].fingerprint, second_);
    EXPECT_EQ(pending(first_), 3U);
}

TEST_F(LostClaims, are_repeated_until_they_are_answered) {
    is_lost(*claimer_, for_profiles({first_, second_}), 4);
    fails(*claimer_, for_profiles({second_}));
    fails(*claimer_, for_profiles({first_}));
    EXPECT_EQ(must(claimer_->claim(for_profiles({first_}))).size(), 3U);
    EXPECT_EQ(pending(second_), 1U);
}

}  // namespace
}  // namespace embedq::postgres::testing
