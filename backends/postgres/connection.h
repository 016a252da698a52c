// One session with the server, and the rows that a statement returned. The only header between this plugin and libpqxx.
//
// A Connection belongs to one thread at a time; Rows may be read from any. Everything here throws Failure, and whatever
// a session's role, database or server sets, the settings that matter here are the same (connection.cpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/values.h"
#include "failure.h"
#include "parameters.h"
#include "silence_check.h"
#include "sync/watchdog.h"

namespace embedq::postgres {

struct ConnectionSettings {
    std::string url;     // as configured; may have the password, so only libpq gets it
    std::string schema;  // quoted already, for SQL
    std::chrono::milliseconds statement_timeout{60'000};
    // How long this side waits for the answer to what is short whatever the store holds: calls on the queue, rows that
    // are found by their key, the checks of a connection. Other calls may take the statement's time and a few seconds.
    std::chrono::milliseconds call_timeout{10'000};
    bool prepare = true;
    // The session writes nothing, and may be one with a standby.
    bool read_only = false;
};

// The server as people may see it, without credentials: "host:port/database".
[[nodiscard]] std::string place_of(const std::string& url);

// Neither text has a part of the password.
struct UrlProblem {
    std::string message;
    std::string hint = {};
};
// What is wrong with a URL, or nothing.
[[nodiscard]] std::optional<UrlProblem> problem_with_url(const std::string& url);

class Rows {
public:
    explicit Rows(std::shared_ptr<const void> result) : result_(std::move(result)) {}
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool null(std::size_t row, int column) const;
    // Valid as long as these Rows.
    [[nodiscard]] std::string_view view(std::size_t row, int column) const;
    [[nodiscard]] std::string text(std::size_t row, int column) const { return std::string(view(row, column)); }
    [[nodiscard]] std::int64_t integer(std::size_t row, int column) const;
    [[nodiscard]] std::size_t count(std::size_t row, int column) const;
    [[nodiscard]] double number(std::size_t row, int column) const;
    [[nodiscard]] bool boolean(std::size_t row, int column) const { return view(row, column) == "t"; }
    // Of a bytea, in either of the forms that `bytea_output` chooses.
    [[nodiscard]] std::vector<std::byte> bytes(std::size_t row, int column) const;
    [[nodiscard]] std::size_t byte_count(std::size_t row, int column) const;
    // Decodes into `out`, whose size must be the value's.
    [[nodiscard]] bool decode(std::size_t row, int column, std::span<std::byte> out) const;
    [[nodiscard]] Sha256 hash(std::size_t row, int column) const;
    [[nodiscard]] std::optional<std::int64_t> maybe(std::size_t row, int column) const;
    [[nodiscard]] Time time(std::size_t row, int column) const {
        return Time(std::chrono::microseconds(integer(row, column)));
    }
    [[nodiscard]] std::optional<Time> maybe_time(std::size_t row, int column) const;
    // The elements of a text array without nulls.
    [[nodiscard]] std::vector<std::string> texts(std::size_t row, int column) const;

private:
    std::shared_ptr<const void> result_;
};

// Which limit a statement has: see ConnectionSettings.
enum class Duration : std::uint8_t { moments, statement };

class Connection {
public:
    // Connects. `unavailable` when the server does not answer or is a standby; `misconfigured` when it refuses. The
    // watchdog must outlive the connection: it shuts the socket down under a call whose time is over, or which a stop
    // ends, and that call fails as `unavailable`. Without a watchdog, calls wait for as long as the peer acknowledges.
    // So does the check, which looks at long calls; it needs the watchdog.
    explicit Connection(const ConnectionSettings& settings, sync::Watchdog* watchdog = nullptr,
                        SilenceCheck* silence = nullptr);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // From now on a statement may take a day, or until a stop.
    void prepare_to_migrate() noexcept;
    // A function of the schema as `SELECT * FROM function(…)`. Outside begin and commit it is a transaction of its own.
    Rows call(std::string_view function, const Parameters& parameters);
    // One statement, with $1 and so on; never prepared.
    Rows query(const std::string& statement, const Parameters& parameters);
    // SQL without parameters, several statements allowed.
    Rows execute(const std::string& sql, Duration duration = Duration::statement);
    void begin(const char* how = "BEGIN");
    void commit();
    // After a failure. Then the connection is like a new one, or disconnected.
    void rollback() noexcept;
    // Inside a transaction: reads a function's rows through a cursor, `page` at a time.
    void read_pages(std::string_view function, const Parameters& parameters, std::size_t page,
                    const std::function<void(const Rows&)>& each);

    // True behind a pooler: what belongs to a session (prepared statements, SET, LISTEN, session locks) may belong to
    // another client's session.
    [[nodiscard]] bool pooled() const noexcept;
    [[nodiscard]] int server_version() const noexcept;
    [[nodiscard]] const std::string& place() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace embedq::postgres
