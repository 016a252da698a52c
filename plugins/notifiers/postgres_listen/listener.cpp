#include "notifiers/postgres_listen/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "sync/backoff.h"
#include "sync/mutex.h"

namespace embedq::notifiers {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto forever = Clock::Steady::max();
constexpr milliseconds min_notify_interval = 50ms;
constexpr milliseconds first_attempt_wait = 1s;  // of `degraded`
constexpr milliseconds delivery_timeout = 1s;    // of a notification through a pooler
constexpr milliseconds shutdown_wait = 1s;       // for the last notification
constexpr milliseconds first_retry_delay = 250ms;
// Always the same name, since a pooler keeps the sessions that it listened with.
constexpr std::string_view probe_channel = "embedq_probe";

std::string seconds(milliseconds time) {
    if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + " s";
    return std::to_string(time.count()) + " ms";
}

}  // namespace

WakeDescriptor::WakeDescriptor() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WakeDescriptor::~WakeDescriptor() {
    ::close(descriptor_);
}

// Both fail only when there is nothing to do: the descriptor is readable already, or not readable.
void WakeDescriptor::wake() const {
    const std::uint64_t one = 1;
    (void)!::write(descriptor_, &one, sizeof one);
}

void WakeDescriptor::clear() const {
    std::uint64_t count = 0;
    (void)!::read(descriptor_, &count, sizeof count);
}

Listener::Listener(Address address, ListenSettings settings, Context& context, PollSchedule& schedule)
    : address_(std::move(address)),
      settings_(std::move(settings)),
      context_(context),
      schedule_(schedule),
      faults_(context),
      // Random, so that the processes that lost the same server do not all connect at the same moment.
      listening_(faults_, context, "get notifications from " + address_.name + " (it polls meanwhile)",
                 {.base = first_retry_delay, .max = settings_.retry_max, .jitter = 0.5, .mode = sync::Jitter::below}) {}

Listener::~Listener() {
    {
        sync::Lock lock(mutex_);
        changed_.wait_for(lock, shutdown_wait,
                          [&]() EMBEDQ_REQUIRES(mutex_) { return !can_notify_ || (!to_notify_ && !notifying_); });
    }
    thread_.request_stop();
    woken_.wake();
}

void Listener::start() {
    std::call_once(started_, [this] { thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); }); });
}

void Listener::publish() {
    {
        const sync::Lock lock(mutex_);
        if (std::exchange(to_notify_, true)) return;
    }
    woken_.wake();
}

std::string Listener::degraded() {
    sync::Lock lock(mutex_);
    if (!changed_.wait_for(lock, first_attempt_wait,
                           [&]() EMBEDQ_REQUIRES(mutex_) { return state_ != State::starting; })) {
        return address_.name + " has not answered yet";
    }
    return degraded_reason_;
}

void Listener::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto opened = open(stop);
        if (stop.stop_requested()) break;
        if (opened && !opened->cannot_listen) {
            set_session(std::move(*opened));
            notifications_started();
            const Status lost = serve_session(forever, stop);
            if (lost) break;
            drop_session();
            notifications_stopped(lost.error());
        } else if (opened) {
            const Error reason = *opened->cannot_listen;
            set_session(std::move(*opened));
            notifications_stopped(reason);
        } else {
            update_can_notify();
            notifications_stopped(opened.error());
        }
        while (!serve_session(listening_.again_at(), stop)) drop_session();
    }
    drop_session();
}

// --- opening a session

Result<Listener::Opened> Listener::open(const std::stop_token& stop) {
    std::string problems;  // of all hosts
    for (const Parameters& host : address_.hosts) {
        auto opened = open(host, stop);
        if (opened || stop.stop_requested()) return opened;
        problems += (problems.empty() ? "" : "; ") + to_string(opened.error());
    }
    return fail(ErrorKind::unavailable, problems);
}

