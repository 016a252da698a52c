// The SQLite store: one file on one machine, any number of processes.
//
// Its clock is the host's wall clock, read once for each verb. Every member may be called from any thread: writes run
// one after another; reads see a snapshot and wait for nobody.
#pragma once

#include <array>
#include <optional>

#include "catalogs.h"
#include "connections.h"
#include "embedq/context.h"
#include "embedq/options.h"
#include "embedq/store.h"
#include "liveness.h"

namespace embedq::sqlite {

inline constexpr std::array store_options{
    OptionSpec{.name = "path",
               .type = OptionType::path,
               .help = "The database file; it and its folder are created when missing. Any number of processes on one "
                       "machine may share it."},
    OptionSpec{.name = "busy_timeout",
               .type = OptionType::duration,
               .default_value = "10s",
               .help = "How long a write waits while another process writes before it fails as unavailable.",
               .minimum = 0,
               .maximum = 600'000},
    OptionSpec{.name = "synchronous",
               .type = OptionType::text,
               .default_value = "full",
               .help = "full: a committed write survives a power cut; normal: it survives a killed process, and is "
                       "faster on slow disks.",
               .choices = "normal|full"},
    OptionSpec{.name = "read_only",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Never write: neither the file nor beside it. Commands that only read do so in any case."},
};

// Checks the options; the file is opened by the first verb.
[[nodiscard]] Result<std::unique_ptr<Store>> make_store(const Options& options, Context& context);

class SqliteStore final : public Store {
public:
    SqliteStore(const ConnectionSettings& settings, Context& context);

    [[nodiscard]] StoreCapabilities capabilities() const override;
    [[nodiscard]] Result<MigrationState> migration_state() override;
    [[nodiscard]] Result<MigrationState> migrate(std::stop_token stop = {}) override;
    void interrupt() noexcept override { connections_.interrupt(); }

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

    // ranking.cpp
    [[nodiscard]] Result<std::uint64_t> revision(std::string_view catalog_id) override;
    [[nodiscard]] Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override;
    [[nodiscard]] Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                    const OperationVisitor& visit) override;
    [[nodiscard]] Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                                 const VectorVisitor& visit) override;

    // producing.cpp
    [[nodiscard]] Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override;
    [[nodiscard]] Result<std::size_t> cancel(std::span<const JobId> jobs) override;

    // working.cpp
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
    // pruning.cpp
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
    [[nodiscard]] LeaseToken new_token();

    Context& context_;
    Connections connections_;
    Liveness liveness_;
    GapHints gap_hints_;  // used only inside connections_.write
};

}  // namespace embedq::sqlite
