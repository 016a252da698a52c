#include "migrations.h"

#include <chrono>
#include <map>

#include "embedq/support/store_rules.h"
#include "names.h"
#include "signatures.h"
#include "sql_texts.h"
#include "sync/sleep.h"

namespace embedq::postgres {
namespace {

// Any number that other programs are unlikely to use: "embq".
constexpr std::int64_t lock_number = 0x656d6271;

// The parking rule of store_rules.h as a function of the schema, so that its numbers are written once. `p_failures` is
// at least 1.
[[nodiscard]] std::string parking_function() {
    return "CREATE FUNCTION embedq.parking_time(p_failures integer) RETURNS interval LANGUAGE sql IMMUTABLE AS $$\n"
           "    SELECT least(interval '" +
           std::to_string(first_parking_time.count()) + " minutes' * (1 << least(p_failures - 1, " +
           std::to_string(most_parking_doublings) + ")), interval '" + std::to_string(longest_parking_time.count()) +
           " minutes')\n$$;\n";
}

// The same for refusals. `p_times` is at least 1. In minutes, since the length of a day depends on the session's time
// zone.
[[nodiscard]] std::string refusal_function() {
    return "CREATE FUNCTION embedq.refusal_time(p_times integer) RETURNS interval LANGUAGE sql IMMUTABLE AS $$\n"
           "    SELECT least(interval '" +
           std::to_string(first_refusal_time.count()) + " minutes' * (1 << least(p_times - 1, " +
           std::to_string(most_refusal_doublings) + ")), interval '" + std::to_string(longest_refusal_time.count()) +
           " minutes')\n$$;\n";
}

// And how long a worker's row stays that was killed.
[[nodiscard]] std::string silence_function() {
    return "CREATE FUNCTION embedq.longest_silence() RETURNS interval LANGUAGE sql IMMUTABLE AS $$\n    SELECT "
           "interval '" +
           std::to_string(longest_silence.count()) + " hours'\n$$;\n";
}

// How many later indexes are built, by the number of each applied step.
using Applied = std::map<std::uint32_t, std::size_t>;

[[nodiscard]] Applied applied_steps(Connection& connection, const std::string& schema) {
    const Rows there = connection.execute(
        "SELECT pg_catalog.to_regclass(" + literal(schema + ".migrations") + ") IS NOT NULL", Duration::moments);
    if (!there.boolean(0, 0)) return {};
    const Rows rows =
        connection.execute("SELECT number, indexes_built FROM " + schema + ".migrations", Duration::moments);
    Applied applied;
    for (std::size_t i = 0; i < rows.size(); ++i)
        applied.emplace(static_cast<std::uint32_t>(rows.integer(i, 0)), rows.count(i, 1));
    return applied;
}

[[nodiscard]] std::uint32_t version_of(const Applied& applied) {
    return applied.empty() ? 0 : applied.rbegin()->first;
}

[[nodiscard]] std::uint32_t current_version(Connection& connection, const std::string& schema) {
    return version_of(applied_steps(connection, schema));
}

// The later indexes of applied steps that are not built yet: step and index.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> missing_indexes(const Applied& applied,
                                                                               const Migrations& steps) {
    std::vector<std::pair<std::size_t, std::size_t>> missing;
    for (std::size_t step = 0; step < steps.size(); ++step) {
        const auto at = applied.find(static_cast<std::uint32_t>(step + 1));
        if (at == applied.end()) continue;
        for (std::size_t index = at->second; index < steps[step].afterwards.size(); ++index)
            missing.emplace_back(step, index);
    }
    return missing;
}

[[nodiscard]] std::string versions(const Connection& connection, const std::string& schema, std::uint32_t current,
                                   const Migrations& steps) {
    return "PostgreSQL store at " + connection.place() + ", schema " + schema + ": version " + std::to_string(current) +
           ", and this build needs " + std::to_string(steps.size());
}

void refuse_newer(const Connection& connection, const std::string& schema, std::uint32_t current,
                  const Migrations& steps) {
    if (current <= steps.size()) return;
    throw failure(ErrorKind::misconfigured, versions(connection, schema, current, steps),
                  "a newer embedq made it: use that one");
}

void apply_step(Connection& connection, const std::string& schema, const Migrations& steps, std::size_t index) {
    const Migration& step = steps[index];
    connection.begin();
    try {
        // A role that may not create schemas may still own one that exists already.
        const Rows there = connection.execute("SELECT FROM pg_namespace WHERE nspname = " + literal(unquoted(schema)));
        if (there.size() == 0) connection.execute("CREATE SCHEMA " + schema);
        connection.execute("CREATE TABLE IF NOT EXISTS " + schema +
                           ".migrations (number integer PRIMARY KEY, name text NOT NULL, "
                           "applied_at timestamptz NOT NULL DEFAULT now(), indexes_built integer NOT NULL DEFAULT 0)");
        connection.execute(in_schema(step.sql, schema));
        connection.execute(in_schema(sql::plans, schema));
        connection.execute("INSERT INTO " + schema + ".migrations (number, name) VALUES (" + std::to_string(index + 1) +
                           ", " + literal(step.name) + ")");
        connection.commit();
    } catch (...) {
        connection.rollback();
        throw;
    }
}

// The sessions with a lock on a table of the schema, the oldest transaction first. What the role may not see is null.
constexpr const char* lock_holders = R"sql(
SELECT l.pid, a.usename, a.application_name, coalesce(a.state, ''),
       extract(epoch FROM clock_timestamp() - a.xact_start)::bigint,
       string_agg(DISTINCT c.relname, ', ' ORDER BY c.relname)
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND c.relnamespace = to_regnamespace($1) AND c.relkind = 'r' AND l.pid IS DISTINCT FROM pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
GROUP BY l.pid, a.usename, a.application_name, a.state, a.xact_start
ORDER BY a.xact_start NULLS LAST, l.pid LIMIT 3)sql";