Result<Listener::Opened> Listener::open(const Parameters& host, const std::stop_token& stop) {
    auto connection = connect(host, stop);
    if (!connection) return std::unexpected(connection.error());
    const auto server = ask(**connection, "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid()", stop);
    if (!server) return std::unexpected(server.error());
    if (server->at(0) == "t") return fail(ErrorKind::unavailable, "it is a standby, where LISTEN is not possible");

    // Behind a pooler the two pids differ. In transaction mode the session changes, so LISTEN would apply to another
    // one.
    if (server->at(1) != std::to_string((*connection)->announced_pid())) {
        const auto passes = delivers_notifications(**connection, host, stop);
        if (!passes) return std::unexpected(passes.error());
        if (!*passes) {
            return Opened{.connection = std::move(*connection),
                          .backend = server->at(1),
                          .cannot_listen = Error{ErrorKind::unavailable,
                                                 "a pooler in front of the server does not deliver notifications, as "
                                                 "in transaction mode",
                                                 "set the notifier's option 'url' to the server itself"}};
        }
    }
    const auto listening = ask(**connection, "LISTEN " + (*connection)->identifier(settings_.channel), stop);
    if (!listening) return std::unexpected(listening.error());
    return Opened{.connection = std::move(*connection), .backend = server->at(1), .cannot_listen = std::nullopt};
}

Result<Listener::ConnectionPtr> Listener::connect(const Parameters& host, const std::stop_token& stop) {
    const Steady deadline = context_.clock().now() + settings_.connect_timeout;
    auto connection = std::make_unique<Connection>(host);
    for (;;) {
        const auto connected = connection->connect();
        if (!connected) return std::unexpected(connected.error());
        if (*connected) return connection;
        if (Status waited = wait_for(*connection, deadline, stop); !waited) return std::unexpected(waited.error());
    }
}

// Whether a notification that another session sends reaches this one while it is idle.
Result<bool> Listener::delivers_notifications(Connection& connection, const Parameters& host,
                                              const std::stop_token& stop) {
    const std::string channel = connection.identifier(probe_channel);
    const std::string token = std::to_string(context_.random());
    if (auto listening = ask(connection, "LISTEN " + channel, stop); !listening)
        return std::unexpected(listening.error());
    {
        auto other = connect(host, stop);
        if (!other) return std::unexpected(other.error());
        const auto notified = ask(**other, "NOTIFY " + channel + ", " + (*other)->literal(token), stop);
        if (!notified) return std::unexpected(notified.error());
    }
    const Steady deadline = context_.clock().now() + delivery_timeout;
    bool arrived = false;
    while (!arrived) {
        if (Status read = connection.exchange(); !read) return std::unexpected(read.error());
        for (const Notification& notification : connection.take_notifications())
            arrived = arrived || notification.payload == token;
        if (!arrived && !wait_for(connection, deadline, stop)) break;
    }
    if (auto unlistened = ask(connection, "UNLISTEN " + channel, stop); !unlistened)
        return std::unexpected(unlistened.error());
    return arrived;
}

Result<Answer> Listener::ask(Connection& connection, const std::string& statement, const std::stop_token& stop) {
    const Steady deadline = context_.clock().now() + settings_.probe_timeout;
    if (Status sent = connection.send(statement); !sent) return std::unexpected(sent.error());
    for (;;) {
        if (auto answer = connection.take_answer()) return std::move(*answer);
        if (Status waited = wait_for(connection, deadline, stop); !waited) return std::unexpected(waited.error());
        if (Status exchanged = connection.exchange(); !exchanged) return std::unexpected(exchanged.error());
    }
}

// Waits until the connection is ready, and serves session_ meanwhile.
Status Listener::wait_for(Connection& connection, Steady deadline, const std::stop_token& stop) {
    for (;;) {
        if (stop.stop_requested()) return fail(ErrorKind::unavailable, "the notifier was stopped");
        if (!serve_session_once()) drop_session();
        pollfd ready{connection.descriptor(), connection.events(), 0};
        if (::poll(&ready, 1, 0) > 0) return {};
        if (context_.clock().now() >= deadline)
            return fail(ErrorKind::unavailable, "the server does not answer in time");
        sleep_until(std::min(deadline, next_event()), &connection);
    }
}

// --- the session that is open

void Listener::set_session(Opened opened) {
    session_ = std::move(opened.connection);
    session_backend_ = std::move(opened.backend);
    session_listens_ = !opened.cannot_listen;
    next_probe_ = context_.clock().now() + settings_.probe_interval;
    pending_ = Pending::nothing;
    finish_notify(false);
    update_can_notify();
}

void Listener::drop_session() {
    session_.reset();
    pending_ = Pending::nothing;
    finish_notify(false);
    update_can_notify();
}

// A notification that was sent but not confirmed is sent again by the next session.
void Listener::finish_notify(bool delivered) {
    {
        const sync::Lock lock(mutex_);
        const bool again = std::exchange(notifying_, false) && !delivered;
        to_notify_ = to_notify_ || again;
    }
    changed_.notify_all();
}

