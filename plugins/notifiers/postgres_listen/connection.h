// One session with a PostgreSQL server that never blocks: who uses it polls its descriptor and then lets it go on.
//
// libpq and not libpqxx: 6.4 connects and asks blocking only, and replaces a lost session silently by one that does not
// listen. Thread-safety: one thread at a time.
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
    // Begins to connect. Looking up a host's name is the one thing that blocks; libpq cannot do it otherwise.
    explicit Connection(const Parameters& parameters);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // What to poll, and for what (POLLIN, POLLOUT). The descriptor may change while connecting.
    [[nodiscard]] int descriptor() const;
    [[nodiscard]] short events() const;

    // Goes on connecting, after the descriptor was ready: true when connected.
    [[nodiscard]] Result<bool> connect();

    // Sends a statement; the answer to the one before must have been taken.
    [[nodiscard]] Status send(const std::string& statement);
    // Sends and takes what can be sent and taken now. Fails when the session is lost.
    [[nodiscard]] Status exchange();
    // The answer to the statement that was sent, once it is whole.
    [[nodiscard]] std::optional<Result<Answer>> take_answer();
    [[nodiscard]] std::vector<Notification> take_notifications();

    // The backend's pid as the server told it when connecting; a pooler tells a number of its own.
    [[nodiscard]] int announced_pid() const;
    [[nodiscard]] std::string identifier(std::string_view name) const;
    [[nodiscard]] std::string literal(std::string_view text) const;

private:
    struct Closer {
        void operator()(pg_conn* session) const;
    };

    void keep(pg_result& result);
    [[nodiscard]] std::string fault() const;

    std::string last_words_;  // what the server said before it closed the session
    std::unique_ptr<pg_conn, Closer> session_;
    bool connected_ = false;
    bool writing_ = true;  // what is polled for while connecting, or more to send
    std::optional<Result<Answer>> answer_;
    bool whole_ = false;  // the answer is
    std::vector<Notification> notifications_;
};

}  // namespace embedq::notifiers
