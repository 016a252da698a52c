#include "cli/store_wait.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/present.h"
#include "sync/backoff.h"

namespace embedq::cli {

using std::chrono::milliseconds;

bool StoreWait::operator()(const Error& error) {
    constexpr sync::Backoff backoff = sync::fixed_backoff(milliseconds(250), milliseconds(5'000));
    if (interruption_.token().stop_requested()) return false;
    milliseconds pause = backoff.delay(++failures_);
    if (limit_) pause = std::min(pause, *limit_ - waited_);
    if (pause <= milliseconds::zero()) return false;
    if (failures_ == 1) console_.report(LogLevel::warn, fmt::format("{}; waiting for it", plain(to_string(error))));
    waited_ += pause;
    return interruption_.wait_for(pause);
}

void StoreWait::available() {
    if (failures_ == 0) return;
    console_.report(LogLevel::info, fmt::format("the store answers again after {}", duration_of(waited_)));
    failures_ = 0;
    waited_ = milliseconds::zero();
}

}  // namespace embedq::cli
