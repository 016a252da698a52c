#include "scheduler/prober.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "catalog/profile.h"
#include "sync/backoff.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::scheduler {

namespace {

// From the end of a probe to the next one that is requested: many errors in a short time cause one probe.
constexpr std::chrono::milliseconds min_between_rechecks{1'000};

// "provider 'hosted' answers: model 'm' (1024 dimensions), 2 endpoints, 8 calls at a time, at most 64 texts a call"
std::string first_answer(const endpoints::ProbedProvider& provider) {
    const ProviderInfo& info = provider.info;
    std::string text = "provider '" + provider.name + "' answers: " + catalog::in_words(provider.profile);
    if (info.endpoints.size() > 1) text += ", " + std::to_string(info.endpoints.size()) + " endpoints";
    if (info.limits.concurrency > 1) text += ", " + std::to_string(info.limits.concurrency) + " calls at a time";
    if (info.limits.max_inputs > 0) text += ", at most " + std::to_string(info.limits.max_inputs) + " texts a call";
    return text;
}

}  // namespace

Prober::ProbeState::ProbeState(SchedulerState& state, const std::string& name)
    // Search reports why the provider of an earlier profile does not answer.
    : faults(state.context(), state.providers().queries_only(name) ? LogLevel::debug : LogLevel::warn),
      retry(faults, state.context(), "ask provider '" + name + "' for its model",
            sync::fixed_backoff(state.settings.heartbeat, state.settings.probe)) {}

Prober::Prober(SchedulerState& state, CallRunner& calls, endpoints::ModelListener listener)
    : state_(state),
      calls_(calls),
      listener_(std::move(listener)),
      listening_(state.retry("set the catalogs' targets",
                             sync::fixed_backoff(state.settings.heartbeat, state.settings.probe))),
      checking_(state.retry("read the catalogs' targets")),
      thread_faults_(state.context()),
      starting_(thread_faults_, state.context(), "start the threads that call providers",
                sync::fixed_backoff(min_between_rechecks, state.settings.heartbeat)) {}

void Prober::run(std::stop_token stop) {
    std::set<std::string> recheck_requested;
    while (!stop.stop_requested()) {
        start_missing_threads(stop);
        start_due_probes(recheck_requested, stop);
        follow_up(stop);
        const auto due = next_due();
        sync::Lock lock(mutex_);
        wake_up_.wait_until(lock, stop, due, [&]() EMBEDQ_REQUIRES(mutex_) { return awake_; });
        awake_ = false;
        recheck_requested = std::exchange(recheck_requested_, {});
    }
    if (rechecks_.joinable()) rechecks_.join();
    wait_for_probes();
}

void Prober::start_missing_threads(const std::stop_token& stop) {
    if (state_.now() < starting_.again_at()) return;
    Status started;
    if (!rechecks_.joinable()) started = sync::start_thread(rechecks_, [this, stop] { wait_for_rechecks(stop); });
    starting_.succeeded(started ? calls_.start_missing_threads() : started);
}

void Prober::wait_for_rechecks(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto recheck_requested = state_.providers().take_recheck_requests(state_.now() + state_.settings.probe, stop);
        if (recheck_requested.empty()) continue;
        const sync::Lock lock(mutex_);
        recheck_requested_.merge(recheck_requested);
        awake_ = true;
        wake_up_.notify_all();
    }
}

endpoints::Endpoint::Steady Prober::next_due() {
    const sync::Lock lock(mutex_);
    auto next = next_check_;
    for (const auto& [name, probe] : probes_) {
        if (!probe.running) next = std::min(next, probe.due);
    }
    if (starting_.failing()) next = std::min(next, starting_.again_at());
    return listener_due_ ? std::min(next, listening_.again_at()) : next;
}

void Prober::start_due_probes(const std::set<std::string>& recheck_requested, const std::stop_token& stop) {
    for (const std::string& name : state_.providers().all_names()) {
        if (stop.stop_requested()) return;
        ProbeState* const probe = due_probe(name, recheck_requested.contains(name));
        if (probe == nullptr) continue;
        // The previous thread has at most its lock left to release.
        const Status started = sync::start_thread(probe->thread, [this, name, stop] { run_probe(name, stop); });
        if (started) continue;
        probe->retry.failed(started.error());
        const sync::Lock lock(mutex_);
        probe->running = false;
        probe->due = std::max(state_.now(), probe->retry.again_at());
    }
}

