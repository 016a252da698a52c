// Ends calls that take too long: a call out of the process is watched from its begin to its end, and when its time is
// over, or a stop forbids to wait any longer, an action of the caller's ends it, from another thread.
//
// A server that is frozen behind a connection that still acknowledges never answers and never breaks off, and the
// libraries that wait for it have no deadline of their own. Real time, whatever clock the host injects.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "sync/mutex.h"

namespace embedq::sync {

class Watchdog {
public:
    using Steady = std::chrono::steady_clock::time_point;
    enum class Reason : std::uint8_t { deadline, stop };

    Watchdog() = default;
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // The watch over one call: it begins with the construction and ends with the destruction, which waits for an action
    // that is running. Belongs to one thread.
    class Watch {
    public:
        // `end_call` runs at most once, on the watchdog's thread or, after `stop`, on this one. It must be quick, must
        // not throw, and must not use the watchdog. Throws std::system_error where the system starts no thread for it:
        // a call without a watch must not begin.
        Watch(Watchdog& watchdog, Steady deadline, std::function<void()> end_call)
            : watchdog_(watchdog), id_(watchdog.add(deadline, std::move(end_call))) {}
        ~Watch() { watchdog_.remove(id_); }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        // Why the call was ended; nothing while it was not.
        [[nodiscard]] std::optional<Reason> ended() const { return watchdog_.ended(id_); }

    private:
        Watchdog& watchdog_;
        const std::uint64_t id_;
    };

    // Ends every call now, and each later one as it begins.
    void stop() {
        const Lock lock(mutex_);
        stopped_ = true;
        for (auto& [id, call] : calls_) end(call, Reason::stop);
    }

private:
    struct Call {
        Steady deadline;
        std::function<void()> end_call;
        std::optional<Reason> ended;
    };

    std::uint64_t add(Steady deadline, std::function<void()> end_call) {
        const Lock lock(mutex_);
        const std::uint64_t id = ++last_;
        Call& call = calls_.emplace(id, Call{deadline, std::move(end_call), std::nullopt}).first->second;
        if (stopped_) {
            end(call, Reason::stop);
        } else if (!thread_.joinable()) {
            try {
                thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
            } catch (const std::system_error&) {
                calls_.erase(id);
                throw;
            }
        } else if (deadline < wakes_at_) {
            changed_.notify_one();
        }
        return id;
    }

    void remove(std::uint64_t id) {
        const Lock lock(mutex_);
        calls_.erase(id);
    }

    std::optional<Reason> ended(std::uint64_t id) const {
        const Lock lock(mutex_);
        const auto found = calls_.find(id);
        return found == calls_.end() ? std::nullopt : found->second.ended;
    }

    static void end(Call& call, Reason reason) {
        if (call.ended) return;
        call.ended = reason;
        call.end_call();
    }

    void run(const std::stop_token& stop) {
        Lock lock(mutex_);
        while (!stop.stop_requested()) {
            const auto now = std::chrono::steady_clock::now();
            wakes_at_ = now + std::chrono::hours(24);
            for (auto& [id, call] : calls_) {
                if (call.ended) continue;
                if (call.deadline <= now) {
                    end(call, Reason::deadline);
                } else {
                    wakes_at_ = std::min(wakes_at_, call.deadline);
                }
            }
            const Steady at = wakes_at_;
            changed_.wait_until(lock, stop, at, [&]() EMBEDQ_REQUIRES(mutex_) { return earliest() < at; });
        }
    }

    [[nodiscard]] Steady earliest() const EMBEDQ_REQUIRES(mutex_) {
        Steady earliest = Steady::max();
        for (const auto& [id, call] : calls_) {
            if (!call.ended) earliest = std::min(earliest, call.deadline);
        }
        return earliest;
    }

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::uint64_t, Call> calls_ EMBEDQ_GUARDED_BY(mutex_);
    std::uint64_t last_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    Steady wakes_at_ EMBEDQ_GUARDED_BY(mutex_){};  // the thread looks again then, at the latest
    bool stopped_ EMBEDQ_GUARDED_BY(mutex_) = false;
    std::jthread thread_ EMBEDQ_GUARDED_BY(mutex_);  // started by the first call; last, so that it ends first
};

}  // namespace embedq::sync
