#include "silence_check.h"

#include <algorithm>
#include <utility>

namespace embedq::postgres {
namespace {

constexpr int most_silent_looks = 2;

}  // namespace

std::uint64_t SilenceCheck::add(Call call) {
    const sync::Lock lock(mutex_);
    const auto due = std::chrono::steady_clock::now() + interval_;
    calls_.emplace(++last_, Watched{.call = std::move(call), .due = due});
    if (!thread_.joinable())
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    else if (due < wakes_at_)
        changed_.notify_one();
    return last_;
}

void SilenceCheck::remove(std::uint64_t id) {
    const sync::Lock lock(mutex_);
    calls_.erase(id);
}

bool SilenceCheck::ended(std::uint64_t id) const {
    const sync::Lock lock(mutex_);
    const auto found = calls_.find(id);
    return found != calls_.end() && found->second.ended;
}

bool SilenceCheck::look(Steady now) {
    std::set<std::uint64_t> due;
    {
        const sync::Lock lock(mutex_);
        for (const auto& [id, watched] : calls_) {
            if (!watched.ended && watched.due <= now) due.insert(id);
        }
    }
    if (due.empty()) return false;
    const Sessions sessions = ask_();
    const sync::Lock lock(mutex_);
    for (auto& [id, watched] : calls_) {
        if (due.contains(id)) judge(watched, sessions, now);
    }
    return true;
}

void SilenceCheck::judge(Watched& watched, const Sessions& sessions, Steady now) const {
    const bool works = sessions.answer == Sessions::Answer::refused ||
                       (sessions.answer == Sessions::Answer::given &&
                        (watched.call.session == 0 || sessions.working.contains(watched.call.session)));
    const std::uint64_t progress = watched.call.progress();
    const bool moved = std::exchange(watched.progress, progress) != progress;
    watched.silent = works || moved ? 0 : watched.silent + 1;
    watched.due = now + interval_;
    if (watched.silent < most_silent_looks) return;
    watched.ended = true;
    watched.call.end();
}

SilenceCheck::Steady SilenceCheck::earliest() const {
    Steady earliest = Steady::max();
    for (const auto& [id, watched] : calls_) {
        if (!watched.ended) earliest = std::min(earliest, watched.due);
    }
    return earliest;
}

void SilenceCheck::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (look(std::chrono::steady_clock::now())) continue;
        sync::Lock lock(mutex_);
        const Steady at = std::min(earliest(), std::chrono::steady_clock::now() + std::chrono::hours(24));
        wakes_at_ = at;
        changed_.wait_until(lock, stop, at, [&]() EMBEDQ_REQUIRES(mutex_) { return earliest() < at; });
    }
}

}  // namespace embedq::postgres