Prober::ProbeState* Prober::due_probe(const std::string& name, bool recheck_requested) {
    const sync::Lock lock(mutex_);
    ProbeState& probe = probes_.try_emplace(name, state_, name).first->second;
    probe.recheck_requested = probe.recheck_requested || recheck_requested;
    if (probe.running) return nullptr;
    // A provider that answered is due a whole interval after its last probe; a recheck is sooner.
    if (std::exchange(probe.recheck_requested, false))
        probe.due = std::min(probe.due, probe.last_end + min_between_rechecks);
    if (state_.now() < probe.due) return nullptr;
    probe.running = true;
    return &probe;
}

void Prober::wait_for_probes() {
    sync::Lock lock(mutex_);
    wake_up_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) {
        return std::ranges::none_of(probes_, [](const auto& entry) { return entry.second.running; });
    });
}

void Prober::follow_up(const std::stop_token& stop) {
    bool changed = false;
    bool check = false;
    {
        const sync::Lock lock(mutex_);
        changed = state_.now() >= listening_.again_at() && std::exchange(listener_due_, false);
        check = state_.now() >= next_check_;
        if (check) next_check_ = state_.now() + check_interval();
    }
    if (changed && !stop.stop_requested()) call_listener();
    if (check && !stop.stop_requested()) check_targets();
}

void Prober::run_probe(const std::string& name, const std::stop_token& stop) {
    const auto result = state_.providers().probe(name, stop);
    sync::Lock lock(mutex_);
    ProbeState& probe = probes_.at(name);
    lock.unlock();
    if (!stop.stop_requested()) probe.retry.succeeded(result);
    lock.lock();
    if (const auto line = finish_probe(probe, result)) {
        lock.unlock();
        state_.logger().log(line->level, line->text);
        lock.lock();
    }
    probe.running = false;
    awake_ = true;
    wake_up_.notify_all();
}

std::optional<Prober::LogLine> Prober::finish_probe(ProbeState& probe, const Result<endpoints::ProbeResult>& result) {
    const auto now = state_.now();
    probe.last_end = now;
    if (result) {
        probe.due = now + state_.settings.probe;
        const bool first = !probe.answered;
        probe.answered = true;
        if (first || result->changed()) return apply(*result, first);
        return std::nullopt;
    }
    probe.due = std::max(now, probe.retry.again_at());
    return std::nullopt;
}

std::optional<Prober::LogLine> Prober::apply(const endpoints::ProbeResult& result, bool first) {
    if (state_.providers().queries_only(result.now->name)) return std::nullopt;
    std::optional<LogLine> line;
    const std::string& name = result.now->name;
    if (result.model_changed()) {
        line = LogLine{LogLevel::warn, "provider '" + name + "' has another model: was " +
                                           catalog::in_words(result.before->profile) + ", is " +
                                           catalog::in_words(result.now->profile)};
        calls_.retire(result.before, line->text);
        // Another provider may make the vectors that this one made.
        for (const std::string& other : state_.providers().names()) {
            if (const endpoints::ProbedProviderPtr known = state_.providers().known(other); known && other != name)
                calls_.add(known);
        }
    } else if (first) {
        line = LogLine{LogLevel::info, first_answer(*result.now)};
    } else {
        line = LogLine{LogLevel::info,
                       "provider '" + name + "' reports other limits or endpoints, which are used from now on"};
    }
    calls_.add(result.now);
    if (first || result.model_changed()) {
        listener_due_ = true;
        next_check_ = state_.now();
    }
    const sync::Lock lock(state_.mutex);
    state_.wake_claimer();
    return line;
}

void Prober::call_listener() {
    if (!listener_) return;
    const bool notified = listening_.succeeded(listener_());
    const sync::Lock lock(mutex_);
    listener_due_ = listener_due_ || !notified;
}

void Prober::check_again() {
    const sync::Lock lock(mutex_);
    next_check_ = std::min(next_check_, checking_.again_at());
}

std::chrono::milliseconds Prober::check_interval() const {
    return std::min(state_.settings.poll, state_.settings.probe);
}

