#include "cli/store_wait.h"

#include <fmt/format.h>

#include <algorithm>

namespace embedq::cli {

using std::chrono::milliseconds;

bool StoreWait::operator()(const Error& error) {
    constexpr milliseconds first{250};
    constexpr milliseconds longest{5'000};
    if (interruption_.token().stop_requested()) return false;
    const bool tell = pause_ == milliseconds::zero();
    pause_ = std::clamp(pause_ * 2, first, longest);
    if (limit_) pause_ = std::min(pause_, *limit_ - waited_);
    if (pause_ <= milliseconds::zero()) return false;
    if (tell) console_.note(fmt::format("embedq: warning: {}; waiting for it", plain(error.message)));
    waited_ += pause_;
    return interruption_.wait_for(pause_);
}

}  // namespace embedq::cli
