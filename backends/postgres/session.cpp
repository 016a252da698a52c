#include "session.h"

#include <algorithm>

#include "migrations.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds schema_trust{1'000};
constexpr milliseconds first_backoff{50};
constexpr milliseconds longest_backoff{2'000};
constexpr milliseconds wait_for_connection{30'000};
constexpr int most_tries = 8;

[[nodiscard]] std::chrono::steady_clock::time_point now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Session::Session(ConnectionSettings settings, std::size_t pool, Context& context)
    : settings_(std::move(settings)), pool_(pool), context_(context) {}

Session::Lease::~Lease() {
    session_.give_back(std::move(pooled_));
}

void Session::Lease::require_schema() {
    if (now() - pooled_.schema_seen_at < schema_trust) return;
    postgres::require_schema(*pooled_.connection, session_.settings_.schema);
    pooled_.schema_seen_at = now();
}

Session::Pooled Session::take(bool& fresh) {
    sync::Lock lock(mutex_);
    if (!returned_.wait_for(lock, wait_for_connection,
                            [&]() EMBEDQ_REQUIRES(mutex_) { return !idle_.empty() || out_ < pool_; })) {
        throw failure(ErrorKind::unavailable, "all " + std::to_string(pool_) + " connections to PostgreSQL at " +
                                                  place() +
                                                  " have been in use for 30 s; raise 'pool', or see what holds them");
    }
    if (!idle_.empty()) {
        Pooled pooled = std::move(idle_.back());
        idle_.pop_back();
        ++out_;
        return pooled;
    }
    // A server that is away is not asked by every thread at every turn.
    if (last_failure_ && now() < connect_again_at_) throw Failure(*last_failure_);
    ++out_;
    lock.unlock();
    fresh = true;
    try {
        Pooled pooled{std::make_unique<Connection>(settings_)};
        lock.lock();
        last_failure_.reset();
        backoff_ = milliseconds(0);
        return pooled;
    } catch (const Failure& caught) {
        if (!lock.owns_lock()) lock.lock();
        --out_;
        backoff_ = std::min(std::max(backoff_ * 2, first_backoff), longest_backoff);
        connect_again_at_ =
            now() + backoff_ / 2 + milliseconds(context_.random() % static_cast<std::uint64_t>(backoff_.count()));
        last_failure_ = caught;
        returned_.notify_one();
        throw;
    }
}

void Session::give_back(Pooled pooled) {
    const sync::Lock lock(mutex_);
    --out_;
    if (pooled.connection != nullptr) idle_.push_back(std::move(pooled));
    returned_.notify_one();
}

void Session::drop_idle() {
    const sync::Lock lock(mutex_);
    idle_.clear();
}

bool Session::again(const Failure& failure, bool fresh, int tries, const std::stop_token& stop) {
    // One connection that died idle means that its fellows did, too.
    if (failure.disconnected) drop_idle();
    if (tries >= most_tries) return false;
    if (failure.disconnected && !fresh) return true;
    if (!failure.again) return false;
    // A moment, so that the two that met do not meet again.
    return sync::sleep_for(milliseconds(context_.random() % (std::uint64_t{5} << std::min(tries, 6))), stop);
}

Result<Rows> Session::call(std::string_view function, const Parameters& parameters) {
    return attempt([&](Lease& lease) -> Result<Rows> {
        lease.require_schema();
        return lease.connection().call(function, parameters);
    });
}

Result<MigrationState> Session::migration_state() {
    return attempt([&](Lease& lease) -> Result<MigrationState> {
        return read_migration_state(lease.connection(), settings_.schema);
    });
}

Result<MigrationState> Session::migrate(const std::stop_token& stop) {
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
    const auto mended = call("mend_feed", {});
    if (!mended) return std::unexpected(mended.error());
    if (mended->boolean(0, 0)) context_.logger().warn("the change feed came from another cluster and begins anew");
    return state;
}

}  // namespace embedq::postgres
