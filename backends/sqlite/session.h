// The connections of one store: one that writes, and a few that read, so that reading never waits behind writing.
//
// Every member may be called from any thread. The file is opened at the first use.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "database.h"
#include "embedq/context.h"
#include "embedq/error.h"
#include "failure.h"
#include "migrations.h"

namespace embedq::sqlite {

class Session {
public:
    Session(ConnectionSettings settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}

    // Runs `body(connection, now)` as one write transaction. An Error that it returns rolls back.
    template <class Body>
    auto write(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{}));
    // Runs `body(connection, now)` on one snapshot. `now` is read before the snapshot is taken.
    template <class Body>
    auto read(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{}));

    [[nodiscard]] const ConnectionSettings& settings() const noexcept { return settings_; }

    [[nodiscard]] Result<MigrationState> migration_state();
    [[nodiscard]] Result<MigrationState> migrate();
    // A number that changes after another process, or another store on the same file, has written.
    [[nodiscard]] Result<std::uint64_t> change_stamp();

private:
    // Ends a transaction that was not committed.
    class Transaction {
    public:
        Transaction(Connection& connection, const char* begin) : connection_(connection) { connection_.execute(begin); }
        ~Transaction();
        void commit() { connection_.execute("COMMIT"); }

    private:
        Connection& connection_;
    };
    // A reader taken from the pool for one verb.
    class Lease {
    public:
        explicit Lease(Session& session) : session_(session), connection_(session.take_reader()) {}
        ~Lease();
        [[nodiscard]] Connection& connection() { return *connection_; }
        // After a failure the connection is not used again.
        void discard() { connection_.reset(); }

    private:
        Session& session_;
        std::unique_ptr<Connection> connection_;
    };

    [[nodiscard]] std::int64_t now() const { return clock_.wall().time_since_epoch().count(); }
    [[nodiscard]] std::unique_ptr<Connection> open(bool writes, bool create) const;
    [[nodiscard]] std::unique_ptr<Connection> take_reader();
    [[nodiscard]] Connection& writer();      // under writer_mutex_
    void note_stamp();                       // under writer_mutex_
    void after_failure(const Error& error);  // under writer_mutex_

    const ConnectionSettings settings_;
    const Clock& clock_;

    std::mutex writer_mutex_;
    std::unique_ptr<Connection> writer_;  // guarded by writer_mutex_
    std::atomic<std::uint64_t> stamp_{0};
    std::uint64_t reopened_ = 0;  // guarded by writer_mutex_

    std::mutex readers_mutex_;
    std::vector<std::unique_ptr<Connection>> readers_;  // idle; guarded by readers_mutex_
};

template <class Body>
auto Session::write(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{})) {
    const std::lock_guard lock(writer_mutex_);
    try {
        Connection& connection = writer();
        Transaction transaction(connection, "BEGIN IMMEDIATE");
        require_schema(connection);
        auto result = body(connection, now());
        if (!result) return result;
        transaction.commit();
        note_stamp();
        return result;
    } catch (Failure& caught) {
        after_failure(caught.error);
        return std::unexpected(std::move(caught.error));
    }
}

template <class Body>
auto Session::read(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{})) {
    try {
        Lease lease(*this);
        try {
            const std::int64_t at = now();
            Transaction transaction(lease.connection(), "BEGIN");
            require_schema(lease.connection());
            return body(lease.connection(), at);
        } catch (...) {
            lease.discard();
            throw;
        }
    } catch (Failure& caught) {
        return std::unexpected(std::move(caught.error));
    }
}

}  // namespace embedq::sqlite
