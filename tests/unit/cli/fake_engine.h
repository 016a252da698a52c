// An engine with scripted answers, and a runtime and an installation around it.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "catalog/document.h"
#include "cli/command_context.h"
#include "embedq/claim.h"
#include "embedq/endpoint.h"
#include "embedq/engine.h"
#include "embedq/store_types.h"

namespace embedq::cli::testing {

class FakeEngine : public Engine {
public:
    // --- set by tests
    std::vector<CatalogInfo> catalog_list;
    std::vector<CatalogHealth> health_list;
    std::map<std::string, std::vector<SpecStatus>> status_lists;
    std::vector<Job> job_list;  // newest first
    SearchResponse search_response;
    std::function<void()> when_settlement_is_asked;
    std::function<void()> when_health_is_read;
    std::deque<Settlement> settlements;  // one an answer; the last stays
    std::deque<Error> put_errors;        // the next answers of put_specs
    std::deque<Error> outage;            // the answers after so many calls of what `index` needs
    std::size_t calls_before_outage = 0;
    std::set<std::string> refuses;  // the store refuses every call of put_specs with one of these specs
    // The stop comes before put_specs reads the document of this spec.
    std::pair<std::string, std::stop_source> stops_before{{}, std::stop_source(std::nostopstate)};

    std::map<std::string, SpecInfo, std::less<>> spec_list;  // put_specs adds to it
    std::map<std::string, std::vector<Note>> notes_of;       // what put_specs leaves out, an operation each
    std::size_t spec_page = 1'000;                           // at most as many an answer
    std::optional<Error> specs_error;
    std::optional<Profile> known_profile;    // of every id
    std::map<Sha256, Profile> profile_list;  // before known_profile
    EmbeddingEstimate reembedding;
    EmbeddingEstimate configured;
    std::optional<Error> estimate_error;
    std::vector<WorkerInfo> worker_list;

    CatalogVersion catalog_version;  // a deletion of another one is a conflict

    // --- recorded calls
    std::vector<SpecInput> put;
    std::vector<std::size_t> batch_sizes;
    std::vector<JobId> retried;
    std::vector<JobId> cancelled;
    std::size_t reconciled = 0;
    std::size_t reembedded = 0;
    std::size_t destroyed = 0;  // deletions and prunings
    SearchRequest last_search;

