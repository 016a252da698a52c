// Watches the calls out of a command: says which one keeps it waiting, and ends a command that only reads when one does
// not return. The calls themselves have deadlines of the plugins that make them, which may be longer than a person
// waits without a word.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/console.h"
#include "cli/waiting.h"
#include "sync/mutex.h"

namespace embedq::cli {

// How long a command waits for one call, and what it says meanwhile.
enum class Patience : std::uint8_t {
    reads,    // ends when a call has not returned for `longest_read`
    writes,   // goes on until the call's own deadline
    works,    // as `writes`, with a scheduler in this process, whose calls to providers may take long
    services  // says nothing once all is open, because its log does
};

// One kind of call: those that have not returned, and how many succeeded.
struct WatchedCall {
    std::string what;           // "put_specs"
    std::uint64_t running = 0;  // how many have not returned
    // The begin of the longest of them. Nothing where to wait is what the call is for.
    std::optional<std::chrono::steady_clock::time_point> since = std::nullopt;
    std::uint64_t succeeded = 0;
    bool embeds = false;
};

class CallWatch {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Calls = std::function<std::vector<WatchedCall>()>;

    static constexpr std::chrono::seconds said_after{3};
    static constexpr std::chrono::seconds embedding_said_after{30};  // of a process that works
    static constexpr std::chrono::seconds longest_read{30};

    // `give_up` gets the message, on the watch's thread, and ends the process.
    CallWatch(Console& console, std::function<void(const std::string& message)> give_up)
        : give_up_(std::move(give_up)), notice_(console, [this]() EMBEDQ_REQUIRES(looking_) { return looked_at_; }) {}
    ~CallWatch();
    CallWatch(const CallWatch&) = delete;
    CallWatch& operator=(const CallWatch&) = delete;

    // From now on, on a thread of its own; a second start only changes the patience.
    void start(Patience patience);
    void use(Patience patience);

    // Calls of `who` ("store 'postgres'") until `clear`. The function must neither block nor use this watch.
    void add(std::string who, Calls calls);
    // Before what is watched is destroyed. What takes long from then on is the destruction.
    void clear();

    // Something that is no call of a plugin, while it lives.
    class Step {
    public:
        Step(CallWatch& watch, std::string what);
        ~Step();
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

    private:
        CallWatch& watch_;
        const std::list<WatchedCall>::iterator place_;
    };

    // What has not returned: "store 'postgres': claim, extend; provider 'ollama': embed". Empty for nothing.
    [[nodiscard]] std::string running() const;
    // Those of them that have not returned for `said_after`.
    [[nodiscard]] std::string slow(Steady now) const;
    // What the thread does several times a second.
    void look(Steady now);

private:
    struct Source {
        std::string who;
        Calls calls;
    };
    // A call that takes long: it waits until one of its kind succeeds, or none is under way for some seconds.
    struct Wait {
        Steady since;
        Steady seen;  // when one was last under way
        std::uint64_t succeeded = 0;
    };
    // What a look found.
    struct Found {
        std::string waits;  // the names of what is waited for
        Steady since{};
        std::string hangs;  // what a command that reads waits for no longer
        bool succeeded = false;
    };

    // By their names, with those of their sources.
    [[nodiscard]] std::map<std::string, WatchedCall> calls() const EMBEDQ_REQUIRES(mutex_);
    [[nodiscard]] Found update(Steady now) EMBEDQ_REQUIRES(mutex_);

    const std::function<void(const std::string&)> give_up_;

    sync::Mutex looking_;  // one look at a time; locked before mutex_
    Steady looked_at_ EMBEDQ_GUARDED_BY(looking_){};
    WaitNotice notice_ EMBEDQ_GUARDED_BY(looking_);

    mutable sync::Mutex mutex_;
    Patience patience_ EMBEDQ_GUARDED_BY(mutex_) = Patience::reads;
    std::vector<Source> sources_ EMBEDQ_GUARDED_BY(mutex_);
    std::list<WatchedCall> steps_ EMBEDQ_GUARDED_BY(mutex_);
    std::map<std::string, Wait> waits_ EMBEDQ_GUARDED_BY(mutex_);

    std::jthread thread_;  // started by the command's thread; last, so that it ends first
};

}  // namespace embedq::cli
