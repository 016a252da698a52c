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
#include "sync/start_thread.h"

namespace embedq::endpoints {

namespace {

using std::chrono::milliseconds;

// Of probes that a query waits for:
constexpr milliseconds probe_limit{5'000};
constexpr milliseconds first_pause{5'000};  // after a failed one; doubles
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds shortest_interval{1'000};  // after a successful one

auto fields(const ProviderLimits& l) {
    return std::tie(l.concurrency, l.max_inputs, l.max_request_bytes, l.max_request_tokens, l.max_text_bytes,
                    l.max_text_tokens);
}

bool same_facts(const ProbedProvider& a, const ProbedProvider& b) {
    return a.profile == b.profile && a.info.endpoints == b.info.endpoints &&
           fields(a.info.limits) == fields(b.info.limits) && a.info.call_timeout == b.info.call_timeout;
}

// Requests a stop when `other` does, or when the time is over. In real time, since a person waits for it.
class Timer {
public:
    Timer(milliseconds limit, std::stop_token other) : on_other_(std::move(other), Stop{&source_}) {
        started_ = sync::start_thread(thread_, [this, limit](std::stop_token done) {
            if (sync::sleep_for(limit, done)) source_.request_stop();
        });
    }
    // Without a thread there is no limit.
    [[nodiscard]] const Status& started() const { return started_; }
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    struct Stop {
        std::stop_source* source;
        void operator()() const { source->request_stop(); }
    };
    std::stop_source source_;
    std::stop_callback<Stop> on_other_;
    Status started_;
    std::jthread thread_;
};

ProbeResult unchanged(const ProbedProviderPtr& known) {
    return {.before = known, .now = known};
}

// Whether the failure is the endpoint's: not that of the text, and no missing answer about the model.
bool another_may_answer(const Error& error) {
    switch (error.kind) {
        case ErrorKind::unavailable:
        case ErrorKind::throttled:
        case ErrorKind::misconfigured:
        case ErrorKind::internal: return true;
        default: return false;
    }
}

Result<ProbedProviderPtr> provider_of(Result<ProbeResult> result) {
    if (!result) return std::unexpected(std::move(result.error()));
    return std::move(result->now);
}

}  // namespace

Result<EmbedResult> ProbedProvider::embed(const EmbedRequest& request) const {
    if (request.kind == TextKind::query) return embed_query(request, std::span(&request.endpoint, 1));
    return ask(request);
}

Result<EmbedResult> ProbedProvider::ask(const EmbedRequest& request) const {
    auto result = provider->embed(request);
    if (!health) return result;
    // `conflict` has a meaning of its own here.
    if (!result && result.error().kind == ErrorKind::conflict) result.error().kind = ErrorKind::internal;
    if (result) {
        if (auto wrong = check_model(*result, request)) result = std::unexpected(std::move(*wrong));
    }
    if (!result && result.error().kind == ErrorKind::misconfigured) health->request_recheck();
    return result;
}

Result<EmbedResult> ProbedProvider::embed_query(const EmbedRequest& request, std::span<const std::size_t> endpoints,
                                                const EndpointFailed& failed) const {
    if (!health) return ask_in_turn(request, endpoints, failed);
    EmbedRequest limited = request;
    const auto decision = health->begin_query();
    if (decision == QueryBreaker::Decision::refused)
        return fail(ErrorKind::unavailable, health->query_failure() + " (it is tried again in a moment)");
    if (decision == QueryBreaker::Decision::trial)
        limited.deadline = std::min(limited.deadline, health->now() + QueryBreaker::longest_trial);
    auto result = ask_in_turn(limited, endpoints, failed);
    const std::optional<Error> error = result ? std::nullopt : std::optional(result.error());
    if (request.stop.stop_requested() || (error && error->kind == ErrorKind::conflict))
        health->stop_query(decision);
    else
        health->finish_query(decision, error);
    return result;
}

Result<EmbedResult> ProbedProvider::ask_in_turn(EmbedRequest request, std::span<const std::size_t> endpoints,
                                                const EndpointFailed& failed) const {
    Result<EmbedResult> result = fail(ErrorKind::internal, "the provider has no endpoint");
    const auto now = [this] { return health ? health->now() : std::chrono::steady_clock::now(); };
    const auto deadline = request.deadline;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto begins = now();
        if (i > 0 && begins >= deadline) break;
        request.endpoint = endpoints[i];
        request.deadline = begins + (deadline - begins) / static_cast<std::int64_t>(endpoints.size() - i);
        result = ask(request);
        if (result || request.stop.stop_requested()) break;
        if (failed) failed(request.endpoint, result.error());
        if (!another_may_answer(result.error())) break;
    }
    return result;
}

// The answer to a query is dropped if its model is not known: comparing it with the vectors of another model would rank
// wrongly, and the provider may be using its new model already.
std::optional<Error> ProbedProvider::check_model(const EmbedResult& result, const EmbedRequest& request) const {
    if (result.dimension != info.dimension) {
        return Error{ErrorKind::misconfigured,
                     "the provider returned vectors of dimension " + std::to_string(result.dimension) +
                         ", but its profile has " + std::to_string(info.dimension) +
                         ", so it is asked for its model again",
                     "restore the model, or embed the catalogs by the new one: `embedq config apply`"};
    }
    const auto deadline = request.kind == TextKind::query ? ProviderHealth::Steady::min() : request.deadline;
    switch (health->model_of(generation, deadline, request.stop)) {
        case ProviderHealth::Model::same: return std::nullopt;
        case ProviderHealth::Model::changed: break;
        case ProviderHealth::Model::unknown:
            return Error{ErrorKind::conflict,
                         "the answer was dropped because provider '" + name + "' is still being asked for its model"};
    }
    return Error{ErrorKind::misconfigured,
                 "the answer was dropped because the model behind provider '" + name + "' changed during the call"};
}

// The names of the providers to probe again, and a way to wait for one.
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
    Entry(ProviderBinding bound, std::shared_ptr<ProviderHealth> its_health)
        : binding(std::move(bound)), health(std::move(its_health)) {}

    const ProviderBinding binding;
    const std::shared_ptr<ProviderHealth> health;
    // Held during a probe, while no other mutex is: a provider that hangs must not delay the others.
    sync::Mutex probing;

    mutable sync::Mutex mutex;
    ProbedProviderPtr known EMBEDQ_GUARDED_BY(mutex);
    Error failure EMBEDQ_GUARDED_BY(mutex);             // why it did not answer
    std::size_t failures EMBEDQ_GUARDED_BY(mutex) = 0;  // in a row
    Steady again_at EMBEDQ_GUARDED_BY(mutex){};         // no probe for a query before

    [[nodiscard]] ProbedProviderPtr get() const {
        const sync::Lock lock(mutex);
        return known;
    }
    [[nodiscard]] Result<ProbeResult> probe(std::stop_token stop) EMBEDQ_REQUIRES(probing);
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

// The providers for documents come first.
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

ProbedProviderPtr ProviderDirectory::known(std::string_view name) const {
    const EntryPtr entry = find(name);
    return entry ? entry->get() : nullptr;
}

std::optional<Error> ProviderDirectory::failure(std::string_view name) const {
    const EntryPtr entry = find(name);
    if (!entry) return std::nullopt;
    const sync::Lock lock(entry->mutex);
    return entry->failures > 0 ? std::optional(entry->failure) : std::nullopt;
}

Result<ProbeResult> ProviderDirectory::probe(std::string_view name, ProbeWhen when, std::stop_token stop) {
    const EntryPtr entry = find(name);
    if (entry) return probe(*entry, when, std::move(stop));
    return fail(ErrorKind::not_found, "no provider named '" + std::string(name) + "' is configured",
                "name it under `providers:`");
}

Result<ProbeResult> ProviderDirectory::probe(std::string_view name, std::stop_token stop) {
    return probe(name, ProbeWhen::always, std::move(stop));
}

Result<ProbedProviderPtr> ProviderDirectory::known_or_probe(std::string_view name, std::stop_token stop) {
    return provider_of(probe(name, ProbeWhen::unless_known, std::move(stop)));
}

Result<ProbeResult> ProviderDirectory::Entry::probe(std::stop_token stop) {
    ProbeResult result;
    result.before = get();
    const std::uint64_t generation = result.before ? result.before->generation : 0;
    // From here on the provider may use another model.
    health->begin_probe();
    auto info = binding.provider->info(std::move(stop));
    if (!info) {
        health->end_probe(generation);
        const sync::Lock lock(mutex);
        failure = info.error();
        again_at = health->now() + sync::fixed_backoff(first_pause, longest_pause).delay(++failures);
        return std::unexpected(info.error());
    }
    auto probed = std::make_shared<ProbedProvider>();
    probed->name = binding.name;
    probed->plugin = binding.plugin;
    probed->provider = binding.provider;
    probed->limits = binding.limits;
    probed->info = std::move(*info);
    if (probed->limits.concurrency > 0) {
        probed->info.limits.concurrency =
            std::min(std::max<std::size_t>(1, probed->info.limits.concurrency), probed->limits.concurrency);
    }
    probed->profile = catalog::make_profile(probed->plugin, probed->info, catalog::text_form);
    probed->health = health;
    const bool other_model = result.before && result.before->profile.fingerprint != probed->profile.fingerprint;
    probed->generation = generation + (other_model ? 1 : 0);
    {
        const sync::Lock lock(mutex);
        failures = 0;
        again_at = health->now() + shortest_interval;
        if (!result.before || !same_facts(*result.before, *probed)) known = std::move(probed);
        result.now = known;
    }
    health->end_probe(result.now->generation);
    return result;
}

Result<ProbeResult> ProviderDirectory::probe(Entry& entry, ProbeWhen when, std::stop_token stop) {
    if (when == ProbeWhen::unless_known) {
        if (ProbedProviderPtr known = entry.get()) return unchanged(known);
    }
    const sync::Lock one_at_a_time(entry.probing);
    return entry.probe(std::move(stop));
}

Result<ProbeResult> ProviderDirectory::probe_for_query(Entry& entry, milliseconds limit, std::stop_token stop) {
    {
        const sync::Lock lock(entry.mutex);
        const bool early = entry.health->now() < entry.again_at;
        if (entry.known && (early || !entry.health->recheck_requested())) return unchanged(entry.known);
        if (early && entry.failures > 0) return fail(ErrorKind::unavailable, entry.failure.message, entry.failure.hint);
    }
    if (!entry.probing.try_lock()) {
        if (ProbedProviderPtr known = entry.get()) return unchanged(known);
        return fail(ErrorKind::unavailable, "it is being asked for its model");
    }
    const sync::Lock one_at_a_time(entry.probing, std::adopt_lock);
    if (ProbedProviderPtr known = entry.get(); known && !entry.health->recheck_requested()) return unchanged(known);
    const Timer timer(limit, std::move(stop));
    if (!timer.started()) return std::unexpected(timer.started().error());
    return entry.probe(timer.token());
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

Result<ProbedProviderPtr> ProviderDirectory::for_profile(const Profile& profile, std::stop_token stop,
                                                         Steady deadline) {
    const std::vector<EntryPtr> all = entries();
    const auto probe_in_time = [&](Entry& entry) {
        const auto left = std::clamp<Steady::duration>(deadline - now(), Steady::duration::zero(), probe_limit);
        return provider_of(probe_for_query(entry, std::chrono::ceil<milliseconds>(left), stop));
    };
    for (const EntryPtr& entry : all) {
        ProbedProviderPtr known = entry->get();
        // After `misconfigured` it is probed again, even if this process has no scheduler that does it.
        if (known && entry->health->recheck_requested()) known = probe_in_time(*entry).value_or(known);
        if (known && known->profile.fingerprint == profile.fingerprint) return known;
    }
    std::optional<Error> first_failure;
    const auto makes_it = [&](Entry& entry) -> ProbedProviderPtr {
        // The plugin is part of the fingerprint.
        if (entry.get() || entry.binding.plugin != profile.plugin) return nullptr;
        auto probed = probe_in_time(entry);
        if (probed && (*probed)->profile.fingerprint == profile.fingerprint) return std::move(*probed);
        if (!probed && !first_failure) {
            first_failure = std::move(probed.error());
            first_failure->message = "provider '" + entry.binding.name + "': " + first_failure->message;
        }
        return nullptr;
    };
    for (const EntryPtr& entry : all) {
        if (ProbedProviderPtr found = makes_it(*entry)) return found;
    }
    if (const EntryPtr made = serving_entry(profile)) {
        if (ProbedProviderPtr found = makes_it(*made)) return found;
    }
    if (first_failure) return fail(ErrorKind::unavailable, first_failure->message, first_failure->hint);
    return fail(ErrorKind::not_found, "no configured provider makes such vectors");
}

std::set<std::string> ProviderDirectory::take_recheck_requests(Steady deadline, std::stop_token stop) {
    return recheck_requests_->take(deadline, std::move(stop));
}

}  // namespace embedq::endpoints
