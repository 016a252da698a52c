#include "migrations.h"

#include <iterator>
#include <string>

#include "failure.h"
#include "schema.h"

namespace embedq::sqlite {
namespace {

constexpr const char* schema_version = "PRAGMA user_version";
constexpr const char* program_mark = "PRAGMA application_id";
constexpr const char* any_table = "SELECT 1 FROM sqlite_schema LIMIT 1";
constexpr const char* record = "INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)";

[[nodiscard]] std::uint32_t version_of(Connection& connection) {
    return static_cast<std::uint32_t>(value_of(connection, schema_version).value_or(0));
}

void require_ours(Connection& connection) {
    // The mark is read last: another process may be creating the schema, and commits tables, version and mark together.
    const bool untouched = version_of(connection) == 0 && !value_of(connection, any_table);
    const auto mark = value_of(connection, program_mark).value_or(0);
    if (mark == application_id || (mark == 0 && untouched)) return;
    throw failure(ErrorKind::misconfigured,
                  "SQLite store '" + connection.path() +
                      "': the file is a database of another program (application id " + std::to_string(mark) +
                      ", expected " + std::to_string(application_id) + ")",
                  "point 'path' at another file");
}

[[nodiscard]] std::string versions(const Connection& connection, std::uint32_t current) {
    return "SQLite store '" + connection.path() + "': its schema has version " + std::to_string(current) +
           ", and this build needs " + std::to_string(newest_schema());
}

void refuse_newer(const Connection& connection, std::uint32_t current) {
    if (current <= newest_schema()) return;
    throw failure(ErrorKind::misconfigured, versions(connection, current),
                  "a newer embedq made it: use that one, or another file");
}

void require_wal(Connection& connection) {
    Run mode(connection, "PRAGMA journal_mode = WAL");
    if (mode.next() && mode.view(0) == "wal") return;
    throw failure(ErrorKind::misconfigured,
                  "SQLite store '" + connection.path() +
                      "': its file system has no shared memory for a write-ahead log (it may be a network share)",
                  "put the file on a local disk");
}

// Both must be set before the first table. Only one process at a time can switch to WAL, and SQLite does not wait for
// it by itself.
void prepare_file(Connection& connection) {
    constexpr int tries = 200;
    for (int attempt = 1;; ++attempt) {
        try {
            connection.execute("PRAGMA page_size = 8192");
            require_wal(connection);
            return;
        } catch (const Failure& caught) {
            if (caught.error.kind != ErrorKind::unavailable || attempt == tries) throw;
            if (!connection.wait(std::chrono::milliseconds(5))) throw;
        }
    }
}

}  // namespace

std::uint32_t newest_schema() noexcept {
    return static_cast<std::uint32_t>(std::size(migrations));
}

std::vector<std::string> waiting_migrations(std::uint32_t applied) {
    std::vector<std::string> names;
    for (std::size_t i = applied; i < std::size(migrations); ++i) names.emplace_back(migrations[i].name);
    return names;
}

MigrationState read_migration_state(Connection& connection) {
    require_ours(connection);
    const std::uint32_t current = version_of(connection);
    return {current, newest_schema(), waiting_migrations(current)};
}

void require_schema(Connection& connection) {
    const std::uint32_t current = version_of(connection);
    if (current == newest_schema() && value_of(connection, program_mark).value_or(0) == application_id) return;
    require_ours(connection);
    refuse_newer(connection, current);
    throw failure(ErrorKind::misconfigured, versions(connection, current), "run `embedq migrate up`");
}

void apply_migrations(Connection& connection, std::int64_t now) {
    require_ours(connection);
    refuse_newer(connection, version_of(connection));
    prepare_file(connection);
    connection.execute("BEGIN IMMEDIATE");
    try {
        const std::uint32_t current = version_of(connection);
        refuse_newer(connection, current);
        for (std::size_t i = current; i < std::size(migrations); ++i) {
            connection.execute(migrations[i].sql);
            change(connection, record, i + 1, migrations[i].name, now);
        }
        connection.execute(("PRAGMA user_version = " + std::to_string(newest_schema())).c_str());
        connection.execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
        connection.execute("COMMIT");
    } catch (...) {
        if (connection.in_transaction()) connection.execute("ROLLBACK");
        throw;
    }
}

}  // namespace embedq::sqlite
