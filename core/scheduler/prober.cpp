#include "scheduler/prober.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "catalog/profile.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

// At the soonest, after a provider that was asked is recheck_requested: a storm of errors asks once.
constexpr std::chrono::milliseconds least_between_rechecks{1'000};

}  // namespace

void Prober::run(std::stop_token stop) {
    {
        const std::jthread rechecks([this, &stop] {
            while (!stop.stop_requested()) {
                auto recheck_requested =
                    shared_.providers().take_recheck_requests(shared_.now() + shared_.settings.probe, stop);
                if (recheck_requested.empty()) continue;
                const sync::Lock lock(mutex_);
                recheck_requested_.merge(recheck_requested);
                awake_ = true;
                moved_.notify_all();
            }
        });
        std::set<std::string> recheck_requested;
        while (!stop.stop_requested()) {
            ask_due(recheck_requested, stop);
            follow_up(stop);
            const auto due = next();
            sync::Lock lock(mutex_);
            moved_.wait_until(lock, stop, due, [&]() EMBEDQ_REQUIRES(mutex_) { return awake_; });
            awake_ = false;
            recheck_requested = std::exchange(recheck_requested_, {});
        }
    }
    wait_for_answers();
}

endpoints::Endpoint::Steady Prober::next() {
    const sync::Lock lock(mutex_);
    auto next = next_check_;
    for (const auto& [name, asked] : asked_) {
        if (!asked.asking) next = std::min(next, asked.next);
    }
    return news_ ? std::min(next, shared_.now() + shared_.settings.heartbeat) : next;
}

void Prober::ask_due(const std::set<std::string>& recheck_requested, const std::stop_token& stop) {
    for (const std::string& name : shared_.providers().all_names()) {
        if (stop.stop_requested()) return;
        const sync::Lock lock(mutex_);
        Asked& asked = asked_[name];
        asked.recheck_requested = asked.recheck_requested || recheck_requested.contains(name);
        if (asked.asking) continue;
        // What is recheck_requested was known, so its next time is a whole interval after the last.
        if (std::exchange(asked.recheck_requested, false))
            asked.next = std::min(asked.next, asked.last + least_between_rechecks);
        if (shared_.now() < asked.next) continue;
        asked.asking = true;
        // The thread before has ended, but for letting go of the lock at most.
        asked.thread = std::jthread([this, name, stop] { ask(name, stop); });
    }
}

void Prober::wait_for_answers() {
    sync::Lock lock(mutex_);
    moved_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) {
        return std::ranges::none_of(asked_, [](const auto& entry) { return entry.second.asking; });
    });
}

void Prober::follow_up(const std::stop_token& stop) {
    bool news = false;
    bool check = false;
    {
        const sync::Lock lock(mutex_);
        news = std::exchange(news_, false);
        check = shared_.now() >= next_check_;
        if (check) next_check_ = shared_.now() + shared_.settings.probe;
    }
    if (news && !stop.stop_requested()) tell();
    if (check && !stop.stop_requested()) check_targets();
}

void Prober::ask(const std::string& name, const std::stop_token& stop) {
    const auto probe = shared_.providers().probe_again(name, stop);
    sync::Lock lock(mutex_);
    Asked& asked = asked_[name];
    if (const auto line = answered(asked, name, probe, stop.stop_requested())) {
        lock.unlock();
        shared_.logger().log(line->level, line->text);
        lock.lock();
    }
    asked.asking = false;
    awake_ = true;
    moved_.notify_all();
}

std::optional<Prober::Line> Prober::answered(Asked& asked, const std::string& name,
                                             const Result<endpoints::ProbeResult>& probe, bool stopped) {
    const auto now = shared_.now();
    asked.last = now;
    if (probe) {
        asked.failures = 0;
        asked.complained = false;
        asked.next = now + shared_.settings.probe;
        const bool first = !asked.answered;
        asked.answered = true;
        if (first || probe->changed()) return take_over(*probe, first);
        return std::nullopt;
    }
    asked.next = now + sync::fixed_backoff(shared_.settings.heartbeat, shared_.settings.probe).delay(++asked.failures);
    if (asked.answered || asked.complained || stopped || shared_.providers().queries_only(name)) return std::nullopt;
    asked.complained = true;
    return Line{LogLevel::warn, "provider '" + name + "' does not answer yet, asking again: " + to_string(probe.error())};
}

