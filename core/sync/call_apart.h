// A call that nothing can end, such as one of a library that connects: it runs on a thread of its own, and the caller
// waits for it only until its time is over, or a stop. A call that is given up continues until it returns, and keeps
// what it was given.
//
// Thread-safety: may be called from any thread.
#pragma once

#include <condition_variable>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "sync/mutex.h"
#include "sync/watchdog.h"

namespace embedq::sync {

// What `call` returns or throws; or why it was given up. `call` owns everything that it uses.
template <class Call>
[[nodiscard]] std::expected<std::invoke_result_t<Call>, Watchdog::Reason> call_apart(Watchdog& watchdog,
                                                                                     Watchdog::Steady deadline,
                                                                                     Call call) {
    struct State {
        Mutex mutex;
        std::condition_variable_any changed;
        std::optional<std::invoke_result_t<Call>> result EMBEDQ_GUARDED_BY(mutex);
        std::exception_ptr thrown EMBEDQ_GUARDED_BY(mutex);
        bool given_up EMBEDQ_GUARDED_BY(mutex) = false;
    };
    const auto state = std::make_shared<State>();
    const auto run = [state, call = std::move(call)]() mutable {
        std::optional<std::invoke_result_t<Call>> result;
        std::exception_ptr thrown;
        try {
            result.emplace(call());
        } catch (...) {
            thrown = std::current_exception();
        }
        const Lock lock(state->mutex);
        state->result = std::move(result);
        state->thrown = std::move(thrown);
        state->changed.notify_all();
    };
    std::thread(run).detach();
    const Watchdog::Watch watch(watchdog, deadline, [state] {
        const Lock lock(state->mutex);
        state->given_up = true;
        state->changed.notify_all();
    });
    Lock lock(state->mutex);
    state->changed.wait(lock, [&]() EMBEDQ_REQUIRES(state->mutex) {
        return state->result || state->thrown != nullptr || state->given_up;
    });
    // The exception ends with this thread, which reads it, and not with the call's.
    std::exception_ptr thrown = std::exchange(state->thrown, nullptr);
    if (state->result) return std::move(*state->result);
    lock.unlock();
    if (thrown != nullptr) std::rethrow_exception(std::move(thrown));
    return std::unexpected(watch.ended().value_or(Watchdog::Reason::stop));
}

}  // namespace embedq::sync
