// A call under test on a thread of its own, so that one that never returns fails its case and blocks nothing else.
//
// Thread-safety: a Call belongs to one thread; its body runs on another.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "conformance/ending.h"
#include "kit/cases.h"

namespace embedq::conformance {

using Steady = std::chrono::steady_clock;

// The result of a call of a void function.
struct Done {};

// Makes calls_are_hanging() true.
void note_hanging_call() noexcept;
[[nodiscard]] std::string in_words(Steady::duration time);

template <class T>
class Call {
public:
    // `what` begins the sentence of a failure: "embed() of 3 texts". The body owns what it uses: it may outlive the
    // case.
    template <class Body>
    Call(std::string what, Body body) : what_(std::move(what)), state_(std::make_shared<State>()) {
        thread_ = std::thread([state = state_, call = std::move(body)]() mutable { state->run(call); });
    }
    Call(Call&&) = default;
    Call& operator=(Call&&) = delete;
    ~Call() {
        if (!thread_.joinable()) return;
        if (done_within(Steady::duration::zero())) {
            thread_.join();
        } else {
            give_up();
        }
    }

    [[nodiscard]] bool done_within(Steady::duration limit) { return state_->done_within(limit); }

    // What the body returned; ends the case when it threw or does not return within the limit.
    [[nodiscard]] T result(Steady::duration limit, std::source_location where = std::source_location::current()) {
        if (!done_within(limit)) {
            give_up();
            throw CaseEnded(what_ + " had not returned after " + in_words(limit) + " of waiting", where);
        }
        if (thread_.joinable()) thread_.join();
        if (!state_->thrown.empty()) throw CaseEnded(what_ + " threw: " + state_->thrown, where);
        return std::move(*state_->value);
    }

    // When the body returned. Only after it did.
    [[nodiscard]] Steady::time_point finished() const noexcept { return state_->finished; }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable returned;
        bool done = false;  // guarded by mutex; the others are written before it is set
        std::optional<T> value;
        std::string thrown;
        Steady::time_point finished;

        template <class Body>
        void run(Body& body) {
            try {
                value.emplace(body());
            } catch (const std::exception& exception) {
                thrown = exception.what();
            } catch (...) {
                thrown = "something that is not a std::exception";
            }
            finished = Steady::now();
            const std::lock_guard lock(mutex);
            done = true;
            returned.notify_all();
        }
        bool done_within(Steady::duration limit) {
            std::unique_lock lock(mutex);
            return returned.wait_for(lock, limit, [this] { return done; });
        }
    };

    void give_up() {
        thread_.detach();
        note_hanging_call();
    }

    std::string what_;
    std::shared_ptr<State> state_;
    std::thread thread_;
};

// How long making and destroying an instance may take, on a busy machine under sanitizers.
inline constexpr std::chrono::seconds instance_limit{10};

// Destroys an instance within a bound: one whose destructor does not return fails the case.
template <class T>
struct DestroyInTime {
    std::string who;

    void operator()(T* instance) const noexcept try {
        Call<Done> call("destroying " + who, [instance] {
            delete instance;
            return Done{};
        });
        (void)call.result(instance_limit);
    } catch (const std::exception& failure) {
        ADD_FAILURE() << failure.what();
    }
};

// An instance from a factory, or the end of the case. `who`: "the provider".
template <class T, class Factory>
[[nodiscard]] std::shared_ptr<T> make_instance(const Factory& factory, const std::string& who) {
    Call<Result<std::unique_ptr<T>>> call("making " + who, [factory] { return factory(); });
    std::unique_ptr<T> made = value_of(call.result(instance_limit), "the factory of " + who);
    if (made == nullptr) throw CaseEnded("the factory of " + who + " gave neither an instance nor an error");
    return {made.release(), DestroyInTime<T>{who}};
}

}  // namespace embedq::conformance
