// A notifier tells idle workers that there may be work. Notifications are hints: all work is done without them, later.
//
// Every member may be called from any thread; `wait` from several at once.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "embedq/error.h"

namespace embedq {

enum class Wake {
    notified,  // there may be work
    timeout,   // the deadline passed
    stopped,   // stop was requested
};

class Notifier {
public:
    virtual ~Notifier() = default;

    // Says that there may be work. Never blocks on the network; the host merges calls (the first at once, then at most
    // one per 50 ms, and always one after the last).
    virtual void publish() = 0;

    // Returns when notified since the last return to this caller's process, at the deadline, or when stop is requested.
    // A notification that came while nobody waited ends the next wait at once. A notifier that lost its connection
    // returns `notified` once after it came back, since some may have been missed.
    [[nodiscard]] virtual Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) = 0;

    // Empty while notifications arrive; otherwise why this notifier only polls, for `status` and `doctor`.
    [[nodiscard]] virtual std::string degraded() const { return {}; }
};

}  // namespace embedq