    Result<bool> put_catalog(const CatalogWrite&) override { return true; }
    Result<std::vector<CatalogInfo>> catalogs() override { return catalog_list; }
    Result<CatalogInfo> catalog(std::string_view id) override {
        if (auto error = away()) return std::unexpected(*error);
        for (const CatalogInfo& catalog : catalog_list) {
            if (catalog.catalog_id == id) return catalog;
        }
        return fail(ErrorKind::not_found, "there is no catalog '" + std::string(id) + "'");
    }
    Status delete_catalog(std::string_view, std::optional<CatalogVersion> seen) override {
        if (seen && *seen != catalog_version) return fail(ErrorKind::conflict, "was written since it was looked at");
        ++destroyed;
        return {};
    }
    Status clone_catalog(std::string_view, const CatalogWrite&) override { return {}; }
    Result<std::size_t> reembed_catalog(std::string_view) override {
        ++reembedded;
        return 3;
    }
    Result<EmbeddingEstimate> estimate(std::string_view, EstimateFor what) override {
        if (estimate_error) return std::unexpected(*estimate_error);
        return what == EstimateFor::reembedding ? reembedding : configured;
    }
    Result<Profile> profile(const Sha256& id) override {
        if (const auto found = profile_list.find(id); found != profile_list.end()) return found->second;
        if (!known_profile) return fail(ErrorKind::not_found, "no profile");
        return *known_profile;
    }
    // A document that holds "openapi" is one, with as many operations as it has '+'.
    Result<std::vector<Result<PutResult>>> put_specs(std::span<const SpecInput> specs) override {
        if (auto error = away()) return std::unexpected(*error);
        if (!put_errors.empty()) {
            const Error error = put_errors.front();
            put_errors.pop_front();
            return std::unexpected(error);
        }
        for (const SpecInput& spec : specs) {
            if (refuses.contains(spec.spec_name))
                return fail(ErrorKind::internal, "cannot store '" + spec.spec_name + "'");
        }
        batch_sizes.push_back(specs.size());
        std::vector<Result<PutResult>> results;
        for (const SpecInput& spec : specs) {
            if (spec.spec_name == stops_before.first) stops_before.second.request_stop();
            if (stops_before.second.stop_requested()) {
                results.emplace_back(fail(ErrorKind::unavailable, "was stopped"));
                continue;
            }
            put.push_back(spec);
            if (spec.content.find("openapi") == std::string::npos) {
                results.emplace_back(fail(ErrorKind::invalid_argument, "has no 'openapi'"));
                continue;
            }
            SpecInfo& info = spec_list[spec.spec_name];
            info.spec_name = spec.spec_name;
            info.source_kind = spec.source_kind;
            info.source = spec.source;
            info.record.root = spec.root;
            info.record.path = spec.path;
            PutResult result;
            result.operation_count = static_cast<std::size_t>(std::ranges::count(spec.content, '+'));
            result.outcome = info.etag == spec.etag && info.operation_count == result.operation_count
                                 ? PutOutcome::unchanged
                                 : PutOutcome::changed;
            info.etag = spec.etag;
            info.operation_count = result.operation_count;
            info.text_version = catalog::text_version;
            result.notes = spec.notes;
            if (const auto notes = notes_of.find(spec.spec_name); notes != notes_of.end()) {
                result.notes = notes->second;
                result.operations_left_out = notes->second.size();
            }
            results.emplace_back(result);
        }
        return results;
    }
    Result<std::vector<SpecInfo>> specs(std::string_view, std::string_view after, std::size_t limit) override {
        if (specs_error) return std::unexpected(*specs_error);
        if (auto error = away()) return std::unexpected(*error);
        std::vector<SpecInfo> page;
        for (const auto& [name, info] : spec_list) {
            if (name > after && page.size() < std::min(limit, spec_page)) page.push_back(info);
        }
        return page;
    }
    Result<SpecInfo> spec(std::string_view catalog, std::string_view name) override {
        if (const auto known = spec_list.find(name); known != spec_list.end()) return known->second;
        for (const SpecStatus& status : status_lists[std::string(catalog)]) {
            if (status.spec_name == name) return SpecInfo{};
        }
        return fail(ErrorKind::not_found, "there is no spec '" + std::string(name) + "'");
    }
    Result<std::string> spec_content(std::string_view, std::string_view) override { return std::string("document"); }
    Result<std::vector<Operation>> spec_operations(std::string_view, std::string_view) override {
        return std::vector<Operation>{};
    }
    Status delete_spec(std::string_view, std::string_view name, std::optional<SpecVersion> seen) override {
        if (auto error = away()) return std::unexpected(*error);
        const auto known = spec_list.find(name);
        if (seen && known != spec_list.end() && known->second.version() != *seen)
            return fail(ErrorKind::conflict, "was written since it was looked at");
        ++destroyed;
        spec_list.erase(std::string(name));
        return {};
    }
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t, std::chrono::milliseconds,
                                                std::chrono::milliseconds) override {
        return std::vector<SpecInfo>{};
    }
    Status checked(std::span<const SpecRef>) override { return {}; }
    Result<EnqueueOutcome> reembed_spec(std::string_view, std::string_view) override { return EnqueueOutcome::created; }
    Result<SearchResponse> search(const SearchRequest& request) override {
        last_search = request;
        return search_response;
    }
    Result<std::vector<CatalogHealth>> health(std::string_view id) override {
        if (auto error = away()) return std::unexpected(*error);
        if (when_health_is_read) when_health_is_read();
        if (id.empty()) return health_list;
        for (const CatalogHealth& health : health_list) {
            if (health.catalog_id == id) return std::vector{health};
        }
        return fail(ErrorKind::not_found, "there is no catalog '" + std::string(id) + "'");
    }
    Result<std::vector<SpecStatus>> statuses(std::string_view id, std::span<const std::string>) override {
        if (auto error = away()) return std::unexpected(*error);
        return status_lists[std::string(id)];
    }
    Result<Settlement> settlement(std::string_view, std::span<const std::string>) override {
        if (auto error = away()) return std::unexpected(*error);
        if (when_settlement_is_asked) when_settlement_is_asked();
        if (settlements.empty()) return Settlement{};
        const Settlement next = settlements.front();
        if (settlements.size() > 1) settlements.pop_front();
        return next;
    }
    Result<std::vector<Job>> jobs(const JobQuery& query) override {
        std::vector<Job> found;
        for (const Job& job : job_list) {
            if (query.catalog_id && job.catalog_id != *query.catalog_id) continue;
            if (query.spec_name && job.spec_name != *query.spec_name) continue;
            if (query.id && job.id != *query.id) continue;
            if (query.before && job.id >= *query.before) continue;
            if (query.status && job.status != *query.status) continue;
            if (found.size() < query.limit) found.push_back(job);
        }
        return found;
    }
    Result<EnqueueOutcome> retry_job(JobId job) override {
        retried.push_back(job);
        return EnqueueOutcome::created;
    }
    Result<std::size_t> cancel_jobs(std::span<const JobId> jobs) override {
        cancelled.assign(jobs.begin(), jobs.end());
        return jobs.size();
    }
    Result<PruneResult> prune(const PruneRequest&) override {
        ++destroyed;
        return PruneResult{4, 5, 6, false};
    }
    Result<std::vector<WorkerInfo>> workers() override { return worker_list; }
    Result<ReconcileResult> reconcile(std::string_view) override {
        if (auto error = away()) return std::unexpected(*error);
        ++reconciled;
        return ReconcileResult{};
    }

private:
    std::optional<Error> away() {
        if (outage.empty()) return std::nullopt;
        if (calls_before_outage > 0) {
            --calls_before_outage;
            return std::nullopt;
        }
        Error error = std::move(outage.front());
        outage.pop_front();
        return error;
    }
};

