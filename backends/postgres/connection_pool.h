// The connections of one store, and how a verb runs on them.
//
// Every member may be called from any thread. Connections are made at the first use, kept for the next, and replaced
// when they break.
#pragma once

#include <chrono>
#include <condition_variable>
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
#include "sync/mutex.h"

namespace embedq::postgres {

class ConnectionPool {
public:
    ConnectionPool(ConnectionSettings settings, std::size_t pool, Context& context);

    // One function of the schema, as one transaction; what it gave.
    [[nodiscard]] Result<Rows> call(std::string_view function, const Parameters& parameters);
    // The same, and `read` makes of the rows what the verb answers.
    template <class Read>
    auto call(std::string_view function, const Parameters& parameters, Read&& read)
        -> Result<decltype(read(std::declval<const Rows&>()))>;

    // Runs `body(connection)` as one transaction. An Error that it returns rolls back. It may run several times, since
    // a transaction that met another one in its way, or whose idle connection turned out to be dead, is begun again.
    template <class Body>
    auto transaction(Body&& body) -> decltype(body(std::declval<Connection&>()));
    // The same on one snapshot, which never meets anything.
    template <class Body>
    auto snapshot(Body&& body) -> decltype(body(std::declval<Connection&>()));

    // On a connection, whatever the schema is.
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

private:
    using Steady = std::chrono::steady_clock::time_point;
    struct Pooled {
        std::unique_ptr<Connection> connection;
        Steady schema_seen_at{};  // when the schema was last found to be this build's
    };
    // A connection taken for one attempt.
    class Lease {
    public:
        explicit Lease(ConnectionPool& session) : pool_(session), pooled_(session.take(fresh_)) {}
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        [[nodiscard]] Connection& connection() { return *pooled_.connection; }
        // Throws Failure unless the schema is this build's; asks the server once a second at most.
        void require_schema();
        // It is not used again.
        void discard() { pooled_.connection.reset(); }
        // Made for this attempt: it cannot have died while it lay idle.
        [[nodiscard]] bool fresh() const noexcept { return fresh_; }

    private:
        ConnectionPool& pool_;
        bool fresh_ = false;
        Pooled pooled_;
    };

    // A stop ends the waiting between two attempts, and so the attempts.
    template <class Body>
    auto attempt(Body&& body, const std::stop_token& stop = {}) -> decltype(body(std::declval<Lease&>()));
    [[nodiscard]] Pooled take(bool& fresh);
    void give_back(Pooled pooled);
    // Whether to begin again after the failure, having waited a moment.
    [[nodiscard]] bool again(const Failure& failure, bool fresh, int tries, const std::stop_token& stop);
    void drop_idle();

    const ConnectionSettings settings_;
    const std::size_t pool_;
    Context& context_;

    sync::Mutex mutex_;
    std::condition_variable_any returned_;
    std::vector<Pooled> idle_ EMBEDQ_GUARDED_BY(mutex_);
    std::size_t out_ EMBEDQ_GUARDED_BY(mutex_) = 0;                  // connections in use
    std::optional<Failure> last_failure_ EMBEDQ_GUARDED_BY(mutex_);  // to connect
    Steady connect_again_at_ EMBEDQ_GUARDED_BY(mutex_){};
    std::uint64_t connect_failures_ EMBEDQ_GUARDED_BY(mutex_) = 0;  // in a row
};

template <class Read>
auto ConnectionPool::call(std::string_view function, const Parameters& parameters, Read&& read)
    -> Result<decltype(read(std::declval<const Rows&>()))> {
    const auto rows = call(function, parameters);
    if (!rows) return std::unexpected(rows.error());
    try {
        if constexpr (std::is_void_v<decltype(read(*rows))>) {
            return {};
        } else {
            return read(*rows);
        }
    } catch (Failure& caught) {
        return std::unexpected(std::move(caught.error));
    }
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
            if (!again(caught, fresh, tries, stop)) return std::unexpected(std::move(caught.error));
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
