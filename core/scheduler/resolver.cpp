#include "scheduler/resolver.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "catalog/profile.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

// At the soonest, after a provider that was asked is doubted: a storm of errors asks once.
constexpr std::chrono::milliseconds least_between_doubts{1'000};

}  // namespace

void Resolver::run(std::stop_token stop) {
    {
        const std::jthread doubts([this, &stop] {
            while (!stop.stop_requested()) {
                auto doubted = shared_.providers().take_doubted(shared_.now() + shared_.settings.ask_again, stop);
                if (doubted.empty()) continue;
                const sync::Lock lock(mutex_);
                doubted_.merge(doubted);
                awake_ = true;
                moved_.notify_all();
            }
        });
        std::set<std::string> doubted;
        while (!stop.stop_requested()) {
            ask_due(doubted, stop);
            follow_up(stop);
            const auto due = next();
            sync::Lock lock(mutex_);
            moved_.wait_until(lock, stop, due, [&]() EMBEDQ_REQUIRES(mutex_) { return awake_; });
            awake_ = false;
            doubted = std::exchange(doubted_, {});
        }
    }
    wait_for_answers();
}

Lane::Steady Resolver::next() {
    const sync::Lock lock(mutex_);
    auto next = next_check_;
    for (const auto& [name, asked] : asked_) {
        if (!asked.asking) next = std::min(next, asked.next);
    }
    return news_ ? std::min(next, shared_.now() + shared_.settings.heartbeat) : next;
}

void Resolver::ask_due(const std::set<std::string>& doubted, const std::stop_token& stop) {
    for (const std::string& name : shared_.providers().all_names()) {
        if (stop.stop_requested()) return;
        const sync::Lock lock(mutex_);
        Asked& asked = asked_[name];
        asked.doubted = asked.doubted || doubted.contains(name);
        if (asked.asking) continue;
        // What is doubted was known, so its next time is a whole interval after the last.
        if (std::exchange(asked.doubted, false)) asked.next = std::min(asked.next, asked.last + least_between_doubts);
        if (shared_.now() < asked.next) continue;
        asked.asking = true;
        // The thread before has ended, but for letting go of the lock at most.
        asked.thread = std::jthread([this, name, stop] { ask(name, stop); });
    }
}

void Resolver::wait_for_answers() {
    sync::Lock lock(mutex_);
    moved_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) {
        return std::ranges::none_of(asked_, [](const auto& entry) { return entry.second.asking; });
    });
}

void Resolver::follow_up(const std::stop_token& stop) {
    bool news = false;
    bool check = false;
    {
        const sync::Lock lock(mutex_);
        news = std::exchange(news_, false);
        check = shared_.now() >= next_check_;
        if (check) next_check_ = shared_.now() + shared_.settings.ask_again;
    }
    if (news && !stop.stop_requested()) tell();
    if (check && !stop.stop_requested()) check_targets();
}

void Resolver::ask(const std::string& name, const std::stop_token& stop) {
    const auto inquiry = shared_.providers().ask_again(name, stop);
    sync::Lock lock(mutex_);
    Asked& asked = asked_[name];
    if (const auto line = answered(asked, name, inquiry, stop.stop_requested())) {
        lock.unlock();
        shared_.logger().log(line->level, line->text);
        lock.lock();
    }
    asked.asking = false;
    awake_ = true;
    moved_.notify_all();
}

std::optional<Resolver::Line> Resolver::answered(Asked& asked, const std::string& name, const Result<Inquiry>& inquiry,
                                                 bool stopped) {
    const auto now = shared_.now();
    asked.last = now;
    if (inquiry) {
        asked.failures = 0;
        asked.complained = false;
        asked.next = now + shared_.settings.ask_again;
        const bool first = !asked.answered;
        asked.answered = true;
        if (first || inquiry->changed()) return take_over(*inquiry, first);
        return std::nullopt;
    }
    const auto doubled = shared_.settings.heartbeat * (1LL << std::min<std::size_t>(asked.failures++, 16));
    asked.next = now + std::min<std::chrono::milliseconds>(doubled, shared_.settings.ask_again);
    if (asked.answered || asked.complained || stopped || shared_.providers().queries_only(name)) return std::nullopt;
    asked.complained = true;
    return Line{LogLevel::warn,
                "provider '" + name + "' does not answer yet, asking again: " + inquiry.error().message};
}

std::optional<Resolver::Line> Resolver::take_over(const Inquiry& inquiry, bool first) {
    if (shared_.providers().queries_only(inquiry.now->name)) return std::nullopt;
    std::optional<Line> line;
    const std::string& name = inquiry.now->name;
    if (inquiry.model_changed()) {
        line = Line{LogLevel::warn, "provider '" + name + "' has another model: was " +
                                        catalog::in_words(inquiry.before->profile) + ", is " +
                                        catalog::in_words(inquiry.now->profile)};
        lanes_.retire(inquiry.before, line->text);
        // Another provider may make what this one did.
        for (const std::string& other : shared_.providers().names()) {
            if (const ResolvedPtr known = shared_.providers().known(other); known && other != name) lanes_.add(known);
        }
    } else if (!first) {
        line = Line{LogLevel::info, "provider '" + name + "' tells other limits or endpoints; they are taken over"};
    }
    lanes_.add(inquiry.now);
    if (first || inquiry.model_changed()) {
        news_ = true;
        next_check_ = shared_.now();
    }
    const sync::Lock lock(shared_.mutex);
    shared_.wake_claimer();
    return line;
}

void Resolver::tell() {
    if (!listener_) return;
    const Status told = listener_();
    if (!told && !told_failure_)
        shared_.logger().warn("cannot set the catalogs' targets, trying again: " + told.error().message);
    told_failure_ = !told;
    const sync::Lock lock(mutex_);
    news_ = news_ || !told;
}

void Resolver::check_targets() {
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
            const ResolvedPtr known = shared_.providers().known(name);
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
