// One session with a PostgreSQL server that never blocks: the caller polls its descriptor and then calls it again.
//
// It uses libpq and not libpqxx: version 6.4 can only connect and query blocking, and silently replaces a lost session
// with one that does not listen.
//
// Thread-safety: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"
#include "notifiers/postgres_listen/address.h"

struct pg_conn;
struct pg_result;

namespace embedq::notifiers {

// The first row of a statement's last result.
using Answer = std::vector<std::string>;

struct Notification {
    std::string channel;
    std::string payload;
    int sender = 0;  // the pid of the backend
};

class Connection {
public:
    // Begins to connect. Only the lookup of a host's name blocks; libpq has no other way.
    explicit Connection(const Parameters& parameters);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // What to poll, and for what (POLLIN, POLLOUT). The descriptor may change while connecting.
    [[nodiscard]] int descriptor() const;
    [[nodiscard]] short events() const;

    // Continues to connect when the descriptor is ready: true when connected.
    [[nodiscard]] Result<bool> connect();

    // Sends a statement; the answer to the previous one must have been taken.
    [[nodiscard]] Status send(const std::string& statement);
    // Writes and reads what is possible without waiting. Fails when the session is lost.
    [[nodiscard]] Status exchange();
    // The answer to the statement that was sent, once it is complete.
    [[nodiscard]] std::optional<Result<Answer>> take_answer();
    [[nodiscard]] std::vector<Notification> take_notifications();

    // The backend's pid as reported when connecting; a pooler reports a number of its own.
    [[nodiscard]] int announced_pid() const;
    [[nodiscard]] std::string identifier(std::string_view name) const;
    [[nodiscard]] std::string literal(std::string_view text) const;

private:
    struct Closer {
        void operator()(pg_conn* session) const;
    };

    void keep(pg_result& result);
    // Why the session failed.
    [[nodiscard]] std::string failure() const;

    std::string fatal_notice_;  // the server's reason for closing the session
    std::unique_ptr<pg_conn, Closer> session_;
    bool connected_ = false;
    bool writing_ = true;  // poll for POLLOUT
    std::optional<Result<Answer>> answer_;
    bool answer_complete_ = false;
    std::vector<Notification> notifications_;
};

}  // namespace embedq::notifiers
