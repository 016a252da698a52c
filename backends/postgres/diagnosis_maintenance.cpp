// What keeps the queue fast: vacuum, what holds it back, the change feed, and the size of everything.
#include <algorithm>

#include "diagnosis.h"
#include "diagnosis_statements.h"
#include "documents/size_text.h"
#include "names.h"

namespace embedq::postgres {
namespace {

using documents::size_text;

constexpr std::size_t named_holders = 3;
constexpr std::size_t named_tables = 3;

[[nodiscard]] std::string last_vacuum(const Rows& rows, std::size_t row) {
    return rows.null(row, 3) ? "never vacuumed" : "last vacuumed " + duration_text(rows.integer(row, 3)) + " ago";
}

void dead_rows(Checks& checks, const Rows& tables) {
    std::int64_t dead = 0;
    std::size_t most = 0;
    bool sound = true;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const std::string table = checks.schema() + "." + identifier(tables.view(i, 0));
        const std::int64_t here = tables.integer(i, 2);
        dead += here;
        if (here > tables.integer(most, 2)) most = i;
        if (tables.boolean(i, 6)) {
            checks.fault("autovacuum", "it is off for " + tables.text(i, 0),
                         "ALTER TABLE " + table + " RESET (autovacuum_enabled)");
        }
        if (here < checks.limits().dead_rows || here <= tables.integer(i, 1)) continue;
        sound = false;
        checks.note("dead rows",
                    tables.text(i, 0) + " has " + number_text(here) + " beside " + number_text(tables.integer(i, 1)) +
                        " live ones, " + last_vacuum(tables, i),
                    "VACUUM (ANALYZE) " + table + "; if they remain, end what 'oldest transaction' names");
    }
    if (!sound) return;
    checks.good("dead rows", dead == 0 ? "none"
                                       : number_text(dead) + "; most in " + tables.text(most, 0) + ", " +
                                             number_text(tables.integer(most, 2)) + " beside " +
                                             number_text(tables.integer(most, 1)) + " live ones, " +
                                             last_vacuum(tables, most));
}

void size(Checks& checks, const Rows& tables) {
    std::int64_t bytes = 0;
    std::string list;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        bytes += tables.integer(i, 4);
        if (i < named_tables) {
            list += (i == 0 ? ": " : ", ") + tables.text(i, 0) + " " + size_text(tables.integer(i, 4)) +
                    " with about " + number_text(tables.integer(i, 5)) + " rows";
        }
        if (tables.view(i, 0) != "changes" || tables.integer(i, 5) < checks.limits().changes) continue;
        checks.note("change feed", "about " + number_text(tables.integer(i, 5)) + " changes are kept",
                    "make sure that a worker runs, since it prunes them, or lower `scheduler.retention`");
    }
    checks.good("size", size_text(bytes) + " in " + std::to_string(tables.size()) + " tables" + list);
    constexpr std::int64_t shipped_buffers = 16'384;  // of 8 kB
    if (bytes < checks.limits().much_data) return;
    const std::int64_t buffers =
        checks.query("SELECT setting FROM pg_settings WHERE name = 'shared_buffers'").integer(0, 0);
    if (buffers > shipped_buffers) return;
    checks.note("settings",
                "shared_buffers is " + size_text(buffers * 8'192) + ", no more than PostgreSQL's default, for " +
                    size_text(bytes) + " of data",
                "ALTER SYSTEM SET shared_buffers to a quarter of the machine's memory, and restart the server");
}

struct Holder {
    FindingLevel level;
    std::string found;
    std::string hint;
};

[[nodiscard]] Holder holder_of(const Rows& rows, std::size_t row, const DiagnosisLimits& limits) {
    const std::string_view kind = rows.view(row, 0);
    const std::string name = rows.text(row, 1);
    const std::int64_t seconds = rows.maybe(row, 6).value_or(-1);
    const std::int64_t behind = rows.integer(row, 5);
    Holder holder{.level = FindingLevel::good, .found = {}, .hint = {}};
    if (seconds >= limits.far_too_old_transaction.count()) {
        holder.level = FindingLevel::fault;
    } else if (seconds >= limits.old_transaction.count() || (seconds < 0 && behind >= limits.transactions_behind)) {
        holder.level = FindingLevel::note;
    }
    const std::string since =
        (seconds < 0 ? "" : " for " + duration_text(seconds)) + ", " + number_text(behind) + " transactions";
    if (kind == "prepared") {
        holder.found =
            "the prepared transaction " + literal(name) + " of user '" + rows.text(row, 2) + "' is open" + since;
        holder.hint = "COMMIT PREPARED " + literal(name) + " or ROLLBACK PREPARED " + literal(name) +
                      " in the database " + identifier(rows.view(row, 3));
    } else if (kind == "slot") {
        holder.found = "the replication slot '" + name + "' (" + rows.text(row, 4) + ") holds rows" + since;
        holder.hint = "end long queries on its standby, or SELECT pg_drop_replication_slot(" + literal(name) +
                      ") if the standby is gone";
    } else if (kind == "standby") {
        holder.found = "the standby '" + rows.text(row, 3) + "' (process " + name + ") asks to keep rows" + since;
        holder.hint = "end long queries there, or turn off its hot_standby_feedback";
    } else {
        holder.found = "process " + name + " of user '" + rows.text(row, 2) + "' (" +
                       (rows.view(row, 3).empty() ? "no name" : rows.text(row, 3)) + "), " + rows.text(row, 4) + since +
                       ": " + rows.text(row, 7);
        holder.hint = "have that program end its transaction, or SELECT pg_terminate_backend(" + name + ")";
    }
    return holder;
}

void oldest_transaction(Checks& checks) {
    const Rows rows = checks.query(statements::horizon);
    std::string hidden;
    if (!checks.sees_all_sessions) {
        const std::int64_t sessions = checks.query(statements::hidden_sessions).integer(0, 0);
        if (sessions > 0) {
            hidden = "; " + std::to_string(sessions) +
                     " sessions of others cannot be seen (GRANT pg_read_all_stats TO " + identifier(checks.role) +
                     " shows them)";
        }
    }
    bool sound = true;
    std::size_t reported = 0;
    for (std::size_t i = 0; i < rows.size() && reported < named_holders; ++i) {
        Holder holder = holder_of(rows, i, checks.limits());
        if (holder.level == FindingLevel::good) continue;
        sound = false;
        ++reported;
        checks.add(holder.level, "oldest transaction", "it holds vacuum back: " + holder.found, std::move(holder.hint));
    }
    if (sound && rows.size() == 0) checks.good("oldest transaction", "none holds vacuum back" + hidden);
    if (sound && rows.size() > 0) checks.good("oldest transaction", holder_of(rows, 0, checks.limits()).found + hidden);
}

void unsettled_feed(Checks& checks) {
    if (checks.query_schema(statements::version).size() == 0) return;
    std::string statement = statements::unsettled_feed;
    for (auto at = statement.find("%s"); at != std::string::npos;
         at = statement.find("%s", at + checks.schema().size())) {
        statement.replace(at, 2, checks.schema());
    }
    const std::int64_t changes = checks.connection().execute(statement).integer(0, 0);
    if (changes < checks.limits().unsettled_changes) return;
    checks.note(
        "change feed",
        number_text(changes) +
            " changes of a catalog are counted again by each reader, since a transaction that began before them is "
            "open",
        "end the oldest transaction that writes, in any database of the server");
}

}  // namespace

void check_maintenance(Checks& checks) {
    checks.run("dead rows", [&] {
        const Rows tables = checks.query_schema(statements::tables);
        if (tables.size() == 0) return;
        dead_rows(checks, tables);
        size(checks, tables);
    });
    checks.run("oldest transaction", [&] { oldest_transaction(checks); });
    checks.run("change feed", [&] { unsettled_feed(checks); });
}

}  // namespace embedq::postgres
