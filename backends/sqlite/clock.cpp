#include "clock.h"

#include <chrono>

#include "statements.h"

namespace embedq::sqlite {
namespace {

// Processes read the clock one after another, but it may be slewed.
constexpr std::int64_t clock_noise = std::chrono::microseconds(std::chrono::seconds(1)).count();

}  // namespace

void correct_times(Connection& connection, std::int64_t now, std::int64_t lease) {
    const std::int64_t by = value_of(connection, sql::latest_time).value_or(now) - now;
    if (by < clock_noise) return;
    change(connection, sql::correct_workers, now);
    change(connection, sql::correct_changes, now);
    change(connection, sql::correct_due_times, now, by);
    change(connection, sql::correct_leases, now + lease);
    change(connection, sql::correct_parking, now, by);
    change(connection, sql::correct_refusals, now, by);
    change(connection, sql::correct_endpoint_states, now, by);
    change(connection, sql::correct_endpoint_limits, now);
    change(connection, sql::correct_rate_limits, now, by);
}

}  // namespace embedq::sqlite