// Pages that a test sets, in place of the web.
class FakeFetcher : public fetch::Fetcher {
public:
    struct Page {
        std::string content;
        std::string validator;
        std::optional<Error> error = std::nullopt;
        std::function<void()> during = {};  // called while it is fetched
    };
    explicit FakeFetcher(std::map<std::string, Page>& pages, std::vector<std::string>& asked)
        : pages_(pages), asked_(asked) {}

    Result<fetch::Url> read_url(std::string_view text) const override {
        if (!text.starts_with("https://")) return fail(ErrorKind::invalid_argument, "has the wrong scheme");
        return fetch::Url{std::string(text), std::string(text.substr(8))};
    }
    Result<fetch::Fetched> fetch(const std::string& url, const std::string& validator, std::stop_token) override {
        asked_.push_back(url + " " + validator);
        const auto page = pages_.find(url);
        if (page == pages_.end()) return fail(ErrorKind::not_found, "is not there");
        if (const auto during = page->second.during) during();
        if (page->second.error) return std::unexpected(*page->second.error);
        if (!validator.empty() && validator == page->second.validator)
            return fetch::Fetched{.unchanged = true, .content = {}, .validator = {}};
        return fetch::Fetched{.unchanged = false, .content = page->second.content, .validator = page->second.validator};
    }
    Result<fetch::Fetched> fetch_part(const std::string& url, const std::string&, std::size_t max_bytes,
                                      std::stop_token stop) override {
        auto fetched = fetch(url, {}, std::move(stop));
        if (fetched && fetched->content.size() > max_bytes) return fail(ErrorKind::too_large, "is too long");
        return fetched;
    }

private:
    std::map<std::string, Page>& pages_;
    std::vector<std::string>& asked_;
};

