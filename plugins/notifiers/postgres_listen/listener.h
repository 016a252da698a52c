// Listens to a channel of a PostgreSQL server from a thread of its own, for as long as it lives.
//
// It connects, checks that notifications are delivered, listens, and checks at an interval that the session still
// listens. When notifications start or stop arriving, it wakes the process, since some may have been missed. While they
// do not arrive, it lets the schedule poll, reports why, and keeps trying. The socket is always read: a listener that
// does not read keeps the server from cleaning up.
//
// Thread-safety: all members may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "embedq/context.h"
#include "notifiers/postgres_listen/address.h"
#include "notifiers/postgres_listen/connection.h"
#include "notifiers/wake/poll_schedule.h"
#include "sync/fault_log.h"
#include "sync/mutex.h"
#include "sync/retry.h"

namespace embedq::notifiers {

struct ListenSettings {
    std::string channel;
    std::chrono::milliseconds probe_interval;
    std::chrono::milliseconds probe_timeout;
    std::chrono::milliseconds connect_timeout;
    std::chrono::milliseconds retry_max;
};

// A descriptor that another thread makes readable, which wakes the thread that polls it.
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
    // Waits up to a second for the last notification to be sent: a program that only enqueues ends right after it.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Starts the thread, if it is not running. The constructor does not, since making a notifier needs no connection.
    void start();
    // Makes the thread notify the channel: immediately, then at most once per 50 ms. A notification that cannot be sent
    // now is sent when it can.
    void publish();
    // Why notifications do not arrive; empty while they do. Waits up to a second for the first attempt to end.
    [[nodiscard]] std::string degraded();

private:
    enum class State { starting, listening, polling };
    using Steady = Clock::Steady;
    using ConnectionPtr = std::unique_ptr<Connection>;

    // A session that can at least notify.
    struct Opened {
        ConnectionPtr connection;
        std::string backend;                 // its pid
        std::optional<Error> cannot_listen;  // why; nothing when it listens
    };
    // The statement whose answer is awaited.
    enum class Pending { nothing, notify, probe };

    void run(const std::stop_token& stop);

    // Opening: these wait, for answers or until a deadline or a stop.
    [[nodiscard]] Result<Opened> open(const std::stop_token& stop);
    [[nodiscard]] Result<Opened> open(const Parameters& host, const std::stop_token& stop);
    [[nodiscard]] Result<ConnectionPtr> connect(const Parameters& host, const std::stop_token& stop);
    [[nodiscard]] Result<bool> delivers_notifications(Connection& connection, const Parameters& host,
                                                      const std::stop_token& stop);
    [[nodiscard]] Result<Answer> ask(Connection& connection, const std::string& statement, const std::stop_token& stop);
    [[nodiscard]] Status wait_for(Connection& connection, Steady deadline, const std::stop_token& stop);

    // Reads from and writes to session_ until then, or until it is lost, which is the error.
    [[nodiscard]] Status serve_session(Steady until, const std::stop_token& stop);
    [[nodiscard]] Status serve_session_once();
    [[nodiscard]] Status take_session_answer();
    [[nodiscard]] Status send_next_statement(Steady now);
    [[nodiscard]] Steady next_event();
    void sleep_until(Steady until, const Connection* also);

    void set_session(Opened opened);
    void drop_session();
    void finish_notify(bool delivered);
    void update_can_notify();

    void notifications_started();
    void notifications_stopped(const Error& error);

    const Address address_;
    const ListenSettings settings_;
    Context& context_;
    PollSchedule& schedule_;
    const WakeDescriptor woken_;

    // Used by the thread alone: the session that notifies, and listens if it can.
    ConnectionPtr session_;
    std::string session_backend_;
    bool session_listens_ = false;
    Pending pending_ = Pending::nothing;
    Steady answer_by_;
    Steady next_probe_;
    Steady next_notify_;
    sync::FaultLog faults_;
    sync::Retry listening_;

    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    State state_ EMBEDQ_GUARDED_BY(mutex_) = State::starting;
    std::string degraded_reason_ EMBEDQ_GUARDED_BY(mutex_);
    bool to_notify_ EMBEDQ_GUARDED_BY(mutex_) = false;
    bool notifying_ EMBEDQ_GUARDED_BY(mutex_) = false;  // sent, but not answered yet
    bool can_notify_ EMBEDQ_GUARDED_BY(mutex_) = true;  // also while it is not known yet

    std::once_flag started_;
    std::jthread thread_;
};

}  // namespace embedq::notifiers
