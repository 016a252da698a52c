#include "server.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "responder.h"
#include "wire.h"

namespace protocol_server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Steady = std::chrono::steady_clock;

constexpr std::size_t piece = 64UL * 1024;  // bytes of a write, so that a client that disconnects is noticed

std::int64_t microseconds(Steady::time_point time) {
    return std::chrono::duration_cast<Microseconds>(time.time_since_epoch()).count();
}

// The slots in which requests are served, and the queue before them. `Begin` is called with the time at which the
// service begins.
class Slots {
public:
    using Begin = std::function<void(Steady::time_point)>;
    struct Waiting {
        std::uint64_t ticket;
        Steady::time_point since;
        Begin begin;
    };

    // False when the queue is full.
    bool enter(const Script& script, std::uint64_t ticket, Begin begin) {
        const auto now = Steady::now();
        if (script.concurrency == 0 || serving_ < script.concurrency) {
            ++serving_;
            begin(now);
            return true;
        }
        if (waiting_.size() >= script.queue) return false;
        waiting_.push_back({ticket, now, std::move(begin)});
        return true;
    }
    // A slot is free since `since`.
    void leave(const Script& script, Steady::time_point since) {
        --serving_;
        while (!waiting_.empty() && (script.concurrency == 0 || serving_ < script.concurrency)) {
            Waiting next = std::move(waiting_.front());
            waiting_.pop_front();
            ++serving_;
            next.begin(std::max(since, next.since));
        }
    }
    void give_up(std::uint64_t ticket) {
        std::erase_if(waiting_, [&](const Waiting& one) { return one.ticket == ticket; });
    }
    [[nodiscard]] std::size_t serving() const noexcept { return serving_; }

private:
    std::size_t serving_ = 0;
    std::deque<Waiting> waiting_;
};

// What the connections share. Used by the server's thread; the responder also by others, under the mutex.
struct Shared {
    std::mutex mutex;
    Responder responder;  // guarded by mutex
    Slots slots;
    std::uint64_t tickets = 0;
};

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, Shared& shared, std::uint64_t number)
        : socket_(std::move(socket)), timer_(socket_.get_executor()), shared_(shared), number_(number) {}

    void read() {
        parser_.emplace();
        parser_->body_limit(std::size_t{1} << 30U);
        http::async_read(socket_, buffer_, *parser_,
                         [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                             if (!error) self->take();
                         });
    }

