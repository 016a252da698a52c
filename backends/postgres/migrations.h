// The schema, as numbered steps that are never edited once released, and how they are applied.
//
// The table `migrations` of the schema has a row for each step that was applied, with how many of its later indexes are
// built. A schema is usable as soon as all steps are applied; an index that is not built yet only makes it slower.
// Thread-safety: plain functions on a connection that the caller holds. They throw Failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "connection.h"
#include "embedq/context.h"
#include "embedq/store.h"

namespace embedq::postgres {

// An index on a table that may be large already.
struct LaterIndex {
    std::string name;
    std::string statement;  // CREATE INDEX CONCURRENTLY, which blocks no writer
};

struct Migration {
    const char* name;
    std::string sql;                          // one transaction
    std::vector<LaterIndex> afterwards = {};  // each outside a transaction, once all steps are applied
};
using Migrations = std::vector<Migration>;

// How a step waits for a lock that another session holds. Every later session queues behind one that waits for a strong
// lock, even if it only wants to read: so a step gives up soon, lets the others pass, and tries again.
struct LockPatience {
    std::chrono::milliseconds each{2'000};
    std::chrono::milliseconds between{3'000};
    int tries = 10;
};

[[nodiscard]] const Migrations& migrations();
// `waiting` names the steps that are not applied, and the indexes of applied steps that are not built.
[[nodiscard]] MigrationState read_migration_state(Connection& connection, const std::string& schema,
                                                  const Migrations& steps = migrations());
// Throws (misconfigured) unless the schema is exactly this build's.
void require_schema(Connection& connection, const std::string& schema, const Migrations& steps = migrations());
// Applies the steps that wait. Any number of processes may do it at the same time: one works; the others hold nothing
// while they wait until the schema can be used, and do not wait for indexes. If a process dies or a connection breaks,
// the next call finishes what is half done. A step that cannot get a lock fails as `unavailable`, with the name of its
// holder. A stop ends the wait, as `unavailable`. `connection` must not be pooled, and has other settings afterwards:
// close it.
void apply_migrations(Connection& connection, const std::string& schema, Logger& logger,
                      const Migrations& steps = migrations(), const LockPatience& patience = {},
                      const std::stop_token& stop = {});

}  // namespace embedq::postgres