struct LockHolders {
    std::string who;   // as the end of a sentence
    std::string hint;  // empty if there are none that can be ended
};

[[nodiscard]] LockHolders find_lock_holders(Connection& connection, const std::string& schema) {
    const Rows rows = connection.query(lock_holders, Parameters().add(schema));
    std::string who, hint;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        who += i == 0 ? " " : ", and ";
        const std::string tables = "holds one on " + rows.text(i, 5);
        if (rows.null(i, 0)) {
            who += "a prepared transaction " + tables + " (pg_prepared_xacts)";
            continue;
        }
        who += "session " + rows.text(i, 0) + " (" + rows.text(i, 1) + ", '" + rows.text(i, 2) + "'" +
               (rows.view(i, 3).empty() ? "" : ", " + rows.text(i, 3)) +
               (rows.null(i, 4) ? "" : ", in its transaction for " + rows.text(i, 4) + " s") + ") " + tables;
        if (hint.empty()) hint = "let it finish, or end it: SELECT pg_terminate_backend(" + rows.text(i, 0) + ")";
    }
    return {.who = who.empty() ? " that is free again now" : ":" + who, .hint = hint};
}

void apply_step_in_its_turn(Connection& connection, const std::string& schema, Logger& logger, const Migrations& steps,
                            std::size_t index, const LockPatience& patience, const std::stop_token& stop) {
    for (int tries = 1;; ++tries) {
        try {
            apply_step(connection, schema, steps, index);
            return;
        } catch (const Failure& caught) {
            if (caught.sql_state != sql_state::lock_not_available) throw;
        }
        const std::string migration = "the migration '" + std::string(steps[index].name) + "' of PostgreSQL store at " +
                                      connection.place() + ", schema " + schema;
        const auto [who, hint] = find_lock_holders(connection, schema);
        const Failure waits = failure(ErrorKind::unavailable, migration + ", waits for a lock" + who, hint);
        if (tries >= patience.tries) throw waits;
        if (tries == 1) logger.warn(to_string(waits.error));
        if (!sync::sleep_for(patience.between, stop))
            throw failure(ErrorKind::unavailable, migration + ", was stopped while it waited for a lock" + who);
    }
}

// What an interrupted build left cannot be used: it is dropped, and the index is built again.
void build_index(Connection& connection, const std::string& schema, std::size_t step, std::size_t index,
                 const LaterIndex& later) {
    const Rows found = connection.execute(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = "
        "c.relnamespace "
        "WHERE n.nspname = " +
        literal(unquoted(schema)) + " AND c.relname = " + literal(later.name));
    const bool valid = found.size() == 1 && found.boolean(0, 0);
    if (found.size() == 1 && !valid)
        connection.execute("DROP INDEX CONCURRENTLY " + schema + "." + identifier(later.name));
    if (!valid) connection.execute(in_schema(later.statement, schema));
    connection.execute("UPDATE " + schema + ".migrations SET indexes_built = " + std::to_string(index + 1) +
                       " WHERE number = " + std::to_string(step + 1));
}

void build_indexes(Connection& connection, const std::string& schema, Logger& logger, const Migrations& steps) {
    // A build waits for all older transactions, and nothing waits for it.
    connection.execute("SET lock_timeout = 0");
    for (const auto& [step, index] : missing_indexes(applied_steps(connection, schema), steps)) {
        const LaterIndex& later = steps[step].afterwards[index];
        logger.info("building the index " + later.name);
        try {
            build_index(connection, schema, step, index, later);
        } catch (const Failure& caught) {
            if (caught.sql_state != sql_state::insufficient_privilege) throw;
            // The schema can be used without it.
            logger.warn("the index " + later.name + " is not built: " + to_string(caught.error));
            return;
        }
    }
}

