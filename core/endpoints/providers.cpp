#include "endpoints/providers.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "catalog/document.h"
#include "catalog/profile.h"
#include "endpoints/provider_health.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::endpoints {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds quick_limit{5'000};  // for the facts of a provider, while a query waits
constexpr milliseconds first_pause{5'000};  // before one that did not tell them is asked by a query again; doubles
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds shortest_interval{1'000};  // between two questions for the sake of queries

auto fields(const ProviderLimits& l) {
    return std::tie(l.concurrency, l.max_inputs, l.max_request_bytes, l.max_request_tokens, l.max_text_bytes,
                    l.max_text_tokens);
}

bool same_facts(const ResolvedProvider& a, const ResolvedProvider& b) {
    return a.profile == b.profile && a.info.endpoints == b.info.endpoints &&
           fields(a.info.limits) == fields(b.info.limits) && a.info.call_timeout == b.info.call_timeout;
}

// Asks for a stop when another does, or when the time is over, which is real time: whoever waits is a person.
class Timer {
public:
    Timer(milliseconds limit, std::stop_token other) : on_other_(std::move(other), Stop{&source_}) {
        thread_ = std::jthread([this, limit](std::stop_token done) {
            if (sync::sleep_for(limit, done)) source_.request_stop();
        });
    }
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    struct Stop {
        std::stop_source* source;
        void operator()() const { source->request_stop(); }
    };
    std::stop_source source_;
    std::stop_callback<Stop> on_other_;
    std::jthread thread_;
};

}  // namespace

Result<EmbedResult> ResolvedProvider::embed(const EmbedRequest& request) const {
    if (!health) return provider->embed(request);
    EmbedRequest asked = request;
    auto permit = QueryBreaker::Permit::free;
    if (request.kind == TextKind::query) {
        permit = health->ask_query();
        if (permit == QueryBreaker::Permit::refused) {
            return fail(ErrorKind::unavailable, health->query_failure() + " (it is asked again in a moment)");
        }
        if (permit == QueryBreaker::Permit::probe)
            asked.deadline = std::min(asked.deadline, health->now() + QueryBreaker::longest_probe);
    }
    auto result = provider->embed(asked);
    // This kind has a meaning of its own here.
    if (!result && result.error().kind == ErrorKind::conflict) result.error().kind = ErrorKind::internal;
    if (result) {
        if (auto fault = check_model(*result, asked)) result = std::unexpected(std::move(*fault));
    }
    const std::optional<Error> error = result ? std::nullopt : std::optional(result.error());
    if (request.kind == TextKind::query) {
        if (request.stop.stop_requested() || (error && error->kind == ErrorKind::conflict))
            health->stop_query(permit);
        else
            health->finish_query(permit, error);
    }
    if (error && error->kind == ErrorKind::misconfigured) health->request_recheck();
    return result;
}

// The answer to a query is dropped where nobody knows whose it is, rather than compared with what may be another
// model's vectors: the provider may have taken the new one for its own already.
std::optional<Error> ResolvedProvider::check_model(const EmbedResult& result, const EmbedRequest& request) const {
    if (result.dimension != info.dimension) {
        return Error{ErrorKind::misconfigured,
                     "the provider returned vectors of dimension " + std::to_string(result.dimension) +
                         ", but its profile has " + std::to_string(info.dimension) +
                         "; it is asked for its model again: restore it, or let `embedq serve` adopt the new one"};
    }
    const auto deadline = request.kind == TextKind::query ? ProviderHealth::Steady::min() : request.deadline;
    switch (health->model_of(generation, deadline, request.stop)) {
        case ProviderHealth::Model::same: return std::nullopt;
        case ProviderHealth::Model::changed: break;
        case ProviderHealth::Model::unknown:
            return Error{ErrorKind::conflict,
                         "provider '" + name + "' is still being asked for its model; the answer is dropped"};
    }
    return Error{ErrorKind::misconfigured,
                 "the model behind provider '" + name + "' changed while it was asked; the answer is dropped"};
}

// Names of providers to be asked again, and the way to wait for one.
class ProviderDirectory::RecheckRequests {
public:
    void add(const std::string& name) {
        const sync::Lock lock(mutex_);
        names_.insert(name);
        added_.notify_all();
    }
    [[nodiscard]] std::set<std::string> take(Steady deadline, std::stop_token stop) {
        sync::Lock lock(mutex_);
        added_.wait_until(lock, std::move(stop), deadline, [&]() EMBEDQ_REQUIRES(mutex_) { return !names_.empty(); });
        return std::exchange(names_, {});
    }

private:
    sync::Mutex mutex_;
    std::condition_variable_any added_;
    std::set<std::string> names_ EMBEDQ_GUARDED_BY(mutex_);
};

struct ProviderDirectory::Entry {
    Entry(ProviderBinding bound, std::shared_ptr<ProviderHealth> stands)
        : binding(std::move(bound)), health(std::move(stands)) {}

    const ProviderBinding binding;
    const std::shared_ptr<ProviderHealth> health;
    // Held while it is asked, and then nothing else: a provider that hangs must not hold up the others.
    sync::Mutex asking;

    mutable sync::Mutex mutex;
    ResolvedPtr known EMBEDQ_GUARDED_BY(mutex);
    std::string failure EMBEDQ_GUARDED_BY(mutex);       // why it did not answer
    std::size_t failures EMBEDQ_GUARDED_BY(mutex) = 0;  // in a row, for queries
    Steady again_at EMBEDQ_GUARDED_BY(mutex){};         // for queries: not before

    [[nodiscard]] ResolvedPtr get() const {
        const sync::Lock lock(mutex);
        return known;
    }
    [[nodiscard]] Result<ProbeResult> ask(std::stop_token stop) EMBEDQ_REQUIRES(asking);
};

ProviderDirectory::ProviderDirectory(std::vector<ProviderBinding> bindings, const Clock* clock,
                                     MakeServing make_serving)
    : clock_(clock), make_serving_(std::move(make_serving)), recheck_requests_(std::make_shared<RecheckRequests>()) {
    for (ProviderBinding& binding : bindings) static_cast<void>(add(std::move(binding)));
}

ProviderDirectory::~ProviderDirectory() = default;

ProviderDirectory::Steady ProviderDirectory::now() const {
    return clock_ != nullptr ? clock_->now() : std::chrono::steady_clock::now();
}

ProviderDirectory::EntryPtr ProviderDirectory::add(ProviderBinding binding) {
    const auto clock = clock_;
    auto health = std::make_shared<ProviderHealth>(
        [clock] { return clock != nullptr ? clock->now() : std::chrono::steady_clock::now(); },
        [rechecks = recheck_requests_, name = binding.name] { rechecks->add(name); });
    auto entry = std::make_shared<Entry>(std::move(binding), std::move(health));
    const sync::Lock lock(mutex_);
    entries_.insert_or_assign(entry->binding.name, entry);
    return entry;
}

ProviderDirectory::EntryPtr ProviderDirectory::find(std::string_view name) const {
    const sync::Lock lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
}

// Those for documents first.
std::vector<ProviderDirectory::EntryPtr> ProviderDirectory::entries() const {
    std::vector<EntryPtr> all;
    const sync::Lock lock(mutex_);
    for (const bool queries_only : {false, true}) {
        for (const auto& [name, entry] : entries_) {
            if (entry->binding.queries_only == queries_only) all.push_back(entry);
        }
    }
    return all;
}

std::vector<std::string> ProviderDirectory::names() const {
    std::vector<std::string> names;
    for (const EntryPtr& entry : entries()) {
        if (!entry->binding.queries_only) names.push_back(entry->binding.name);
    }
    return names;
}

std::vector<std::string> ProviderDirectory::all_names() const {
    std::vector<std::string> names;
    for (const EntryPtr& entry : entries()) names.push_back(entry->binding.name);
    return names;
}

bool ProviderDirectory::queries_only(std::string_view name) const {
    const EntryPtr entry = find(name);
    return entry && entry->binding.queries_only;
}

ResolvedPtr ProviderDirectory::known(std::string_view name) const {
    const EntryPtr entry = find(name);
    return entry ? entry->get() : nullptr;
}

Result<ResolvedPtr> ProviderDirectory::resolve(std::string_view name, std::stop_token stop) {
    if (ResolvedPtr here = known(name)) return here;
    auto asked = probe_again(name, std::move(stop));
    if (!asked) return std::unexpected(asked.error());
    return std::move(asked->now);
}

Result<ProbeResult> ProviderDirectory::probe_again(std::string_view name, std::stop_token stop) {
    const EntryPtr entry = find(name);
    if (!entry) {
        return fail(ErrorKind::not_found,
                    "no provider named '" + std::string(name) + "' is configured; name it under `providers:`");
    }
    const sync::Lock one_at_a_time(entry->asking);
    return entry->ask(std::move(stop));
}

Result<ProbeResult> ProviderDirectory::Entry::ask(std::stop_token stop) {
    ProbeResult probe;
    probe.before = get();
    const std::uint64_t generation = probe.before ? probe.before->generation : 0;
    // From here on the provider may take another model for its own.
    health->begin_asking();
    auto info = binding.provider->info(std::move(stop));
    if (!info) {
        health->end_asking(generation);
        const sync::Lock lock(mutex);
        failure = to_string(info.error());
        again_at = health->now() + sync::fixed_backoff(first_pause, longest_pause).delay(++failures);
        return std::unexpected(info.error());
    }
    auto resolved = std::make_shared<ResolvedProvider>();
    resolved->name = binding.name;
    resolved->plugin = binding.plugin;
    resolved->provider = binding.provider;
    resolved->limits = binding.limits;
    resolved->info = std::move(*info);
    if (resolved->limits.concurrency > 0) {
        resolved->info.limits.concurrency =
            std::min(std::max<std::size_t>(1, resolved->info.limits.concurrency), resolved->limits.concurrency);
    }
    resolved->profile = catalog::make_profile(resolved->plugin, resolved->info, catalog::text_version);
    resolved->health = health;
    const bool other_model = probe.before && probe.before->profile.fingerprint != resolved->profile.fingerprint;
    resolved->generation = generation + (other_model ? 1 : 0);
    {
        const sync::Lock lock(mutex);
        failures = 0;
        again_at = health->now() + shortest_interval;
        if (!probe.before || !same_facts(*probe.before, *resolved)) known = std::move(resolved);
        probe.now = known;
    }
    health->end_asking(probe.now->generation);
    return probe;
}

Result<ResolvedPtr> ProviderDirectory::ask_quickly(Entry& entry, std::stop_token stop) {
    {
        const sync::Lock lock(entry.mutex);
        const bool early = now() < entry.again_at;
        if (entry.known && (early || !entry.health->recheck_requested())) return entry.known;
        if (early && entry.failures > 0) return fail(ErrorKind::unavailable, entry.failure);
    }
    if (!entry.asking.try_lock()) {
        if (ResolvedPtr here = entry.get()) return here;
        return fail(ErrorKind::unavailable, "it is being asked for its model");
    }
    const sync::Lock one_at_a_time(entry.asking, std::adopt_lock);
    if (ResolvedPtr here = entry.get(); here && !entry.health->recheck_requested()) return here;
    const Timer timer(quick_limit, std::move(stop));
    auto asked = entry.ask(timer.token());
    if (!asked) return std::unexpected(asked.error());
    return std::move(asked->now);
}

ProviderDirectory::EntryPtr ProviderDirectory::serving_entry(const Profile& profile) {
    if (!make_serving_) return nullptr;
    const sync::Lock lock(making_);
    const auto tried = tried_.find(profile.fingerprint);
    if (tried != tried_.end() && now() < tried->second) return nullptr;
    tried_[profile.fingerprint] = now() + longest_pause;
    auto binding = make_serving_(profile);
    return binding ? add(std::move(*binding)) : nullptr;
}

Result<ResolvedPtr> ProviderDirectory::for_profile(const Profile& profile, std::stop_token stop) {
    const std::vector<EntryPtr> all = entries();
    for (const EntryPtr& entry : all) {
        ResolvedPtr here = entry->get();
        // One that said `misconfigured` is asked again even where no scheduler does it.
        if (here && entry->health->recheck_requested()) here = ask_quickly(*entry, stop).value_or(here);
        if (here && here->profile.fingerprint == profile.fingerprint) return here;
    }
    std::string silent;
    const auto makes_it = [&](Entry& entry) -> ResolvedPtr {
        // The plugin is part of the fingerprint.
        if (entry.get() || entry.binding.plugin != profile.plugin) return nullptr;
        auto resolved = ask_quickly(entry, stop);
        if (resolved && (*resolved)->profile.fingerprint == profile.fingerprint) return std::move(*resolved);
        if (!resolved && silent.empty()) silent = "provider '" + entry.binding.name + "': " + to_string(resolved.error());
        return nullptr;
    };
    for (const EntryPtr& entry : all) {
        if (ResolvedPtr found = makes_it(*entry)) return found;
    }
    if (const EntryPtr made = serving_entry(profile)) {
        if (ResolvedPtr found = makes_it(*made)) return found;
    }
    if (!silent.empty()) return fail(ErrorKind::unavailable, silent);
    return fail(ErrorKind::not_found, "no configured provider makes such vectors");
}

std::set<std::string> ProviderDirectory::take_recheck_requests(Steady deadline, std::stop_token stop) {
    return recheck_requests_->take(deadline, std::move(stop));
}

}  // namespace embedq::endpoints