std::optional<Prober::Line> Prober::take_over(const endpoints::ProbeResult& probe, bool first) {
    if (shared_.providers().queries_only(probe.now->name)) return std::nullopt;
    std::optional<Line> line;
    const std::string& name = probe.now->name;
    if (probe.model_changed()) {
        line = Line{LogLevel::warn, "provider '" + name + "' has another model: was " +
                                        catalog::in_words(probe.before->profile) + ", is " +
                                        catalog::in_words(probe.now->profile)};
        endpoints_.retire(probe.before, line->text);
        // Another provider may make what this one did.
        for (const std::string& other : shared_.providers().names()) {
            if (const endpoints::ResolvedPtr known = shared_.providers().known(other); known && other != name)
                endpoints_.add(known);
        }
    } else if (!first) {
        line = Line{LogLevel::info, "provider '" + name + "' tells other limits or endpoints; they are taken over"};
    }
    endpoints_.add(probe.now);
    if (first || probe.model_changed()) {
        news_ = true;
        next_check_ = shared_.now();
    }
    const sync::Lock lock(shared_.mutex);
    shared_.wake_claimer();
    return line;
}

void Prober::tell() {
    if (!listener_) return;
    const Status told = listener_();
    if (!told && !told_failure_)
        shared_.logger().warn("cannot set the catalogs' targets, trying again: " + to_string(told.error()));
    told_failure_ = !told;
    const sync::Lock lock(mutex_);
    news_ = news_ || !told;
}

void Prober::check_targets() {
    const auto catalogs = shared_.store().catalogs();
    if (!catalogs) return;
    std::map<Mismatch, std::pair<std::string, std::size_t>> mismatches;  // the first catalog, and how many there are
    std::map<Sha256, Profile> profiles;
    for (const CatalogInfo& catalog : *catalogs) {
        if (!catalog.target_profile || !shared_.providers().known(catalog.provider)) continue;
        auto profile = profiles.find(*catalog.target_profile);
        if (profile == profiles.end()) {
            auto read = shared_.store().profile(*catalog.target_profile);
            if (!read) return;
            profile = profiles.emplace(*catalog.target_profile, std::move(*read)).first;
        }
        const bool made = std::ranges::any_of(shared_.providers().names(), [&](const std::string& name) {
            const endpoints::ResolvedPtr known = shared_.providers().known(name);
            return known && known->profile.fingerprint == profile->second.fingerprint;
        });
        if (made) continue;
        auto& entry = mismatches[{catalog.provider, *catalog.target_profile}];
        if (entry.second++ == 0) entry.first = catalog.catalog_id;
    }
    {
        // A provider that said something else meanwhile: the listener comes first, and may set it right.
        const sync::Lock lock(mutex_);
        if (next_check_ <= shared_.now()) return;
    }
    for (const auto& [mismatch, entry] : mismatches) {
        if (told_.contains(mismatch)) continue;
        const std::string others = entry.second > 1 ? " and " + std::to_string(entry.second - 1) + " more" : "";
        shared_.logger().warn(
            "catalog '" + entry.first + "'" + others + " is to be embedded by " +
            catalog::in_words(profiles.at(mismatch.second)) + ", but provider '" + mismatch.first +
            "' of this process makes " + catalog::in_words(shared_.providers().known(mismatch.first)->profile) +
            ", so this process claims nothing for it; start `embedq serve` or `embedq index` with this "
            "configuration to change the target, or change the model back");
    }
    for (const Mismatch& told : told_) {
        if (mismatches.contains(told)) continue;
        shared_.logger().info("provider '" + told.first + "' makes what its catalogs are to be embedded by again");
    }
    told_.clear();
    for (const auto& [mismatch, entry] : mismatches) told_.insert(mismatch);
}

}  // namespace embedq::scheduler
