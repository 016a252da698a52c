// The connections of one store, and how a verb runs on them.
//
// Every member may be called from any thread. Connections are made on first use, kept for the next use, and replaced
// when they break.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connection.h"
#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/store.h"
#include "silence_check.h"
#include "sync/mutex.h"
#include "sync/watchdog.h"

namespace embedq::postgres {

class ConnectionPool {
public:
    ConnectionPool(ConnectionSettings settings, std::size_t pool, Context& context);
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    // Calls one function of the schema, as one transaction; `read` turns its rows into the verb's result. Rows are read
    // here and nowhere else, so that nothing that a row holds can throw across the contract.
    template <class Read>
    auto call(std::string_view function, const Parameters& parameters, Read&& read)
        -> Result<decltype(read(std::declval<const Rows&>()))>;

    // Runs `body(connection)` as one transaction. If it returns an Error, the transaction is rolled back. It may run
    // several times: a transaction that conflicts with another one, or whose idle connection turns out to be dead, is
    // started again.
    template <class Body>
    auto transaction(Body&& body) -> decltype(body(std::declval<Connection&>()));
    // The same, reading from one snapshot, which never conflicts.
    template <class Body>
    auto snapshot(Body&& body) -> decltype(body(std::declval<Connection&>()));

    // Runs `body(connection)`, whatever version the schema has.
    template <class Body>
    auto with_connection(Body&& body) -> decltype(body(std::declval<Connection&>())) {
        return attempt(
            [&](Lease& lease) -> decltype(body(std::declval<Connection&>())) { return body(lease.connection()); });
    }

    [[nodiscard]] std::size_t pool() const noexcept { return pool_; }
    [[nodiscard]] const std::string& schema() const noexcept { return settings_.schema; }
    [[nodiscard]] Result<MigrationState> migration_state();
    [[nodiscard]] Result<MigrationState> migrate(const std::stop_token& stop);
    [[nodiscard]] std::string place() const { return place_of(settings_.url); }
    // As Store::interrupt.
    void interrupt() noexcept;

private:
    using Steady = std::chrono::steady_clock::time_point;
    struct Pooled {
        std::unique_ptr<Connection> connection;
        Steady schema_seen_at{};  // when the schema was last found to be this build's
    };
    // A connection taken for one attempt.
    class Lease {
    public:
        explicit Lease(ConnectionPool& pool) : pool_(pool), pooled_(pool.take(fresh_)) {}
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        [[nodiscard]] Connection& connection() { return *pooled_.connection; }
        // Throws Failure unless the schema is this build's; asks the server once a second at most.
        void require_schema();
        // The connection is not used again.
        void discard() { pooled_.connection.reset(); }
        // True if it was made for this attempt, so that it cannot have died while it was idle.
        [[nodiscard]] bool fresh() const noexcept { return fresh_; }

    private:
        ConnectionPool& pool_;
        bool fresh_ = false;
        Pooled pooled_;
    };

    // A stop ends the wait between two attempts, and so the attempts.
    template <class Body>
    auto attempt(Body&& body, const std::stop_token& stop = {}) -> decltype(body(std::declval<Lease&>()));
    [[nodiscard]] Pooled take(bool& fresh);
    void give_back(Pooled pooled);
    // Whether to try again after the failure; waits first if that needs a pause.
    [[nodiscard]] bool again(const Failure& failure, bool fresh, int tries, const std::stop_token& stop);
    void drop_idle();
    // Asked over a connection of its own.
    [[nodiscard]] Sessions sessions() noexcept;
    [[nodiscard]] std::unexpected<Error> refuse_to_write() const;

    const ConnectionSettings settings_;
    const std::size_t pool_;
    Context& context_;

    sync::Watchdog watchdog_;  // outlives the connections
    SilenceCheck silence_;     // likewise
    sync::Mutex mutex_;
    std::condition_variable_any returned_;
    bool interrupted_ EMBEDQ_GUARDED_BY(mutex_) = false;
    std::vector<Pooled> idle_ EMBEDQ_GUARDED_BY(mutex_);
    std::size_t out_ EMBEDQ_GUARDED_BY(mutex_) = 0;                  // connections in use
    std::optional<Failure> last_failure_ EMBEDQ_GUARDED_BY(mutex_);  // of the last attempt to connect
    Steady connect_again_at_ EMBEDQ_GUARDED_BY(mutex_){};
    std::uint64_t connect_failures_ EMBEDQ_GUARDED_BY(mutex_) = 0;  // in a row
};

template <class Read>
auto ConnectionPool::call(std::string_view function, const Parameters& parameters, Read&& read)
    -> Result<decltype(read(std::declval<const Rows&>()))> {
    using Value = decltype(read(std::declval<const Rows&>()));
    return attempt([&](Lease& lease) -> Result<Value> {
        lease.require_schema();
        const Rows rows = lease.connection().call(function, parameters);
        if constexpr (std::is_void_v<Value>) {
            read(rows);
            return {};
        } else {
            return read(rows);
        }
    });
}

template <class Body>
auto ConnectionPool::attempt(Body&& body, const std::stop_token& stop) -> decltype(body(std::declval<Lease&>())) {
    for (int tries = 1;; ++tries) {
        bool fresh = true;
        try {
            Lease lease(*this);
            fresh = lease.fresh();
            try {
                return body(lease);
            } catch (const Failure& caught) {
                if (caught.disconnected) lease.discard();
                throw;
            } catch (...) {
                lease.discard();
                throw;
            }
        } catch (Failure& caught) {
            if (settings_.read_only && caught.sql_state == sql_state::read_only_transaction) return refuse_to_write();
            if (!again(caught, fresh, tries, stop)) return std::unexpected(std::move(caught.error));
        } catch (const std::exception& caught) {
            return fail(ErrorKind::internal, "PostgreSQL at " + place() + " sent an answer that cannot be read", {},
                        caught.what());
        }
    }
}

template <class Body>
auto ConnectionPool::transaction(Body&& body) -> decltype(body(std::declval<Connection&>())) {
    return attempt([&](Lease& lease) -> decltype(body(std::declval<Connection&>())) {
        Connection& connection = lease.connection();
        lease.require_schema();
        connection.begin();
        try {
            auto result = body(connection);
            if (!result) {
                connection.rollback();
                return result;
            }
            connection.commit();
            return result;
        } catch (...) {
            connection.rollback();
            throw;
        }
    });
}

template <class Body>
auto ConnectionPool::snapshot(Body&& body) -> decltype(body(std::declval<Connection&>())) {
    return attempt([&](Lease& lease) -> decltype(body(std::declval<Connection&>())) {
        Connection& connection = lease.connection();
        lease.require_schema();
        connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        try {
            auto result = body(connection);
            connection.rollback();
            return result;
        } catch (...) {
            connection.rollback();
            throw;
        }
    });
}

}  // namespace embedq::postgres