private:
    void take() {
        if (stale_) return close();
        auto message = parser_->release();
        const std::string target = std::string(message.target());
        const std::size_t question = target.find('?');
        request_ = {.method = std::string(message.method_string()),
                    .path = target.substr(0, question),
                    .query = question == std::string::npos ? "" : target.substr(question + 1),
                    .authorization = std::string(message[http::field::authorization]),
                    .api_key = std::string(message[message.count("api-key") > 0 ? "api-key" : "x-goog-api-key"]),
                    .body = std::move(message.body()),
                    .connection = number_,
                    .keep_alive = message.keep_alive()};
        const std::lock_guard lock(shared_.mutex);
        reply_ = shared_.responder.answer(request_, microseconds(Steady::now()));
        request_.body.clear();
        if (reply_.call) count_arrival();
        if (!reply_.serves) return send();
        watch();
        ticket_ = ++shared_.tickets;
        const auto arrived = Steady::now();
        const bool taken = shared_.slots.enter(
            shared_.responder.script(), ticket_,
            [self = shared_from_this(), arrived](Steady::time_point from) { self->serve(arrived, from); });
        if (taken) return;
        const auto call = reply_.call;
        reply_ = shared_.responder.busy(request_);
        reply_.call = call;
        send();
    }

    // --- service; the mutex is held

    void serve(Steady::time_point arrived, Steady::time_point from) {
        Tally& tally = shared_.responder.tally();
        serving_ = true;
        tally.serving = shared_.slots.serving();
        tally.max_serving = std::max(tally.max_serving, tally.serving);
        if (CallRecord* call = record())
            call->waited = std::chrono::duration_cast<Microseconds>(from - arrived).count();
        due_ = from + reply_.cost;
        // Keeps its slot until the client disconnects.
        if (reply_.transport && reply_.transport->action == FaultAction::hang) return;
        timer_.expires_at(due_);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (error) return;
            const std::lock_guard lock(self->shared_.mutex);
            if (self->gone_) return;
            self->leave(self->due_);
            self->send();
        });
    }

    void leave(Steady::time_point since) {
        if (!std::exchange(serving_, false)) return;
        shared_.slots.leave(shared_.responder.script(), since);
        shared_.responder.tally().serving = shared_.slots.serving();
    }

    // Notices when the client disconnects while it waits for its answer.
    void watch() {
        waiting_ = true;
        socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](boost::system::error_code) {
            const std::lock_guard lock(self->shared_.mutex);
            if (!self->waiting_) return;
            boost::system::error_code error;
            if (self->socket_.available(error) > 0 && !error) return;  // the next request, sent early
            self->abandon();
        });
    }

    void abandon() {
        gone_ = true;
        waiting_ = false;
        timer_.cancel();
        shared_.slots.give_up(ticket_);
        leave(Steady::now());
        ++shared_.responder.tally().abandoned;
        count_end();
        close();
    }

    // --- the answer; the mutex is held

    void send() {
        waiting_ = false;
        const FaultAction action = reply_.transport ? reply_.transport->action : FaultAction::error;
        if (CallRecord* call = record()) {
            call->status = reply_.status;
            call->until = microseconds(Steady::now());
        }
        count_end();
        if (action == FaultAction::close) return close();
        if (action == FaultAction::reset) {
            boost::system::error_code ignored;
            static_cast<void>(socket_.set_option(asio::socket_base::linger(true, 0), ignored));
            static_cast<void>(socket_.close(ignored));
            return;
        }
        Wire wire = on_the_wire(reply_, request_.keep_alive);
        keep_alive_ = wire.keep_alive;
        stale_ = action == FaultAction::stale;
        bytes_ = std::move(wire.head);
        const std::size_t head = bytes_.size();
        bytes_ += wire.body;
        at_ = 0;
        end_ = bytes_.size();
        piece_ = piece;
        pause_ = {};
        stalls_ = action == FaultAction::stall;
        if (stalls_ || action == FaultAction::cut) {
            end_ = head + static_cast<std::size_t>(static_cast<double>(wire.body.size()) * reply_.transport->at);
        }
        if (action == FaultAction::drip) {
            piece_ = std::max<std::size_t>(1, reply_.transport->bytes);
            pause_ = reply_.transport->every.value_or(std::chrono::milliseconds(10));
        }
        write();
    }

    void write() {
        const std::size_t size = std::min(piece_, end_ - at_);
        asio::async_write(socket_, asio::buffer(bytes_.data() + at_, size),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t sent) {
                              if (error) return self->close();
                              self->at_ += sent;
                              self->written();
                          });
    }

    void written() {
        if (at_ < end_) {
            if (pause_ == Microseconds{}) return write();
            timer_.expires_after(pause_);
            timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
                if (!error) self->write();
            });
            return;
        }
        if (stalls_) {
            // Sends nothing more until the client disconnects.
            socket_.async_wait(tcp::socket::wait_read,
                               [self = shared_from_this()](boost::system::error_code) { self->close(); });
            return;
        }
        if (end_ < bytes_.size() || !keep_alive_) return close();
        read();
    }

    void close() {
        boost::system::error_code ignored;
        static_cast<void>(socket_.shutdown(tcp::socket::shutdown_both, ignored));
        static_cast<void>(socket_.close(ignored));
    }

    // --- counting

    CallRecord* record() {
        auto& calls = shared_.responder.tally().calls;
        return reply_.call && *reply_.call < calls.size() ? &calls[*reply_.call] : nullptr;
    }
    void count_arrival() {
        Tally& tally = shared_.responder.tally();
        tally.max_in_flight = std::max(tally.max_in_flight, ++tally.in_flight);
    }
    void count_end() {
        if (reply_.call) --shared_.responder.tally().in_flight;
    }

    tcp::socket socket_;
    asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    Shared& shared_;
    const std::uint64_t number_;

    HttpRequest request_;
    Reply reply_;
    std::uint64_t ticket_ = 0;
    Steady::time_point due_;
    bool serving_ = false;
    bool waiting_ = false;
    bool gone_ = false;
    bool stale_ = false;

    std::string bytes_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::size_t piece_ = piece;
    Microseconds pause_{};
    bool stalls_ = false;
    bool keep_alive_ = true;
};

}  // namespace

class ProtocolServer::Server {
public:
    Server(std::string_view script, std::uint16_t port) : acceptor_(io_) {
        shared_.responder.change(script);
        try {
            const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
            acceptor_.open(endpoint.protocol());
            acceptor_.set_option(tcp::acceptor::reuse_address(true));
            acceptor_.bind(endpoint);
            acceptor_.listen(512);
            port_ = acceptor_.local_endpoint().port();
        } catch (const boost::system::system_error& error) {
            throw std::runtime_error("cannot listen on port " + std::to_string(port) + ": " + error.code().message());
        }
        accept();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Server() {
        io_.stop();
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) {
                boost::system::error_code ignored;
                static_cast<void>(socket.set_option(tcp::no_delay(true), ignored));
                std::uint64_t number = 0;
                {
                    const std::lock_guard lock(shared_.mutex);
                    number = ++shared_.responder.tally().connections;
                }
                std::make_shared<Session>(std::move(socket), shared_, number)->read();
            }
            accept();
        });
    }

    // Sessions hold sockets of the context, so it is destroyed last.
    asio::io_context io_{1};
    Shared shared_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

ProtocolServer::ProtocolServer(std::string_view script, std::uint16_t port)
    : server_(std::make_unique<Server>(script, port)) {}

ProtocolServer::~ProtocolServer() = default;

std::uint16_t ProtocolServer::port() const noexcept {
    return server_->port_;
}

std::string ProtocolServer::url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port_);
}

void ProtocolServer::change(std::string_view script) {
    const std::lock_guard lock(server_->shared_.mutex);
    server_->shared_.responder.change(script);
}

void ProtocolServer::reset() {
    const std::lock_guard lock(server_->shared_.mutex);
    server_->shared_.responder.reset();
}

Tally ProtocolServer::tally() const {
    const std::lock_guard lock(server_->shared_.mutex);
    return server_->shared_.responder.tally();
}

}  // namespace protocol_server
