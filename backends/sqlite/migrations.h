// The schema, as numbered steps that are never edited once released, and how they are applied.
//
// The number of the last step applied is in the file's header (PRAGMA user_version), so that checking it costs nothing;
// the table `migrations` says when each was applied. Thread-safety: plain functions on a connection that the caller
// holds.
#pragma once

#include <cstdint>

#include "database.h"
#include "embedq/store.h"

namespace embedq::sqlite {

// "embq": the mark in the file's header that distinguishes embedq's files from those of other programs.
inline constexpr std::int64_t application_id = 0x656d6271;

[[nodiscard]] std::uint32_t newest_schema() noexcept;
// The names of the migrations after the first `applied`.
[[nodiscard]] std::vector<std::string> waiting_migrations(std::uint32_t applied);
// What is applied and what waits. Throws Failure (misconfigured) when the file belongs to another program.
[[nodiscard]] MigrationState read_migration_state(Connection& connection);
// Throws Failure (misconfigured) unless the schema is exactly this build's.
void require_schema(Connection& connection);
// Applies the waiting steps in one transaction. Several processes may do it at the same time: the second finds nothing
// to do.
void apply_migrations(Connection& connection, std::int64_t now);

}  // namespace embedq::sqlite
