#include "migrations.h"

#include <array>
#include <chrono>
#include <thread>

#include "sql_texts.h"

namespace embedq::postgres {
namespace {

// Any number that other programs hardly use: "embq".
constexpr std::int64_t lock_number = 0x656d6271;

// `schema` stands quoted in SQL; here as the text of a literal.
[[nodiscard]] std::string literal(const std::string& quoted_schema) {
    std::string out = "'";
    for (const char c : quoted_schema.substr(1, quoted_schema.size() - 2)) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

[[nodiscard]] std::uint32_t current_version(Connection& connection, const std::string& schema) {
    const Rows there = connection.execute("SELECT to_regclass(" + literal("\"" + schema + ".migrations\"") + ") IS NOT NULL");
    if (!there.boolean(0, 0)) return 0;
    const Rows newest = connection.execute("SELECT coalesce(max(number), 0) FROM " + schema + ".migrations");
    return static_cast<std::uint32_t>(newest.integer(0, 0));
}

[[nodiscard]] std::string versions(const Connection& connection, const std::string& schema, std::uint32_t current) {
    return "PostgreSQL store at " + connection.place() + ", schema " + schema + ": version " + std::to_string(current) +
           ", and this build needs " + std::to_string(migrations().size());
}

void refuse_newer(const Connection& connection, const std::string& schema, std::uint32_t current) {
    if (current <= migrations().size()) return;
    throw failure(ErrorKind::misconfigured, versions(connection, schema, current) + "; a newer embedq made it: use that one");
}

// Functions find the schema's tables whatever the caller's search_path is, and nobody's temporary tables instead of them.
[[nodiscard]] std::string fix_search_path(const std::string& schema) {
    return "DO $fix$ DECLARE f regprocedure; BEGIN FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang "
           "WHERE p.pronamespace = " +
           literal(schema) + "::regnamespace AND l.lanname = 'plpgsql' LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = " + schema +
           ", pg_catalog, pg_temp', f); END LOOP; END $fix$";
}

void apply_one(Connection& connection, const std::string& schema, std::size_t index) {
    const Migration& migration = migrations()[index];
    connection.begin();
    try {
        connection.execute("CREATE SCHEMA IF NOT EXISTS " + schema);
        connection.execute("SET LOCAL search_path = " + schema + ", pg_catalog, pg_temp; SET LOCAL statement_timeout = 0");
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())");
        connection.execute(migration.sql);
        connection.execute(fix_search_path(schema));
        connection.execute(sql::plans);
        connection.execute("INSERT INTO migrations (number, name) VALUES (" + std::to_string(index + 1) + ", '" + migration.name + "')");
        connection.commit();
    } catch (...) {
        connection.rollback();
        throw;
    }
    for (const std::string& statement : migration.afterwards) connection.execute(statement);
}

// Held by a session, so that a killed process gives it back. Polled, since waiting inside the server would hold a snapshot, and an index
// that is being built waits for all older snapshots.
class MigrationLock {
public:
    MigrationLock(Connection& connection, const std::string& schema, Logger& logger)
        : connection_(connection), key_("(" + std::to_string(lock_number) + ", hashtext(" + literal(schema) + "))") {
        bool told = false;
        while (!connection_.execute("SELECT pg_try_advisory_lock" + key_).boolean(0, 0)) {
            if (!told) logger.info("another process migrates the schema; waiting for it");
            told = true;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    ~MigrationLock() {
        try {
            connection_.execute("SELECT pg_advisory_unlock" + key_);
        } catch (const Failure&) {  // NOLINT(bugprone-empty-catch): the lock went with the session
        }
    }
    MigrationLock(const MigrationLock&) = delete;
    MigrationLock& operator=(const MigrationLock&) = delete;

private:
    Connection& connection_;
    const std::string key_;
};

}  // namespace

const std::vector<Migration>& migrations() {
    static const std::vector<Migration> all{
        {.name = "first schema",
         .sql = std::string(sql::schema) + sql::catalogs + sql::specs + sql::queue + sql::commit + sql::upkeep + sql::reading},
    };
    return all;
}

MigrationState read_migration_state(Connection& connection, const std::string& schema) {
    MigrationState state;
    state.current = current_version(connection, schema);
    state.newest = static_cast<std::uint32_t>(migrations().size());
    for (std::size_t i = state.current; i < migrations().size(); ++i) state.waiting.emplace_back(migrations()[i].name);
    return state;
}

void require_schema(Connection& connection, const std::string& schema) {
    const std::uint32_t current = current_version(connection, schema);
    if (current == migrations().size()) return;
    refuse_newer(connection, schema, current);
    throw failure(ErrorKind::misconfigured, versions(connection, schema, current) + "; run `embedq migrate up`");
}

void apply_migrations(Connection& connection, const std::string& schema, Logger& logger) {
    std::uint32_t current = current_version(connection, schema);
    refuse_newer(connection, schema, current);
    if (current == migrations().size()) return;
    if (connection.pooled()) {
        throw failure(ErrorKind::misconfigured, versions(connection, schema, current) +
                                                    ", but there is a pooler in between, which cannot keep a session's lock: run "
                                                    "`embedq migrate up` once with a 'url' of the server itself");
    }
    const MigrationLock lock(connection, schema, logger);
    current = current_version(connection, schema);
    refuse_newer(connection, schema, current);
    for (std::size_t i = current; i < migrations().size(); ++i) {
        logger.info("migrating the schema: " + std::string(migrations()[i].name));
        apply_one(connection, schema, i);
    }
}

}  // namespace embedq::postgres
