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

    // Announces that there may be work. Never blocks on the network; the host merges calls: the first immediately, then
    // at most one per 50 ms, and always one after the last.
    virtual void publish() = 0;

    // Returns when a notification arrives, at the deadline, or when a stop is requested. A notification that arrived
    // while nobody waited ends the next wait immediately. After a lost connection is restored it returns `notified`
    // once, since notifications may have been missed.
    [[nodiscard]] virtual Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) = 0;

    // Empty while notifications arrive; otherwise why this notifier only polls, for `status` and `doctor`.
    [[nodiscard]] virtual std::string degraded() const { return {}; }
};

}  // namespace embedq
