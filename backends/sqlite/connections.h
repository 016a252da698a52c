// The connections of one store: one that writes, and a few that read, so that reading never waits behind writing.
//
// Every member may be called from any thread. The file is opened on first use.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "database.h"
#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/store_types.h"
#include "failure.h"
#include "file_watch.h"
#include "migrations.h"
#include "sync/mutex.h"

namespace embedq::sqlite {

class Connections {
public:
    Connections(ConnectionSettings settings, Context& context)
        : settings_(std::move(settings)), clock_(context.clock()), file_(settings_.path, context.logger()) {}

    // Runs `body(connection, now)` as one write transaction. If it returns an Error, the transaction is rolled back.
    template <class Body>
    auto write(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{}));
    // Runs `body(connection, now)` on one snapshot. `now` is read before the snapshot is taken.
    template <class Body>
    auto read(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{}));

    [[nodiscard]] const ConnectionSettings& settings() const noexcept { return settings_; }

    [[nodiscard]] Result<MigrationState> migration_state();
    [[nodiscard]] Result<MigrationState> migrate(const std::stop_token& stop);
    // A number that changes after another process, or another store on the same file, has written.
    [[nodiscard]] Result<std::uint64_t> change_stamp();
    // A revision of the file, such that it grows for this process when the file is replaced by one with a lower one.
    [[nodiscard]] std::uint64_t revision(const Connection& connection, std::int64_t in_file) const;
    // The revision in the file that the connection has open; nothing where it is one of an earlier file.
    [[nodiscard]] std::optional<std::int64_t> in_file(const Connection& connection, std::uint64_t revision) const;
    // As Store::interrupt: waits for a lock end, and statements that run long.
    void interrupt() noexcept;

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
        explicit Lease(Connections& connections) : connections_(connections), connection_(connections.take_reader()) {}
        ~Lease();
        [[nodiscard]] Connection& connection() { return *connection_; }
        // After a failure the connection is not used again.
        void discard() { connection_.reset(); }

    private:
        Connections& connections_;
        std::unique_ptr<Connection> connection_;
    };

    [[nodiscard]] std::unexpected<Error> refuse_to_write() const;
    [[nodiscard]] std::int64_t now() const { return clock_.wall().time_since_epoch().count(); }
    [[nodiscard]] std::unique_ptr<Connection> open(bool writes, bool create, std::stop_token stop = {}) const;
    [[nodiscard]] std::unique_ptr<Connection> take_reader();
    [[nodiscard]] Connection& writer() EMBEDQ_REQUIRES(writer_mutex_);
    void note_stamp() EMBEDQ_REQUIRES(writer_mutex_);
    void after_failure(const Error& error) EMBEDQ_REQUIRES(writer_mutex_);

    const ConnectionSettings settings_;
    const Clock& clock_;
    FileWatch file_;
    std::stop_source interrupted_;

    sync::Mutex writer_mutex_;
    std::unique_ptr<Connection> writer_ EMBEDQ_GUARDED_BY(writer_mutex_);
    std::atomic<std::uint64_t> stamp_{0};
    std::uint64_t reopened_ EMBEDQ_GUARDED_BY(writer_mutex_) = 0;

    sync::Mutex readers_mutex_;
    std::vector<std::unique_ptr<Connection>> readers_ EMBEDQ_GUARDED_BY(readers_mutex_);  // idle
};

template <class Body>
auto Connections::write(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{})) {
    if (settings_.read_only) return refuse_to_write();
    file_.look();
    const auto began = std::chrono::steady_clock::now();
    const sync::Lock lock(writer_mutex_);
    try {
        Connection& connection = writer();
        connection.count_busy_from(began);
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
auto Connections::read(Body&& body) -> decltype(body(std::declval<Connection&>(), std::int64_t{})) {
    file_.look();
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
