// Starts threads. The system may refuse one, for a moment or because of a limit. That is an error like any other: the
// caller returns it or tries again, and it never ends a loop or the process.
//
// Thread-safety: may be called from any thread.
#pragma once

#include <system_error>
#include <utility>

#include "embedq/error.h"

namespace embedq::sync {

// `thread`, a std::thread or std::jthread, runs `function` from now on. `unavailable`, with `thread` as it was, where
// the system refuses.
template <class Thread, class Function>
[[nodiscard]] Status start_thread(Thread& thread, Function&& function) {
    try {
        thread = Thread(std::forward<Function>(function));
    } catch (const std::system_error& refused) {
        return fail(ErrorKind::unavailable, "the system starts no further thread: " + refused.code().message(),
                    "raise the limits on threads and memory: ulimit -u and -v, TasksMax or pids.max");
    }
    return {};
}

}  // namespace embedq::sync
