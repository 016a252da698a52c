#include "cli/call_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/present.h"
#include "sync/sleep.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_interval{250};
// A call that fails is often made again. Longer than the longest pause before that.
constexpr std::chrono::seconds made_again_within{10};

milliseconds age(CallWatch::Steady since, CallWatch::Steady now) {
    return std::chrono::duration_cast<milliseconds>(now - since);
}

std::string named(const std::string& who, const std::string& what) {
    return who.empty() ? what : fmt::format("{}: {}", who, what);
}

}  // namespace

CallWatch::~CallWatch() {
    thread_ = {};  // joined while everything that it uses is there
}

void CallWatch::start(Patience how) {
    use(how);
    if (thread_.joinable()) return;
    thread_ = std::jthread([this](const std::stop_token& stop) {
        while (sync::sleep_for(look_interval, stop)) look(std::chrono::steady_clock::now());
    });
}

void CallWatch::use(Patience how) {
    const sync::Lock lock(mutex_);
    patience_ = how;
}

void CallWatch::add(std::string who, Calls calls) {
    const sync::Lock lock(mutex_);
    sources_.push_back({std::move(who), std::move(calls)});
}

void CallWatch::clear() {
    const sync::Lock lock(mutex_);
    sources_.clear();
    steps_.push_back(
        {.what = "a plugin that is being closed", .running = 1, .since = std::chrono::steady_clock::now()});
}

CallWatch::Step::Step(CallWatch& watch, std::string what)
    : watch_(watch), place_([&] {
          const sync::Lock lock(watch.mutex_);
          return watch.steps_.insert(
              watch.steps_.end(), {.what = std::move(what), .running = 1, .since = std::chrono::steady_clock::now()});
      }()) {}

CallWatch::Step::~Step() {
    const sync::Lock lock(watch_.mutex_);
    watch_.steps_.erase(place_);
}

std::map<std::string, WatchedCall> CallWatch::calls() const {
    std::map<std::string, WatchedCall> all;
    for (const WatchedCall& step : steps_) all.insert_or_assign(step.what, step);
    for (const Source& source : sources_) {
        for (WatchedCall& call : source.calls()) {
            std::string name = named(source.who, call.what);
            all.insert_or_assign(std::move(name), std::move(call));
        }
    }
    return all;
}

std::string CallWatch::running() const {
    const sync::Lock lock(mutex_);
    std::string text;
    const auto add = [&](const std::string& who, const std::string& calls) {
        if (!calls.empty()) text += fmt::format("{}{}", text.empty() ? "" : "; ", named(who, calls));
    };
    for (const WatchedCall& step : steps_) add({}, step.what);
    for (const Source& source : sources_) {
        std::string calls;
        for (const WatchedCall& call : source.calls()) {
            if (call.running > 0) calls += (calls.empty() ? "" : ", ") + call.what;
        }
        add(source.who, calls);
    }
    return text;
}

std::string CallWatch::slow(Steady now) const {
    const sync::Lock lock(mutex_);
    std::string text;
    for (const auto& [name, call] : calls()) {
        if (call.since && now - *call.since >= said_after) text += (text.empty() ? "" : "; ") + name;
    }
    return text;
}

CallWatch::Found CallWatch::update(Steady now) {
    Found found;
    found.since = now;
    const auto present = calls();
    for (const auto& [name, call] : present) {
        if (!call.since) continue;
        const bool patient = patience_ == Patience::works && call.embeds;
        if (now - *call.since >= (patient ? embedding_said_after : said_after))
            waits_.try_emplace(name, Wait{*call.since, now, call.succeeded});
        if (patience_ == Patience::reads && now - *call.since >= longest_read) found.hangs = name;
    }
    for (auto wait = waits_.begin(); wait != waits_.end();) {
        const auto call = present.find(wait->first);
        if (call != present.end() && call->second.since) wait->second.seen = now;
        const bool succeeded = call != present.end() && call->second.succeeded > wait->second.succeeded;
        if (succeeded || now - wait->second.seen > made_again_within) {
            found.succeeded = found.succeeded || succeeded;
            wait = waits_.erase(wait);
            continue;
        }
        found.waits += (found.waits.empty() ? "" : "; ") + wait->first;
        found.since = std::min(found.since, wait->second.since);
        ++wait;
    }
    return found;
}

void CallWatch::look(Steady now) {
    const sync::Lock looking(looking_);
    looked_at_ = now;
    Found found;
    {
        const sync::Lock lock(mutex_);
        if (patience_ == Patience::services) return;
        found = update(now);
    }
    if (!found.waits.empty()) {
        notice_.waits(found.waits,
                      fmt::format("{} (not done for {})", found.waits, duration_of(age(found.since, now))));
    } else if (found.succeeded) {
        notice_.goes_on();
    } else {
        notice_.ends();
    }
    if (found.hangs.empty()) return;
    give_up_(
        fmt::format("{} has not returned for {}; a command that only reads waits no longer: see whether the "
                    "server answers, and who holds a lock",
                    found.hangs, duration_of(longest_read)));
}

}  // namespace embedq::cli