// A migration may take long. If its process is killed, the server notices soon and releases its locks.
void prepare_session(Connection& connection, const LockPatience& patience) {
    connection.prepare_to_migrate();
    connection.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = " +
                       std::to_string(patience.each.count()));
}

// The session holds the lock, so that it is released when the process is killed. Never waited for inside the server,
// since that would hold a snapshot, and an index that is being built waits for all older snapshots.
class MigrationLock {
public:
    MigrationLock(Connection& connection, const std::string& schema)
        : connection_(connection),
          key_("(" + std::to_string(lock_number) + ", hashtext(" + literal(unquoted(schema)) + "))") {}
    ~MigrationLock() {
        if (!held_) return;
        try {
            connection_.execute("SELECT pg_advisory_unlock" + key_);
        } catch (const Failure&) {  // NOLINT(bugprone-empty-catch): the lock ended with the session
        }
    }
    MigrationLock(const MigrationLock&) = delete;
    MigrationLock& operator=(const MigrationLock&) = delete;

    [[nodiscard]] bool take() {
        held_ = connection_.execute("SELECT pg_try_advisory_lock" + key_).boolean(0, 0);
        return held_;
    }

private:
    Connection& connection_;
    const std::string key_;
    bool held_ = false;
};

}  // namespace

const Migrations& migrations() {
    static const Migrations all{
        {.name = "first schema",
         .sql = std::string(sql::schema) + parking_function() + refusal_function() + silence_function() +
                sql::catalogs + sql::specs + sql::queue + sql::working + sql::commit + sql::maintenance + sql::reading},
        {.name = "folders, notes and refreshes", .sql = sql::records},
        {.name = "deletions of what was seen", .sql = sql::versions},
    };
    return all;
}

MigrationState read_migration_state(Connection& connection, const std::string& schema, const Migrations& steps) {
    const Applied applied = applied_steps(connection, schema);
    MigrationState state;
    state.current = version_of(applied);
    state.newest = static_cast<std::uint32_t>(steps.size());
    for (const auto& [step, index] : missing_indexes(applied, steps))
        state.waiting.push_back("index " + steps[step].afterwards[index].name);
    for (std::size_t i = state.current; i < steps.size(); ++i) state.waiting.emplace_back(steps[i].name);
    return state;
}

void require_schema(Connection& connection, const std::string& schema, const Migrations& steps) {
    const std::uint32_t current = current_version(connection, schema);
    if (current == steps.size()) return;
    refuse_newer(connection, schema, current, steps);
    throw failure(ErrorKind::misconfigured, versions(connection, schema, current, steps), "run `embedq migrate up`");
}

void apply_migrations(Connection& connection, const std::string& schema, Logger& logger, const Migrations& steps,
                      const LockPatience& patience, const std::stop_token& stop) {
    MigrationState state = read_migration_state(connection, schema, steps);
    refuse_newer(connection, schema, state.current, steps);
    if (state.waiting.empty()) return;
    if (connection.pooled()) {
        if (state.current == state.newest) return;  // another process builds the indexes
        throw failure(ErrorKind::misconfigured,
                      versions(connection, schema, state.current, steps) +
                          ", but there is a pooler in between, which cannot keep a session's lock",
                      "run `embedq migrate up` once with a 'url' of the server itself");
    }
    MigrationLock lock(connection, schema);
    for (bool logged = false; !lock.take(); logged = true) {
        state = read_migration_state(connection, schema, steps);
        refuse_newer(connection, schema, state.current, steps);
        if (state.current == state.newest) return;  // the process that holds the lock builds the indexes
        if (!logged) logger.info("another process migrates the schema; waiting for it");
        if (!sync::sleep_for(std::chrono::milliseconds(50), stop)) {
            throw failure(ErrorKind::unavailable, "PostgreSQL store at " + connection.place() +
                                                      ": stopped while another process migrated the schema");
        }
    }
    prepare_session(connection, patience);
    state = read_migration_state(connection, schema, steps);
    refuse_newer(connection, schema, state.current, steps);
    for (std::size_t i = state.current; i < steps.size(); ++i) {
        logger.info("migrating the schema: " + std::string(steps[i].name));
        apply_step_in_its_turn(connection, schema, logger, steps, i, patience, stop);
    }
    build_indexes(connection, schema, logger, steps);
}

}  // namespace embedq::postgres
