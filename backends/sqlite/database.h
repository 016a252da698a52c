// A thin wrapper of SQLite's C interface: a connection with its prepared statements, and one run of a statement.
//
// A connection and its runs belong to one thread at a time; connections.h ensures that. Failures are thrown
// (failure.h).
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "embedq/values.h"
#include "file_watch.h"

struct sqlite3;
struct sqlite3_stmt;

namespace embedq::sqlite {

struct ConnectionSettings {
    std::string path;
    std::chrono::milliseconds busy_timeout{10'000};
    bool full_sync = true;
    bool writes = false;               // without it, SQLite itself refuses writes
    bool create = false;               // creates the file and its folder
    bool read_only = false;            // nothing is written, neither to the file nor beside it
    std::stop_token stop = {};         // ends the wait for another process that has the file locked
    std::stop_token interrupted = {};  // ends that and whatever takes long, and lets no statement begin
};

class Connection {
public:
    // Throws Failure. Without `create` a file that is not there is SQLITE_CANTOPEN.
    explicit Connection(ConnectionSettings settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Runs statements that return no rows and take no parameters.
    void execute(const char* sql);
    // The prepared form of a statement, kept for the next use. `sql` must live as long as the connection: its address
    // is the key.
    [[nodiscard]] sqlite3_stmt* prepared(const char* sql);
    [[nodiscard]] sqlite3_stmt* prepare(std::string_view sql, bool keep);

    [[nodiscard]] std::int64_t last_id() const noexcept;
    // Rows that the last INSERT, UPDATE or DELETE touched.
    [[nodiscard]] std::size_t touched() const noexcept;
    [[nodiscard]] bool in_transaction() const noexcept;
    // Interrupts the statement that runs on the connection. From any thread, as long as the connection exists.
    void interrupt() noexcept;
    [[noreturn]] void fail(std::string_view doing) const;
    [[nodiscard]] const std::string& path() const noexcept { return settings_.path; }
    // From now on a locked file is waited for until `busy_timeout` after that moment, so that a call that waited behind
    // others does not begin to count again; but for a moment at least.
    void count_busy_from(std::chrono::steady_clock::time_point began) noexcept;
    // The file that it opened. Nothing for a database in memory.
    [[nodiscard]] const std::optional<FileId>& file() const noexcept { return file_; }
    // It takes the file for one that nobody writes: what is written later is not seen by it.
    [[nodiscard]] bool immutable() const noexcept { return immutable_; }
    // Waits for another process that has the file locked. False after a stop.
    [[nodiscard]] bool wait(std::chrono::microseconds time) const;

private:
    void open();
    // Where the user of this process may not write, and no write-ahead log is there, SQLite can read the file only as
    // one that nobody writes: it has nowhere to keep locks.
    [[nodiscard]] bool must_be_immutable() const;

    static int on_busy(void* self, int count);
    static int on_progress(void* self);

    ConnectionSettings settings_;
    sqlite3* handle_ = nullptr;
    std::optional<FileId> file_;
    bool immutable_ = false;
    std::optional<std::chrono::steady_clock::time_point> call_began_;
    std::chrono::steady_clock::time_point busy_until_{};  // for so long a file that was found locked is waited for
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// One run of a statement: parameters in order, then rows. It ends when the object is destroyed.
class Run {
public:
    template <class... Parameters>
    Run(Connection& connection, const char* sql, const Parameters&... parameters)
        : connection_(connection), statement_(connection.prepared(sql)) {
        bind_all(parameters...);
    }
    // A statement put together at run time; prepared for this run alone.
    Run(Connection& connection, const std::string& sql)
        : connection_(connection), statement_(connection.prepare(sql, false)), owned_(true) {}
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    template <class... Parameters>
    void bind_all(const Parameters&... parameters) {
        int index = 0;
        (bind(++index, parameters), ...);
    }
    template <std::integral Integer>
    void bind(int index, Integer value) {
        bind_integer(index, static_cast<std::int64_t>(value));
    }
    void bind(int index, double value);
    void bind(int index, std::string_view text);
    void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
    void bind(int index, const char* text) { bind(index, std::string_view(text)); }
    void bind(int index, std::span<const std::byte> blob);
    template <std::size_t Size>
    void bind(int index, const std::array<std::byte, Size>& blob) {
        bind(index, std::span<const std::byte>(blob));
    }
    void bind(int index, std::nullopt_t none);
    template <class Value>
    void bind(int index, const std::optional<Value>& value) {
        if (value) {
            bind(index, *value);
        } else {
            bind(index, std::nullopt);
        }
    }

    // True while there is a row.
    [[nodiscard]] bool next();
    // Runs a statement that changes rows; returns how many.
    std::size_t change();
    // Makes the statement ready for the next parameters.
    void rewind();

    [[nodiscard]] bool null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> maybe(int column) const;
    [[nodiscard]] double number(int column) const;
    // Valid until the next row.
    [[nodiscard]] std::string_view view(int column) const;
    [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
    [[nodiscard]] std::span<const std::byte> blob(int column) const;
    template <std::size_t Size>
    [[nodiscard]] std::array<std::byte, Size> bytes(int column) const {
        std::array<std::byte, Size> value{};
        copy(column, value);
        return value;
    }
    [[nodiscard]] Sha256 hash(int column) const { return bytes<32>(column); }
    [[nodiscard]] Time time(int column) const { return Time(std::chrono::microseconds(integer(column))); }
    [[nodiscard]] std::optional<Time> maybe_time(int column) const;

private:
    void bind_integer(int index, std::int64_t value);
    void copy(int column, std::span<std::byte> into) const;
    void check(int code) const;

    Connection& connection_;
    sqlite3_stmt* statement_;
    bool owned_ = false;
};

// The first column of the first row.
template <class... Parameters>
[[nodiscard]] std::optional<std::int64_t> value_of(Connection& connection, const char* sql,
                                                   const Parameters&... parameters) {
    Run run(connection, sql, parameters...);
    if (!run.next()) return std::nullopt;
    return run.maybe(0);
}

template <class... Parameters>
std::size_t change(Connection& connection, const char* sql, const Parameters&... parameters) {
    return Run(connection, sql, parameters...).change();
}

}  // namespace embedq::sqlite
