// Listens to a channel of a PostgreSQL server from a thread of its own, for as long as it lives.
//
// It connects, makes sure that notifications really arrive, listens, and asks now and then in the same session whether
// it still listens. Whenever notifications begin or cease to arrive it reports work, since some may have been missed,
// and while they do not it lets the schedule poll, says why, and tries again and again. The socket is always read: a
// listener that does not read keeps the server from cleaning up. Thread-safety: all members may be called from any
// thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "embedq/context.h"
#include "notifiers/postgres_listen/address.h"
#include "notifiers/postgres_listen/connection.h"
#include "notifiers/wake/poll_schedule.h"
#include "sync/mutex.h"

namespace embedq::notifiers {

struct ListenSettings {
    std::string channel;
    std::chrono::milliseconds probe_interval;
    std::chrono::milliseconds probe_timeout;
    std::chrono::milliseconds connect_timeout;
    std::chrono::milliseconds retry_max;
};

// A descriptor that another thread makes readable, so that whoever polls it goes on.
class WakeDescriptor {
public:
    WakeDescriptor();
    ~WakeDescriptor();
    WakeDescriptor(const WakeDescriptor&) = delete;
    WakeDescriptor& operator=(const WakeDescriptor&) = delete;

    void wake() const;
    void clear() const;
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    const int descriptor_;
};

class Listener {
public:
    // The context and the schedule outlive the listener.
    Listener(Address address, ListenSettings settings, Context& context, PollSchedule& schedule);
    // What was published last is still given, if that takes but a moment: a program that only enqueues ends right after
    // it.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Starts the thread, if it does not run yet: whoever only makes a notifier needs no connection.
    void start();
    // Has the thread notify the channel: at once, then at most once per 50 ms. One that cannot be given now is given
    // when it can.
    void publish();
    // Empty while notifications arrive. Waits a moment for the first attempt to end.
    [[nodiscard]] std::string degraded();

private:
    enum class State { starting, listening, polling };
    using Steady = Clock::Steady;
    using ConnectionPtr = std::unique_ptr<Connection>;

    // A session that can at least notify.
    struct Opened {
        ConnectionPtr connection;
        std::string backend;  // its pid
        std::string why_not;  // it cannot listen; empty when it does
    };
    enum class Asked { nothing, notify, probe };

    void run(const std::stop_token& stop);

    // Opening: these wait, for answers or until a deadline or a stop.
    [[nodiscard]] Result<Opened> open(const std::stop_token& stop);
    [[nodiscard]] Result<Opened> open(const Parameters& host, const std::stop_token& stop);
    [[nodiscard]] Result<ConnectionPtr> connect(const Parameters& host, const std::stop_token& stop);
    [[nodiscard]] Result<bool> passes_on(Connection& connection, const Parameters& host, const std::stop_token& stop);
    [[nodiscard]] Result<Answer> ask(Connection& connection, const std::string& statement, const std::stop_token& stop);
    [[nodiscard]] Status wait_for(Connection& connection, Steady deadline, const std::stop_token& stop);

    // Looks after the outlet until then, or until it is lost, which is the failure.
    [[nodiscard]] Status tend(Steady until, const std::stop_token& stop);
    [[nodiscard]] Status tend_now();
    [[nodiscard]] Status take_outlet_answer();
    [[nodiscard]] Status ask_outlet(Steady now);
    [[nodiscard]] Steady next_turn();
    void sleep_until(Steady until, const Connection* also);

    void set_outlet(Opened opened);
    void drop_outlet();
    void notified(bool delivered);
    void tell_reach();
    [[nodiscard]] Clock::Steady::duration pause(int failures);

    void arrives();
    void ceased(const std::string& why);

    const Address address_;
    const ListenSettings settings_;
    Context& context_;
    PollSchedule& schedule_;
    const WakeDescriptor woken_;

    // The thread's own: the session that notifies, and listens if it can.
    ConnectionPtr outlet_;
    std::string outlet_backend_;
    bool outlet_listens_ = false;
    Asked asked_ = Asked::nothing;
    Steady answer_by_;
    Steady next_probe_;
    Steady next_notify_;

    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    State state_ EMBEDQ_GUARDED_BY(mutex_) = State::starting;
    std::string why_ EMBEDQ_GUARDED_BY(mutex_);
    bool to_notify_ EMBEDQ_GUARDED_BY(mutex_) = false;
    bool notifying_ EMBEDQ_GUARDED_BY(mutex_) = false;  // sent, and not answered yet
    bool can_notify_ EMBEDQ_GUARDED_BY(mutex_) = true;  // or it is not known yet

    std::once_flag started_;
    std::jthread thread_;
};

}  // namespace embedq::notifiers
