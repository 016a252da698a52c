// The PostgreSQL store: one database, any number of processes on any number of machines.
//
// Its clock is the server's. Each verb is one function of the schema (sql/), called as one transaction; this class
// turns the contract's values into parameters, and rows into values. Every member may be called from any thread; each
// takes a connection of the pool.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "connection_pool.h"
#include "embedq/context.h"
#include "embedq/options.h"
#include "embedq/store.h"
#include "sync/mutex.h"

namespace embedq::postgres {

inline constexpr std::array store_options{
    OptionSpec{.name = "url",
               .type = OptionType::text,
               .help = "Where the database is: postgresql://user:password@host:5432/database, several hosts with "
                       "commas between them, or key=value words; TLS and the rest as libpq has them.",
               .required = true,
               .secret = true},
    OptionSpec{.name = "schema",
               .type = OptionType::text,
               .default_value = "embedq",
               .help = "The schema that holds all of the store; created by the first migration."},
    OptionSpec{.name = "migrate",
               .type = OptionType::text,
               .default_value = "auto",
               .help = "auto: serve, worker and index bring the schema up to date at their start; never: they refuse "
                       "an older one, and `embedq migrate up` is run by a role that may.",
               .choices = "auto|never"},
    OptionSpec{.name = "read_only",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Never write, and be content with a standby. Commands that only read do so in any case."},
    OptionSpec{.name = "pool",
               .type = OptionType::integer,
               .default_value = "8",
               .help = "Connections of one process at most.",
               .minimum = 2,
               .maximum = 100},
    OptionSpec{.name = "statement_timeout",
               .type = OptionType::duration,
               .default_value = "60s",
               .help = "How long one statement may take before it is given up as unavailable. Not set behind a pooler.",
               .minimum = 1'000,
               .maximum = 3'600'000},
    OptionSpec{
        .name = "call_timeout",
        .type = OptionType::duration,
        .default_value = "10s",
        .help =
            "How long the answer to a call on the queue, or to another short one, is waited for before the connection "
            "is closed and another one tried. Less than the lease.",
        .minimum = 1'000,
        .maximum = 3'600'000},
};

// Checks the options; the first verb connects.
[[nodiscard]] Result<std::unique_ptr<Store>> make_store(const Options& options, Context& context);

class PostgresStore final : public Store {
public:
    PostgresStore(ConnectionSettings settings, std::size_t pool, Context& context);

    [[nodiscard]] StoreCapabilities capabilities() const override;
    [[nodiscard]] Result<MigrationState> migration_state() override;
    [[nodiscard]] Result<MigrationState> migrate(std::stop_token stop = {}) override;
    void interrupt() noexcept override { pool_.interrupt(); }

    // catalogs.cpp
    [[nodiscard]] Result<bool> put_catalog(const CatalogWrite& catalog) override;
    [[nodiscard]] Result<std::vector<CatalogInfo>> catalogs() override;
    [[nodiscard]] Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) override;
    [[nodiscard]] Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override;
    [[nodiscard]] Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) override;
    [[nodiscard]] Result<Profile> profile(const Sha256& profile_id) override;

    // specs.cpp
    [[nodiscard]] Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override;
    [[nodiscard]] Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                                      std::size_t limit) override;
    [[nodiscard]] Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override;
    [[nodiscard]] Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override;
    [[nodiscard]] Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                     std::optional<SpecVersion> seen) override;
    [[nodiscard]] Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                              std::chrono::milliseconds default_interval) override;
    [[nodiscard]] Status checked(std::span<const SpecRef> specs) override;

    // reading.cpp
    [[nodiscard]] Result<std::uint64_t> revision(std::string_view catalog_id) override;
    [[nodiscard]] Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override;
    [[nodiscard]] Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                    const OperationVisitor& visit) override;
    [[nodiscard]] Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                                 const VectorVisitor& visit) override;

    // queue.cpp
    [[nodiscard]] Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override;
    [[nodiscard]] Result<std::size_t> cancel(std::span<const JobId> jobs) override;

    [[nodiscard]] Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override;
    [[nodiscard]] Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                                   std::chrono::milliseconds lease) override;
    [[nodiscard]] Result<std::vector<Result<MissingTexts>>> missing_texts(
        std::span<const MissingQuery> queries) override;
    [[nodiscard]] Result<NextDue> next_due(std::span<const Sha256> fingerprints) override;
    // commit.cpp
    [[nodiscard]] Result<std::vector<bool>> commit(const Commit& commit) override;

    // maintenance.cpp
    [[nodiscard]] Result<ReapResult> reap(std::uint32_t max_attempts) override;
    [[nodiscard]] Result<ReconcileResult> reconcile(std::string_view catalog_id) override;
    [[nodiscard]] Status put_endpoint_states(std::span<const EndpointState> endpoint_states) override;
    [[nodiscard]] Result<std::vector<EndpointState>> endpoint_states() override;
    [[nodiscard]] Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override;
    [[nodiscard]] Result<PruneResult> prune(const PruneRequest& request) override;

    // reading.cpp
    [[nodiscard]] Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                                           std::span<const std::string> spec_names) override;
    [[nodiscard]] Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override;
    [[nodiscard]] Result<Settlement> settlement(std::string_view catalog_id,
                                                std::span<const std::string> spec_names) override;
    [[nodiscard]] Result<Workload> workload(std::string_view catalog_id, const Sha256& profile_id) override;
    [[nodiscard]] Result<std::vector<Job>> jobs(const JobQuery& query) override;
    [[nodiscard]] Result<std::vector<WorkerInfo>> workers() override;
    [[nodiscard]] Result<std::uint64_t> change_stamp() override;
    [[nodiscard]] Result<std::vector<Finding>> diagnose() override;

private:
    // Where the next claim begins to look, and when it is time to look from the start again (queue.cpp).
    struct ClaimCursor {
        std::int64_t from = INT64_MIN;
        std::chrono::steady_clock::time_point whole_again_at{};
    };
    // A claim that may have succeeded, though its answer was lost.
    struct LostClaim {
        LeaseToken token{};
        std::vector<Sha256> fingerprints;
        std::chrono::steady_clock::time_point until;  // when its lease has expired at the latest
    };

    // The jobs of the lost claim that the request asks for; the others go back to pending.
    [[nodiscard]] Result<std::vector<ClaimedJob>> recover_claim(const LostClaim& lost, const ClaimRequest& request);
    [[nodiscard]] Result<std::vector<ClaimedJob>> claim_due(const ClaimRequest& request, const LeaseToken& token);

    // The dimension of a profile, which never changes; nothing for a profile that no catalog ever had. Throws Failure
    // if it cannot be read.
    [[nodiscard]] std::optional<std::size_t> known_dimension(const Sha256& profile_id);

    Context& context_;
    ConnectionPool pool_;

    sync::Mutex mutex_;
    std::map<std::vector<Sha256>, ClaimCursor> cursors_ EMBEDQ_GUARDED_BY(mutex_);  // by the claim's fingerprints
    std::vector<LostClaim> lost_claims_ EMBEDQ_GUARDED_BY(mutex_);
    std::map<Sha256, std::size_t> dimensions_ EMBEDQ_GUARDED_BY(mutex_);  // by profile
};

}  // namespace embedq::postgres
