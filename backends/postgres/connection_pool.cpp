#include "connection_pool.h"

#include <algorithm>

#include "migrations.h"
#include "sync/backoff.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds schema_trust{1'000};
// Between attempts to connect.
constexpr sync::Backoff connect_backoff{
    .base = milliseconds(50), .max = milliseconds(2'000), .jitter = 0.5, .mode = sync::Jitter::around};
// After a conflict with another transaction: a moment, so that the two do not meet again.
constexpr sync::Backoff conflict_backoff{
    .base = milliseconds(10), .max = milliseconds(320), .jitter = 1, .mode = sync::Jitter::below};
// At long calls, and for the server's answer: a silent connection is noticed within half a minute, however slowly the
// server is found to be silent.
constexpr milliseconds look_interval{3'000};
constexpr milliseconds longest_look{3'000};
constexpr milliseconds shortest_silence{2'000};  // libpq's shortest time to connect; what fails earlier is an answer
constexpr std::chrono::seconds wait_for_connection{30};
constexpr int most_tries = 8;

[[nodiscard]] std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

ConnectionPool::ConnectionPool(ConnectionSettings settings, std::size_t pool, Context& context)
    : settings_(std::move(settings)),
      pool_(pool),
      context_(context),
      silence_(std::min(settings_.call_timeout, look_interval), [this] { return sessions(); }) {}

// A look that is under way ends.
ConnectionPool::~ConnectionPool() {
    watchdog_.stop();
}

Sessions ConnectionPool::sessions() noexcept {
    ConnectionSettings settings = settings_;
    settings.call_timeout = std::min(settings.call_timeout, longest_look);
    Sessions sessions;
    const auto began = now();
    try {
        Connection connection(settings, &watchdog_);
        const Rows rows = connection.execute(
            "SELECT pid FROM pg_catalog.pg_stat_activity WHERE state IS NULL OR state NOT LIKE 'idle%'",
            Duration::moments);
        sessions.answer = Sessions::Answer::given;
        for (std::size_t i = 0; i < rows.size(); ++i) sessions.working.insert(static_cast<int>(rows.integer(i, 0)));
    } catch (const Failure& caught) {
        const bool silent = caught.error.kind == ErrorKind::unavailable && now() >= began + shortest_silence;
        sessions.answer = silent ? Sessions::Answer::none : Sessions::Answer::refused;
    } catch (...) {
        sessions.answer = Sessions::Answer::refused;
    }
    return sessions;
}

ConnectionPool::Lease::~Lease() {
    pool_.give_back(std::move(pooled_));
}

void ConnectionPool::Lease::require_schema() {
    if (now() - pooled_.schema_seen_at < schema_trust) return;
    postgres::require_schema(*pooled_.connection, pool_.settings_.schema);
    pooled_.schema_seen_at = now();
}

ConnectionPool::Pooled ConnectionPool::take(bool& fresh) {
    sync::Lock lock(mutex_);
    if (!returned_.wait_for(lock, wait_for_connection,
                            [&]() EMBEDQ_REQUIRES(mutex_) { return interrupted_ || !idle_.empty() || out_ < pool_; })) {
        throw failure(ErrorKind::unavailable,
                      "all " + std::to_string(pool_) + " connections to PostgreSQL at " + place() +
                          " have been in use for " + std::to_string(wait_for_connection.count()) + " s",
                      "raise 'pool', or see what holds them");
    }
    if (interrupted_) throw failure(ErrorKind::unavailable, "the store takes no more calls, since embedq is stopping");
    if (!idle_.empty()) {
        Pooled pooled = std::move(idle_.back());
        idle_.pop_back();
        ++out_;
        return pooled;
    }
    // A server that does not answer is not contacted by every thread on every try.
    if (last_failure_ && now() < connect_again_at_) throw Failure(*last_failure_);
    ++out_;
    lock.unlock();
    fresh = true;
    try {
        Pooled pooled{std::make_unique<Connection>(settings_, &watchdog_, &silence_)};
        lock.lock();
        last_failure_.reset();
        connect_failures_ = 0;
        return pooled;
    } catch (const Failure& caught) {
        if (!lock.owns_lock()) lock.lock();
        --out_;
        connect_again_at_ = now() + connect_backoff.delay(++connect_failures_, context_.uniform());
        last_failure_ = caught;
        returned_.notify_one();
        throw;
    }
}

void ConnectionPool::give_back(Pooled pooled) {
    const sync::Lock lock(mutex_);
    --out_;
    if (pooled.connection != nullptr) idle_.push_back(std::move(pooled));
    returned_.notify_one();
}

void ConnectionPool::interrupt() noexcept {
    {
        const sync::Lock lock(mutex_);
        interrupted_ = true;
        returned_.notify_all();
    }
    watchdog_.stop();
}

void ConnectionPool::drop_idle() {
    const sync::Lock lock(mutex_);
    idle_.clear();
}

bool ConnectionPool::again(const Failure& failure, bool fresh, int tries, const std::stop_token& stop) {
    // If one connection died while it was idle, the other idle ones did too.
    if (failure.disconnected) drop_idle();
    {
        const sync::Lock lock(mutex_);
        if (interrupted_) return false;
    }
    if (tries >= most_tries) return false;
    if (failure.disconnected && !fresh) return true;
    if (!failure.again) return false;
    return sync::sleep_for(conflict_backoff.delay(static_cast<std::uint64_t>(tries), context_.uniform()), stop);
}

Result<MigrationState> ConnectionPool::migration_state() {
    return attempt([&](Lease& lease) -> Result<MigrationState> {
        return read_migration_state(lease.connection(), settings_.schema);
    });
}

std::unexpected<Error> ConnectionPool::refuse_to_write() const {
    return fail(ErrorKind::unsupported, "PostgreSQL store at " + place() + " is open for reading only",
                "omit `read_only` in its options, or run a command that writes");
}

Result<MigrationState> ConnectionPool::migrate(const std::stop_token& stop) {
    if (settings_.read_only) return refuse_to_write();
    const auto apply = [&](Lease& lease) -> Result<MigrationState> {
        try {
            apply_migrations(lease.connection(), settings_.schema, context_.logger(), migrations(), {}, stop);
            auto reached = read_migration_state(lease.connection(), settings_.schema);
            lease.discard();  // its settings are those of a migration
            return reached;
        } catch (...) {
            lease.discard();
            throw;
        }
    };
    auto state = attempt(apply, stop);
    if (!state) return state;
    const auto repaired = call("repair_feed", {}, [](const Rows& rows) { return rows.boolean(0, 0); });
    if (!repaired) return std::unexpected(repaired.error());
    if (*repaired) context_.logger().warn("the change feed came from another cluster and starts again");
    return state;
}

}  // namespace embedq::postgres