// The state that a test shares with the runtime that a command opens.
struct World {
    FakeEngine engine;
    StoreCapabilities capabilities{.persistent = true, .multi_process = true, .own_clock = false};
    scheduler::Counters counters;
    std::vector<EndpointState> endpoint_states;  // of the store
    std::vector<EndpointState> pauses;           // of this process
    engine::CatalogProvider provider;
    std::string slow_calls;
    std::function<void()> on_provider_asked;
    std::size_t configurations_applied = 0;
    Status applied;
    std::deque<Error> apply_errors;      // the next answers of apply_targets
    std::deque<Error> migration_errors;  // the next answers of migration_state
    std::map<std::string, FakeFetcher::Page> pages;
    std::vector<std::string> asked;  // "URL VALIDATOR"
    std::optional<Error> fetcher_error;
    bool started = false;
    bool follows_providers = false;
    std::atomic<bool> stopped = false;
    std::optional<Failure> open_failure;
    std::deque<Error> store_errors;  // the next answers of the store while it is opened
    std::size_t store_asked = 0;
    std::vector<StoreUse> uses;  // what the commands said they do with it
    PluginsFound plugins;
    std::optional<Failure> plugin_refusal;
    CheckedConfiguration checked;
    MigrationState migration{3, 3, {}};
    std::optional<Failure> examine_failure;
    std::vector<std::string> warnings;
    std::optional<Error> store_error;
    Result<std::vector<Finding>> store_findings;
    Result<MigrationState> examined_migration = MigrationState{3, 3, {}};
    Result<std::string> notifier_degraded = std::string();
    std::vector<ProviderAnswer> answers;
    std::string default_provider = "lexical";
    Time wall{std::chrono::hours(1'000)};
    std::chrono::steady_clock::time_point time;
    std::stop_source stop;
    int waits_until_stop = 1'000;  // a command that waits forever fails its test
};

[[nodiscard]] inline Error next(std::deque<Error>& errors) {
    Error error = std::move(errors.front());
    errors.pop_front();
    return error;
}

class FakeRuntime : public Runtime {
public:
    explicit FakeRuntime(World& world) : world_(world) {}
    Engine& engine() override { return world_.engine; }
    StoreCapabilities store_capabilities() const override { return world_.capabilities; }
    std::string store_name() const override { return "fake"; }
    std::chrono::milliseconds lease() const override { return std::chrono::seconds(20); }
    Time now() const override { return world_.wall; }
    Result<std::vector<EndpointState>> endpoint_states() override { return world_.endpoint_states; }
    Result<MigrationState> migration_state() override {
        if (world_.migration_errors.empty()) return world_.migration;
        return std::unexpected(next(world_.migration_errors));
    }
    Result<MigrationState> migrate() override { return world_.migration; }
    Status apply_targets(std::stop_token, std::optional<std::chrono::milliseconds>) override {
        if (world_.apply_errors.empty()) return world_.applied;
        return std::unexpected(next(world_.apply_errors));
    }
    Status apply_configuration(std::stop_token) override {
        ++world_.configurations_applied;
        return world_.applied;
    }
    Result<engine::CatalogProvider> provider_of(std::string_view) override {
        if (world_.on_provider_asked) world_.on_provider_asked();
        return world_.provider;
    }
    std::vector<EndpointState> pauses() const override { return world_.pauses; }
    Status start_work(TargetPolicy targets) override {
        world_.started = true;
        world_.follows_providers = targets == TargetPolicy::as_configured;
        return {};
    }
    void stop_work() noexcept override { world_.stopped = true; }
    void interrupt() noexcept override {}
    std::string running_calls() const override { return {}; }
    std::string slow_calls() const override { return world_.slow_calls; }
    scheduler::Counters counters() const override { return world_.counters; }
    Result<std::unique_ptr<fetch::Fetcher>> make_fetcher() const override {
        if (world_.fetcher_error) return std::unexpected(*world_.fetcher_error);
        return std::make_unique<FakeFetcher>(world_.pages, world_.asked);
    }
    Status start_refreshing() override {
        if (world_.fetcher_error) return std::unexpected(*world_.fetcher_error);
        return {};
    }
    Status start_services() override { return {}; }
    std::size_t service_count() const override { return 0; }

private:
    World& world_;
};

class FakeExamination : public Examination {
public:
    explicit FakeExamination(World& world) : world_(world) {}
    std::string source() const override { return "embedq.yaml"; }
    std::vector<std::string> warnings() const override { return world_.warnings; }
    std::string store_name() const override { return "fake"; }
    Result<StoreCapabilities> store_capabilities() override {
        if (world_.store_error) return std::unexpected(*world_.store_error);
        return world_.capabilities;
    }
    Result<std::vector<Finding>> store_findings() override { return world_.store_findings; }
    Result<MigrationState> migration_state() override { return world_.examined_migration; }
    Result<std::vector<EndpointState>> endpoint_states() override { return world_.endpoint_states; }
    Engine& engine() override { return world_.engine; }
    std::string notifier_name() const override { return "bell"; }
    Result<std::string> notifier_degraded(std::chrono::milliseconds) override { return world_.notifier_degraded; }
    std::vector<ProviderAnswer> ask_providers(std::chrono::milliseconds) override { return world_.answers; }
    std::string default_provider() const override { return world_.default_provider; }
    std::chrono::milliseconds lease() const override { return std::chrono::seconds(20); }
    Time now() const override { return world_.wall; }

private:
    World& world_;
};

class FakeInstallation : public Installation {
public:
    explicit FakeInstallation(World& world) : world_(world) {}
    FailureOr<std::unique_ptr<Runtime>> open(const OpenRequest& request) override {
        world_.uses.push_back(request.use);
        if (world_.open_failure) return std::unexpected(*world_.open_failure);
        for (++world_.store_asked; !world_.store_errors.empty(); ++world_.store_asked) {
            const Error error = next(world_.store_errors);
            if (!request.try_again || !request.try_again(error))
                return std::unexpected(Failure{exit_failed, {to_string(error)}});
        }
        return std::make_unique<FakeRuntime>(world_);
    }
    FailureOr<std::unique_ptr<Examination>> examine() override {
        if (world_.examine_failure) return std::unexpected(*world_.examine_failure);
        return std::make_unique<FakeExamination>(world_);
    }
    FailureOr<PluginsFound> plugins() override { return world_.plugins; }
    FailureOr<PluginDescription> plugin_file(const std::string&) override {
        if (world_.plugin_refusal) return std::unexpected(*world_.plugin_refusal);
        return PluginDescription{};
    }
    FailureOr<CheckedConfiguration> check_configuration() override { return world_.checked; }
    FailureOr<std::string> configuration_schema() override { return std::string("{}\n"); }
    FailureOr<std::string> configuration_reference() override { return std::string("# Configuration\n"); }

private:
    World& world_;
};

// Time passes only while a command waits.
class FakeInterruption : public Interruption {
public:
    explicit FakeInterruption(World& world)
        : world_(world), on_stop_(world.stop.get_token(), [this] { stop_.request_stop(); }) {}
    std::stop_token token() const override { return stop_.get_token(); }
    bool wait_for(std::chrono::milliseconds duration) override {
        std::chrono::steady_clock::duration passes = duration;
        if (stop_at_ && *stop_at_ > world_.time) passes = std::min(passes, *stop_at_ - world_.time);
        world_.time += passes;
        if (--world_.waits_until_stop <= 0) world_.stop.request_stop();
        if (timed_out()) stop_.request_stop();
        return !stop_.stop_requested();
    }
    void wait() override {}
    void stop_at(std::chrono::steady_clock::time_point time) override { stop_at_ = time; }
    bool timed_out() const override { return stop_at_ && world_.time >= *stop_at_; }
    void on_overdue(OverdueStop) override {}
    std::chrono::steady_clock::time_point now() const override { return world_.time; }

private:
    World& world_;
    std::optional<std::chrono::steady_clock::time_point> stop_at_;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> on_stop_;
};

// One command with its console.
struct Stage {
    explicit Stage(bool json = false, Terminal terminal = {}) : console(out, err, terminal) { context.json = json; }

    World world;
    std::ostringstream out;
    std::ostringstream err;
    Console console;
    FakeInstallation installation{world};
    CommandContext context{console, installation, [this] { return std::make_unique<FakeInterruption>(world); }, false};
};

}  // namespace embedq::cli::testing
