// One call on a thread of its own, for calls into plugins that may hang: the caller waits for the result only as long
// as it wants to.
//
// Thread-safety: the thread that starts it waits for it and destroys it; `ended` may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "embedq/error.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::engine {

template <class T>
class BackgroundCall {
public:
    using Function = std::function<Result<T>(std::stop_token)>;

    // Starts the call. The destructor requests a stop and waits for the end of the call. With a `grace` it waits no
    // longer than that: the call then ends by itself some time later, and keeps the function and what it owns. A call
    // for which the system starts no thread has ended with that error.
    explicit BackgroundCall(Function function, std::optional<std::chrono::milliseconds> grace = std::nullopt)
        : state_(std::make_shared<State>(std::move(function))), grace_(grace) {
        const Status started =
            sync::start_thread(thread_, [state = state_] { state->end(state->function(state->stop.get_token())); });
        if (!started) state_->end(std::unexpected(started.error()));
    }
    ~BackgroundCall() {
        if (!thread_.joinable()) return;
        request_stop();
        if (ends_in_time()) {
            thread_.join();
        } else {
            thread_.detach();
        }
    }
    BackgroundCall(BackgroundCall&&) noexcept = default;
    BackgroundCall& operator=(BackgroundCall&&) = delete;
    BackgroundCall(const BackgroundCall&) = delete;
    BackgroundCall& operator=(const BackgroundCall&) = delete;

    // The result, once; nothing where the call has not ended at the deadline or at the stop.
    [[nodiscard]] std::optional<Result<T>> wait_until(std::chrono::steady_clock::time_point deadline,
                                                      std::stop_token stop = {}) {
        State& state = *state_;
        sync::Lock lock(state.mutex);
        state.changed.wait_until(lock, std::move(stop), deadline,
                                 [&]() EMBEDQ_REQUIRES(state.mutex) { return state.ended; });
        return std::exchange(state.result, std::nullopt);
    }
    [[nodiscard]] bool ended() const {
        const sync::Lock lock(state_->mutex);
        return state_->ended;
    }
    void request_stop() { state_->stop.request_stop(); }

private:
    struct State {
        explicit State(Function called) : function(std::move(called)) {}
        void end(Result<T> its_result) {
            const sync::Lock lock(mutex);
            result = std::move(its_result);
            ended = true;
            changed.notify_all();
        }

        const Function function;
        std::stop_source stop;
        sync::Mutex mutex;
        std::condition_variable_any changed;
        std::optional<Result<T>> result EMBEDQ_GUARDED_BY(mutex);
        bool ended EMBEDQ_GUARDED_BY(mutex) = false;
    };

    [[nodiscard]] bool ends_in_time() const {
        if (!grace_) return true;
        State& state = *state_;
        sync::Lock lock(state.mutex);
        return state.changed.wait_for(lock, *grace_, [&]() EMBEDQ_REQUIRES(state.mutex) { return state.ended; });
    }

    std::shared_ptr<State> state_;
    std::optional<std::chrono::milliseconds> grace_;
    std::thread thread_;
};

}  // namespace embedq::engine