void Listener::update_can_notify() {
    {
        const sync::Lock lock(mutex_);
        can_notify_ = session_ != nullptr;
    }
    changed_.notify_all();
}

Status Listener::serve_session(Steady until, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (Status served = serve_session_once(); !served) return served;
        if (context_.clock().now() >= until) break;
        sleep_until(std::min(until, next_event()), nullptr);
    }
    return {};
}

// Does everything that does not need to wait.
Status Listener::serve_session_once() {
    if (session_ == nullptr) return {};
    if (Status exchanged = session_->exchange(); !exchanged) return exchanged;
    for (const Notification& notification : session_->take_notifications()) {
        // Its own notification woke this process when it was published.
        const bool own = std::to_string(notification.sender) == session_backend_;
        if (session_listens_ && !own && notification.channel == settings_.channel) schedule_.publish();
    }
    if (Status taken = take_session_answer(); !taken) return taken;
    const Steady now = context_.clock().now();
    if (pending_ == Pending::nothing) return send_next_statement(now);
    if (now < answer_by_) return {};
    return fail(ErrorKind::unavailable, "the server has not answered for " + seconds(settings_.probe_timeout));
}

Status Listener::take_session_answer() {
    const auto answer = session_->take_answer();
    if (!answer) return {};
    const Pending pending = std::exchange(pending_, Pending::nothing);
    if (pending == Pending::probe) {
        next_probe_ = context_.clock().now() + settings_.probe_interval;
        if (!*answer) return std::unexpected(answer->error());
        if ((*answer)->at(0) == "0") return fail(ErrorKind::unavailable, "the session no longer listened");
        return {};
    }
    // A notification that the server refuses is dropped: others find the work by polling.
    if (!*answer) context_.logger().debug("a notification could not be sent: " + to_string(answer->error()));
    finish_notify(true);
    return {};
}

Status Listener::send_next_statement(Steady now) {
    std::string statement;
    {
        const sync::Lock lock(mutex_);
        if (to_notify_ && now >= next_notify_) {
            to_notify_ = false;
            notifying_ = true;
            pending_ = Pending::notify;
            next_notify_ = now + min_notify_interval;
            statement = "NOTIFY " + session_->identifier(settings_.channel);
        } else if (session_listens_ && now >= next_probe_) {
            pending_ = Pending::probe;
            statement = "SELECT count(*) FROM pg_catalog.pg_listening_channels() AS channel WHERE channel = " +
                        session_->literal(settings_.channel);
        }
    }
    if (statement.empty()) return {};
    answer_by_ = now + settings_.probe_timeout;
    return session_->send(statement);
}

// The next time when there is something to do, even if the socket is not ready.
Listener::Steady Listener::next_event() {
    if (session_ == nullptr) return forever;
    if (pending_ != Pending::nothing) return answer_by_;
    const sync::Lock lock(mutex_);
    return std::min(to_notify_ ? next_notify_ : forever, session_listens_ ? next_probe_ : forever);
}

// Sleeps until then, until a socket is ready, or until woken.
void Listener::sleep_until(Steady until, const Connection* also) {
    std::array<pollfd, 3> polled = {{{woken_.descriptor(), POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}}};
    if (session_ != nullptr) polled[1] = {session_->descriptor(), session_->events(), 0};
    if (also != nullptr) polled[2] = {also->descriptor(), also->events(), 0};
    int timeout = -1;
    if (until != forever) {
        constexpr std::int64_t max_timeout = 3'600'000;
        const auto left = std::chrono::ceil<milliseconds>(until - context_.clock().now()).count();
        timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, max_timeout));
    }
    if (::poll(polled.data(), polled.size(), timeout) > 0 && polled[0].revents != 0) woken_.clear();
}

// --- state

// The state and the wake-up change under one lock, so a thread that sees the new state has also been woken.
void Listener::notifications_started() {
    {
        const sync::Lock lock(mutex_);
        state_ = State::listening;
        degraded_reason_.clear();
        schedule_.set_polling(false);
        schedule_.publish();
    }
    changed_.notify_all();
    listening_.succeeded();
}

void Listener::notifications_stopped(const Error& error) {
    {
        const sync::Lock lock(mutex_);
        degraded_reason_ = address_.name + ": " + to_string(error);
        if (std::exchange(state_, State::polling) != State::polling) {
            schedule_.set_polling(true);
            schedule_.publish();
        }
    }
    changed_.notify_all();
    listening_.failed(error);
}

}  // namespace embedq::notifiers
