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
constexpr milliseconds between_notifications = 50ms;
// For how long `degraded` waits for the first attempt to end, and for how long a notification may be on its way through
// a pooler.
constexpr milliseconds first_attempt = 1s;
constexpr milliseconds passing = 1s;
constexpr milliseconds farewell = 1s;
constexpr milliseconds first_pause = 250ms;
// So many processes that lost the same server do not all come back at the same moment.
constexpr milliseconds scatter = 100ms;
// A pooler keeps the sessions it listened with, so the name is always the same.
constexpr std::string_view probe_channel = "embedq_probe";

// 0 up to 1.
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

// Both fail only when there is nothing to do: it is woken already, or not woken at all.
void WakeDescriptor::wake() const {
    const std::uint64_t one = 1;
    (void)!::write(descriptor_, &one, sizeof one);
}

void WakeDescriptor::clear() const {
    std::uint64_t count = 0;
    (void)!::read(descriptor_, &count, sizeof count);
}

Listener::Listener(Address address, ListenSettings settings, Context& context, PollSchedule& schedule)
    : address_(std::move(address)), settings_(std::move(settings)), context_(context), schedule_(schedule) {}

Listener::~Listener() {
    {
        sync::Lock lock(mutex_);
        changed_.wait_for(lock, farewell,
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
    if (!changed_.wait_for(lock, first_attempt, [&]() EMBEDQ_REQUIRES(mutex_) { return state_ != State::starting; })) {
        return address_.name + " has not answered yet";
    }
    return why_;
}

void Listener::run(const std::stop_token& stop) {
    int failures = 0;
    while (!stop.stop_requested()) {
        auto opened = open(stop);
        if (stop.stop_requested()) break;
        if (opened && opened->why_not.empty()) {
            set_outlet(std::move(*opened));
            arrives();
            const Status lost = tend(forever, stop);
            if (lost) break;
            drop_outlet();
            ceased(to_string(lost.error()));
            failures = 0;
        } else if (opened) {
            const std::string why_not = opened->why_not;
            set_outlet(std::move(*opened));
            ceased(why_not);
            ++failures;
        } else {
            tell_reach();
            ceased(to_string(opened.error()));
            ++failures;
        }
        const Steady again = context_.clock().now() + pause(failures);
        while (!tend(again, stop)) drop_outlet();
    }
    drop_outlet();
}

// --- opening a session
// ----------------------------------------------------------------------------------------------------------

Result<Listener::Opened> Listener::open(const std::stop_token& stop) {
    std::string faults;
    for (const Parameters& host : address_.hosts) {
        auto opened = open(host, stop);
        if (opened || stop.stop_requested()) return opened;
        faults += (faults.empty() ? "" : "; ") + to_string(opened.error());
    }
    return fail(ErrorKind::unavailable, faults);
}

Result<Listener::Opened> Listener::open(const Parameters& host, const std::stop_token& stop) {
    auto connection = connect(host, stop);
    if (!connection) return std::unexpected(connection.error());
    const auto server = ask(**connection, "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid()", stop);
    if (!server) return std::unexpected(server.error());
    if (server->at(0) == "t") return fail(ErrorKind::unavailable, "it is a standby, where nobody can listen");

    // Behind a pooler the two pids differ, and in transaction mode a session does not stay: LISTEN would be another's.
    if (server->at(1) != std::to_string((*connection)->announced_pid())) {
        const auto passes = passes_on(**connection, host, stop);
        if (!passes) return std::unexpected(passes.error());
        if (!*passes) {
            return Opened{.connection = std::move(*connection),
                          .backend = server->at(1),
                          .why_not =
                              "a pooler stands before the server and passes no notifications on, as in transaction "
                              "mode; give the "
                              "notifier's option 'url' the server itself"};
        }
    }
    const auto listening = ask(**connection, "LISTEN " + (*connection)->identifier(settings_.channel), stop);
    if (!listening) return std::unexpected(listening.error());
    return Opened{.connection = std::move(*connection), .backend = server->at(1), .why_not = {}};
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

// Whether a notification that another session gives reaches this one while it has nothing to do.
Result<bool> Listener::passes_on(Connection& connection, const Parameters& host, const std::stop_token& stop) {
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
    const Steady deadline = context_.clock().now() + passing;
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

// Until the connection is ready. The outlet is looked after meanwhile.
Status Listener::wait_for(Connection& connection, Steady deadline, const std::stop_token& stop) {
    for (;;) {
        if (stop.stop_requested()) return fail(ErrorKind::unavailable, "stopped");
        if (!tend_now()) drop_outlet();
        pollfd ready{connection.descriptor(), connection.events(), 0};
        if (::poll(&ready, 1, 0) > 0) return {};
        if (context_.clock().now() >= deadline)
            return fail(ErrorKind::unavailable, "the server does not answer in time");
        sleep_until(std::min(deadline, next_turn()), &connection);
    }
}

// --- the session that is open
// ---------------------------------------------------------------------------------------------------

void Listener::set_outlet(Opened opened) {
    outlet_ = std::move(opened.connection);
    outlet_backend_ = std::move(opened.backend);
    outlet_listens_ = opened.why_not.empty();
    next_probe_ = context_.clock().now() + settings_.probe_interval;
    asked_ = Asked::nothing;
    notified(false);
    tell_reach();
}

void Listener::drop_outlet() {
    outlet_.reset();
    asked_ = Asked::nothing;
    notified(false);
    tell_reach();
}

// What was on its way and did not arrive is given again by the next session.
void Listener::notified(bool delivered) {
    {
        const sync::Lock lock(mutex_);
        const bool again = std::exchange(notifying_, false) && !delivered;
        to_notify_ = to_notify_ || again;
    }
    changed_.notify_all();
}

void Listener::tell_reach() {
    {
        const sync::Lock lock(mutex_);
        can_notify_ = outlet_ != nullptr;
    }
    changed_.notify_all();
}

Status Listener::tend(Steady until, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (Status tended = tend_now(); !tended) return tended;
        if (context_.clock().now() >= until) break;
        sleep_until(std::min(until, next_turn()), nullptr);
    }
    return {};
}

// All that can be done now.
Status Listener::tend_now() {
    if (outlet_ == nullptr) return {};
    if (Status exchanged = outlet_->exchange(); !exchanged) return exchanged;
    for (const Notification& notification : outlet_->take_notifications()) {
        // Its own woke this process when it was published.
        const bool own = std::to_string(notification.sender) == outlet_backend_;
        if (outlet_listens_ && !own && notification.channel == settings_.channel) schedule_.publish();
    }
    if (Status taken = take_outlet_answer(); !taken) return taken;
    const Steady now = context_.clock().now();
    if (asked_ == Asked::nothing) return ask_outlet(now);
    if (now < answer_by_) return {};
    return fail(ErrorKind::unavailable, "the server has not answered for " + seconds(settings_.probe_timeout));
}

Status Listener::take_outlet_answer() {
    const auto answer = outlet_->take_answer();
    if (!answer) return {};
    const Asked asked = std::exchange(asked_, Asked::nothing);
    if (asked == Asked::probe) {
        next_probe_ = context_.clock().now() + settings_.probe_interval;
        if (!*answer) return std::unexpected(answer->error());
        if ((*answer)->at(0) == "0") return fail(ErrorKind::unavailable, "the session did not listen any more");
        return {};
    }
    // What the server refuses is dropped: others find the work by polling.
    if (!*answer) context_.logger().debug("a notification could not be given: " + answer->error().message);
    notified(true);
    return {};
}

Status Listener::ask_outlet(Steady now) {
    std::string statement;
    {
        const sync::Lock lock(mutex_);
        if (to_notify_ && now >= next_notify_) {
            to_notify_ = false;
            notifying_ = true;
            asked_ = Asked::notify;
            next_notify_ = now + between_notifications;
            statement = "NOTIFY " + outlet_->identifier(settings_.channel);
        } else if (outlet_listens_ && now >= next_probe_) {
            asked_ = Asked::probe;
            statement = "SELECT count(*) FROM pg_catalog.pg_listening_channels() AS channel WHERE channel = " +
                        outlet_->literal(settings_.channel);
        }
    }
    if (statement.empty()) return {};
    answer_by_ = now + settings_.probe_timeout;
    return outlet_->send(statement);
}

// When there is something to do without the socket being ready.
Listener::Steady Listener::next_turn() {
    if (outlet_ == nullptr) return forever;
    if (asked_ != Asked::nothing) return answer_by_;
    const sync::Lock lock(mutex_);
    return std::min(to_notify_ ? next_notify_ : forever, outlet_listens_ ? next_probe_ : forever);
}

// Until then, until a socket is ready, or until woken.
void Listener::sleep_until(Steady until, const Connection* also) {
    std::array<pollfd, 3> polled = {{{woken_.descriptor(), POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}}};
    if (outlet_ != nullptr) polled[1] = {outlet_->descriptor(), outlet_->events(), 0};
    if (also != nullptr) polled[2] = {also->descriptor(), also->events(), 0};
    int timeout = -1;
    if (until != forever) {
        constexpr std::int64_t longest = 3'600'000;
        const auto left = std::chrono::ceil<milliseconds>(until - context_.clock().now()).count();
        timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, longest));
    }
    if (::poll(polled.data(), polled.size(), timeout) > 0 && polled[0].revents != 0) woken_.clear();
}

// --- standing
// -------------------------------------------------------------------------------------------------------------------

// Between half and all of a time that doubles with each failure; after none, a moment.
Clock::Steady::duration Listener::pause(int failures) {
    if (failures == 0) return std::chrono::duration_cast<Steady::duration>(scatter * context_.uniform());
    const sync::Backoff backoff{
        .base = first_pause, .max = settings_.retry_max, .jitter = 0.5, .mode = sync::Jitter::below};
    return backoff.delay(static_cast<std::uint64_t>(failures), context_.uniform());
}

// Whoever learns of the new state has been given its hint: both happen under the lock.
void Listener::arrives() {
    State before = State::listening;
    {
        const sync::Lock lock(mutex_);
        before = std::exchange(state_, State::listening);
        why_.clear();
        schedule_.set_polling(false);
        schedule_.publish();
    }
    changed_.notify_all();
    if (before == State::polling) context_.logger().info("notifications arrive again from " + address_.name);
}

void Listener::ceased(const std::string& why) {
    State before = State::polling;
    {
        const sync::Lock lock(mutex_);
        before = std::exchange(state_, State::polling);
        why_ = address_.name + ": " + why;
        if (before != State::polling) {
            schedule_.set_polling(true);
            schedule_.publish();
        }
    }
    changed_.notify_all();
    if (before == State::polling) {
        context_.logger().debug("still no notifications from " + address_.name + ": " + why);
    } else {
        context_.logger().warn("no notifications arrive from " + address_.name + " (" + why +
                               "); until they do, work is looked for at an interval");
    }
}

}  // namespace embedq::notifiers