bool Prober::targets_moved(const std::vector<CatalogInfo>& catalogs) {
    std::map<std::string, std::optional<Sha256>> targets;
    for (const CatalogInfo& catalog : catalogs) targets.emplace(catalog.catalog_id, catalog.target_profile);
    const auto before = std::exchange(targets_, std::move(targets));
    return std::ranges::any_of(targets_, [&](const auto& each) {
        const auto found = before.find(each.first);
        return found != before.end() && found->second && found->second != each.second;
    });
}

void Prober::check_targets() {
    const auto catalogs = state_.store().catalogs();
    if (!checking_.succeeded(catalogs)) return check_again();
    // Who created the catalog did not reach its provider, and may have ended since. And a target that another process
    // moved may be another one than this configuration asks for.
    const bool moved = targets_moved(*catalogs);
    if (moved || std::ranges::any_of(*catalogs, [](const CatalogInfo& each) { return !each.target_profile; }))
        call_listener();
    Mismatches mismatches;
    std::map<Sha256, Profile> profiles;
    for (const CatalogInfo& catalog : *catalogs) {
        if (!catalog.target_profile || !state_.providers().known(catalog.provider)) continue;
        auto profile = profiles.find(*catalog.target_profile);
        if (profile == profiles.end()) {
            auto read = state_.store().profile(*catalog.target_profile);
            if (!checking_.succeeded(read)) return check_again();
            profile = profiles.emplace(*catalog.target_profile, std::move(*read)).first;
        }
        const bool made = std::ranges::any_of(state_.providers().names(), [&](const std::string& name) {
            const endpoints::ProbedProviderPtr known = state_.providers().known(name);
            return known && known->profile.fingerprint == profile->second.fingerprint;
        });
        if (made) continue;
        auto& entry = mismatches[{catalog.provider, *catalog.target_profile}];
        if (entry.second++ == 0) entry.first = catalog.catalog_id;
    }
    {
        // A provider changed meanwhile: the listener runs first, and may correct the target.
        const sync::Lock lock(mutex_);
        if (next_check_ <= state_.now()) return;
    }
    publish(mismatches, profiles);
    for (const auto& [mismatch, entry] : mismatches) {
        if (reported_.contains(mismatch)) continue;
        const bool several = entry.second > 1;
        const std::string others = several ? " and " + std::to_string(entry.second - 1) + " more need" : " needs";
        state_.logger().warn(
            "catalog '" + entry.first + "'" + others + " vectors of " +
            catalog::in_words(profiles.at(mismatch.second)) + ", but provider '" + mismatch.first +
            "' of this process makes those of " + catalog::in_words(state_.providers().known(mismatch.first)->profile) +
            ", so this process claims nothing for " + (several ? "them" : "it") +
            "; run `embedq config apply` with this configuration to change the target, or change the model back");
    }
    for (const Mismatch& reported : reported_) {
        if (mismatches.contains(reported)) continue;
        state_.logger().info("provider '" + reported.first + "' makes the vectors that its catalogs need again");
    }
    reported_.clear();
    for (const auto& [mismatch, entry] : mismatches) reported_.insert(mismatch);
}

// Jobs that no process here can do wait without a call, so without a pause of an endpoint. For others to see, this is
// shown like one, of an endpoint that has the provider's name. It is renewed as long as it lasts.
void Prober::publish(const Mismatches& mismatches, const std::map<Sha256, Profile>& profiles) {
    std::vector<EndpointState> states;
    std::set<std::pair<Sha256, std::string>> waiting;
    for (const auto& [mismatch, entry] : mismatches) {
        const auto& [provider, target] = mismatch;
        const Profile& needed = profiles.at(target);
        waiting.emplace(needed.fingerprint, provider);
        states.push_back({needed.fingerprint, provider, PauseKind::misconfigured,
                          check_interval() + state_.settings.heartbeat,
                          "it makes vectors of " + catalog::in_words(state_.providers().known(provider)->profile) +
                              " now, not of " + catalog::in_words(needed) + "; see `embedq config apply`"});
    }
    for (const auto& [fingerprint, provider] : published_) {
        if (!waiting.contains({fingerprint, provider})) states.push_back({fingerprint, provider});
    }
    if (states.empty()) return;
    // Only a display, and renewed at the next check.
    if (const Status shown = state_.store().put_endpoint_states(states); !shown) {
        state_.logger().debug("cannot show other processes why jobs wait: " + to_string(shown.error()));
        return;
    }
    published_ = std::move(waiting);
}

}  // namespace embedq::scheduler
