// Rows of catalogs and specs as the verbs use them, the change feed, and what is settled.
//
// Plain functions on a connection inside a transaction; see connections.h for threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "embedq/error.h"
#include "embedq/values.h"

namespace embedq::sqlite {

struct CatalogRow {
    std::int64_t catalog = 0;
    std::string catalog_id;
    std::string provider;
    std::optional<std::int64_t> target;
    std::optional<std::int64_t> serving;
    std::uint64_t revision = 0;
    std::uint64_t feed_floor = 0;
};

struct SpecRow {
    std::int64_t spec = 0;
    std::string spec_name;
    std::size_t operation_count = 0;
    std::optional<std::int64_t> force_from;
    std::int64_t jobs_after = 0;
    std::size_t left_out = 0;
};

// Where the last search for a gap found one, by catalog: the next search begins there. Only a hint; guarded by the
// writer's lock.
using GapHints = std::map<std::int64_t, std::string>;

[[nodiscard]] inline Time time_of(std::int64_t microseconds) {
    return Time(std::chrono::microseconds(microseconds));
}
[[nodiscard]] inline std::int64_t microseconds_of(Time time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline std::int64_t microseconds_of(std::chrono::milliseconds duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}
[[nodiscard]] inline std::chrono::milliseconds milliseconds_from(std::int64_t now, std::int64_t then) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(then - now));
}
// SQLite takes a negative LIMIT as no limit.
[[nodiscard]] inline std::int64_t limit_of(std::size_t limit) {
    return limit > static_cast<std::size_t>(INT64_MAX) ? -1 : static_cast<std::int64_t>(limit);
}

[[nodiscard]] Result<CatalogRow> find_catalog(Connection& connection, std::string_view catalog_id);
// All of them, or the one that is named.
[[nodiscard]] Result<std::vector<CatalogRow>> find_catalogs(Connection& connection, std::string_view catalog_id);
[[nodiscard]] Result<SpecRow> find_spec(Connection& connection, const CatalogRow& catalog, std::string_view spec_name);
// The named specs that exist, or all when none is named, in order of name.
[[nodiscard]] std::vector<SpecRow> find_specs(Connection& connection, const CatalogRow& catalog,
                                              std::span<const std::string> names);

// The number of a fingerprint in this file; nothing if no profile ever had it.
[[nodiscard]] std::optional<std::int64_t> find_fingerprint(Connection& connection, const Sha256& hash);

void note_change(Connection& connection, std::int64_t catalog, std::string_view spec_name, std::int64_t now);
void note_everything(Connection& connection, std::int64_t catalog, std::int64_t now);

[[nodiscard]] bool has_gap(Connection& connection, const CatalogRow& catalog, std::int64_t spec);
// Whether the target profile may begin to serve: it does not yet, and every text is settled under it.
[[nodiscard]] bool may_flip(Connection& connection, const CatalogRow& catalog, GapHints& hints);
bool flip_if_settled(Connection& connection, CatalogRow& catalog, GapHints& hints, std::int64_t now);

}  // namespace embedq::sqlite
