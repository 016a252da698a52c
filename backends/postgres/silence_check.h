// Ends long calls whose connection has fallen silent. A call that may take minutes has a deadline of minutes, and a
// frozen peer that acknowledges looks like a server that works. So, while a long call lasts, the server is asked over
// another connection whether the session still works.
//
// A call is ended after two looks in a row at which its session did not work, or the server did not answer, and
// between which nothing went over its connection. A server that freezes in the middle of one session's work cannot be
// told from one that works, unless it freezes as a whole.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "sync/mutex.h"

namespace embedq::postgres {

// What the server says about its sessions.
struct Sessions {
    enum class Answer : std::uint8_t { given, none, refused };
    Answer answer = Answer::refused;  // none: not even a refusal; refused: it is there, but nothing is known
    std::set<int> working = {};       // process ids of those that are not idle
};

class SilenceCheck {
public:
    using Steady = std::chrono::steady_clock::time_point;

    // `ask` may take a few seconds, and must not throw.
    SilenceCheck(std::chrono::milliseconds interval, std::function<Sessions()> ask)
        : interval_(interval), ask_(std::move(ask)) {}
    SilenceCheck(const SilenceCheck&) = delete;
    SilenceCheck& operator=(const SilenceCheck&) = delete;

    struct Call {
        int session = 0;                          // process id; 0 behind a pooler, where it is not known
        std::function<std::uint64_t()> progress;  // how much went over the connection
        std::function<void()> end;                // quick; neither throws
    };

    // The look at one call, from its construction to its destruction. Belongs to one thread.
    class Watch {
    public:
        Watch(SilenceCheck& check, Call call) : check_(check), id_(check.add(std::move(call))) {}
        ~Watch() { check_.remove(id_); }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        // The call was ended.
        [[nodiscard]] bool ended() const { return check_.ended(id_); }

    private:
        SilenceCheck& check_;
        const std::uint64_t id_;
    };

    // One look at the calls that are due at `now`; whether there was any.
    bool look(Steady now);

private:
    struct Watched {
        Call call;
        Steady due;
        std::uint64_t progress = 0;  // at the last look
        int silent = 0;              // looks in a row
        bool ended = false;
    };

    [[nodiscard]] std::uint64_t add(Call call);
    void remove(std::uint64_t id);
    [[nodiscard]] bool ended(std::uint64_t id) const;
    void judge(Watched& watched, const Sessions& sessions, Steady now) const;
    [[nodiscard]] Steady earliest() const EMBEDQ_REQUIRES(mutex_);
    void run(const std::stop_token& stop);

    const std::chrono::milliseconds interval_;
    const std::function<Sessions()> ask_;
    mutable sync::Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::uint64_t, Watched> calls_ EMBEDQ_GUARDED_BY(mutex_);
    std::uint64_t last_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    Steady wakes_at_ EMBEDQ_GUARDED_BY(mutex_){};    // the thread looks again then, at the latest
    std::jthread thread_ EMBEDQ_GUARDED_BY(mutex_);  // started by the first call; last, so that it ends first
};

}  // namespace embedq::postgres
