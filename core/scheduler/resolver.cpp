#include "scheduler/resolver.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "catalog/profile.h"

namespace embedq::scheduler {

namespace {

// At the soonest, after a provider that was asked is doubted: a storm of errors asks once.
constexpr std::chrono::milliseconds shortest_interval{1'000};

}  // namespace

void Resolver::run(std::stop_token stop) {
    std::set<std::string> doubted;
    while (!stop.stop_requested()) {
        step(doubted, stop);
        doubted = shared_.providers.take_doubted(next(), stop);
    }
}

Lane::Steady Resolver::next() const {
    auto next = next_check_;
    for (const auto& [name, asked] : asked_) next = std::min(next, asked.next);
    return news_ ? std::min(next, shared_.now() + shared_.settings.heartbeat) : next;
}

void Resolver::step(const std::set<std::string>& doubted, std::stop_token stop) {
    for (const std::string& name : shared_.providers.all_names()) {
        if (stop.stop_requested()) return;
        Asked& asked = asked_[name];
        const auto now = shared_.now();
        // What is doubted was known, so its next time is a whole interval after the last.
        if (doubted.contains(name)) asked.next = std::min(asked.next, asked.last + shortest_interval);
        if (now >= asked.next) ask(name, stop);
    }
    if (news_ && !stop.stop_requested()) tell();
    if (shared_.now() >= next_check_ && !stop.stop_requested()) check_targets();
}

void Resolver::ask(const std::string& name, std::stop_token stop) {
    Asked& asked = asked_[name];
    const auto inquiry = shared_.providers.ask_again(name, stop);
    const auto now = shared_.now();
    asked.last = now;
    if (inquiry) {
        asked.failures = 0;
        asked.complained = false;
        asked.next = now + shared_.settings.ask_again;
        const bool first = !asked.answered;
        asked.answered = true;
        if (first || inquiry->changed()) take_over(*inquiry, first);
        return;
    }
    const auto doubled = shared_.settings.heartbeat * (1LL << std::min<std::size_t>(asked.failures++, 16));
    asked.next = now + std::min<std::chrono::milliseconds>(doubled, shared_.settings.ask_again);
    if (asked.answered || asked.complained || stop.stop_requested() || shared_.providers.queries_only(name)) return;
    asked.complained = true;
    shared_.context.logger().warn("provider '" + name + "' does not answer yet, asking again: " + inquiry.error().message);
}

void Resolver::take_over(const Inquiry& inquiry, bool first) {
    if (shared_.providers.queries_only(inquiry.now->name)) return;
    Logger& logger = shared_.context.logger();
    const std::string& name = inquiry.now->name;
    if (inquiry.model_changed()) {
        const std::string change = "was " + catalog::in_words(inquiry.before->profile) + ", is " + catalog::in_words(inquiry.now->profile);
        logger.warn("provider '" + name + "' has another model: " + change);
        lanes_.retire(inquiry.before, "provider '" + name + "' has another model: " + change);
        // Another provider may make what this one did.
        for (const std::string& other : shared_.providers.names()) {
            if (const ResolvedPtr known = shared_.providers.known(other); known && other != name) lanes_.add(known);
        }
    } else if (!first) {
        logger.info("provider '" + name + "' tells other limits or endpoints; they are taken over");
    }
    lanes_.add(inquiry.now);
    if (first || inquiry.model_changed()) {
        news_ = true;
        next_check_ = shared_.now();
    }
    const std::scoped_lock lock(shared_.mutex);
    shared_.wake_claimer();
}

void Resolver::tell() {
    if (!listener_) {
        news_ = false;
        return;
    }
    const Status told = listener_();
    news_ = !told;
    if (!told && !told_failure_) shared_.context.logger().warn("cannot set the catalogs' targets, trying again: " + told.error().message);
    told_failure_ = !told;
}

void Resolver::check_targets() {
    next_check_ = shared_.now() + shared_.settings.ask_again;
    const auto catalogs = shared_.store.catalogs();
    if (!catalogs) return;
    std::map<Mismatch, std::pair<std::string, std::size_t>> mismatches;  // the first catalog, and how many there are
    std::map<Sha256, Profile> profiles;
    for (const CatalogInfo& catalog : *catalogs) {
        if (!catalog.target_profile || !shared_.providers.known(catalog.provider)) continue;
        auto profile = profiles.find(*catalog.target_profile);
        if (profile == profiles.end()) {
            auto read = shared_.store.profile(*catalog.target_profile);
            if (!read) return;
            profile = profiles.emplace(*catalog.target_profile, std::move(*read)).first;
        }
        const bool made = std::ranges::any_of(shared_.providers.names(), [&](const std::string& name) {
            const ResolvedPtr known = shared_.providers.known(name);
            return known && known->profile.fingerprint == profile->second.fingerprint;
        });
        if (made) continue;
        auto& entry = mismatches[{catalog.provider, *catalog.target_profile}];
        if (entry.second++ == 0) entry.first = catalog.catalog_id;
    }
    for (const auto& [mismatch, entry] : mismatches) {
        if (told_.contains(mismatch)) continue;
        const std::string others = entry.second > 1 ? " and " + std::to_string(entry.second - 1) + " more" : "";
        shared_.context.logger().warn("catalog '" + entry.first + "'" + others + " is to be embedded by " +
                                      catalog::in_words(profiles.at(mismatch.second)) + ", but provider '" + mismatch.first +
                                      "' of this process makes " + catalog::in_words(shared_.providers.known(mismatch.first)->profile) +
                                      ", so this process claims nothing for it; start `embedq serve` or `embedq index` with this "
                                      "configuration to change the target, or change the model back");
    }
    for (const Mismatch& told : told_) {
        if (mismatches.contains(told)) continue;
        shared_.context.logger().info("provider '" + told.first + "' makes what its catalogs are to be embedded by again");
    }
    told_.clear();
    for (const auto& [mismatch, entry] : mismatches) told_.insert(mismatch);
}

}  // namespace embedq::scheduler
