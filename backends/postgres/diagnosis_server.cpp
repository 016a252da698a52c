// The server itself: version, pooler, clock, settings, connections, standbys.
#include <algorithm>
#include <array>
#include <map>

#include "diagnosis.h"
#include "diagnosis_statements.h"
#include "documents/size_text.h"
#include "names.h"

namespace embedq::postgres {
namespace {

using documents::size_text;
using SettingValues = std::map<std::string, std::string, std::less<>>;

struct Judgement {
    const char* name;
    bool (*wrong)(const std::string& value);
    FindingLevel level;
    const char* consequence;
    const char* hint;  // %r: the role
};

[[nodiscard]] bool is_off(const std::string& value) {
    return value == "off";
}

constexpr const char* reload = "; SELECT pg_reload_conf()";

constexpr std::array judgements{
    Judgement{"fsync", is_off, FindingLevel::fault, "a crash of the server's machine can destroy the database",
              "ALTER SYSTEM SET fsync = on"},
    Judgement{"full_page_writes", is_off, FindingLevel::fault, "a crash of the server's machine can leave torn pages",
              "ALTER SYSTEM SET full_page_writes = on"},
    Judgement{"synchronous_commit", is_off, FindingLevel::note,
              "a crash of the server loses the last writes that it acknowledged, including documents",
              "ALTER SYSTEM SET synchronous_commit = on"},
    Judgement{"autovacuum", is_off, FindingLevel::fault,
              "dead rows of the queue are never removed, and claims slow down", "ALTER SYSTEM SET autovacuum = on"},
    Judgement{"track_counts", is_off, FindingLevel::fault, "autovacuum does not know where to work",
              "ALTER SYSTEM SET track_counts = on"},
    Judgement{"autovacuum_naptime", [](const std::string& value) { return std::atoll(value.c_str()) > 60; },
              FindingLevel::note,
              "the queue's tables need vacuum every minute, and it comes only every so many seconds",
              "ALTER SYSTEM SET autovacuum_naptime = '1min'"},
    Judgement{"vacuum_defer_cleanup_age", [](const std::string& value) { return value != "0"; }, FindingLevel::note,
              "dead rows of the queue are kept for that many transactions",
              "ALTER SYSTEM SET vacuum_defer_cleanup_age = 0"},
    Judgement{"idle_in_transaction_session_timeout", [](const std::string& value) { return value == "0"; },
              FindingLevel::note,
              "a forgotten transaction of another program can hold back vacuum forever (embedq's own sessions have a "
              "timeout)",
              "ALTER SYSTEM SET idle_in_transaction_session_timeout = '5min'"},
};

void settings(Checks& checks) {
    std::vector<std::string> names{"default_transaction_isolation"};
    for (const Judgement& judgement : judgements) names.emplace_back(judgement.name);
    const Rows rows =
        checks.connection().query(statements::settings, Parameters().add(std::span<const std::string>(names)));
    SettingValues values;
    for (std::size_t i = 0; i < rows.size(); ++i) values.emplace(rows.text(i, 0), rows.text(i, 1));
    bool sound = true;
    for (const Judgement& judgement : judgements) {
        const auto value = values.find(judgement.name);  // not every version has each
        if (value == values.end() || !judgement.wrong(value->second)) continue;
        sound = false;
        checks.add(judgement.level, "settings",
                   std::string(judgement.name) + " is " + value->second + ": " + judgement.consequence,
                   std::string(judgement.hint) + reload);
    }
    const std::string& isolation = values["default_transaction_isolation"];
    if (isolation != "read committed") {
        sound = false;
        checks.fault("settings",
                     "default_transaction_isolation is " + isolation +
                         " for this role, so that transactions of different processes make each other fail",
                     "ALTER ROLE " + identifier(checks.role) + " SET default_transaction_isolation = 'read committed'");
    }
    if (sound) checks.good("settings", "writes are safe, vacuum runs, isolation is read committed");
}

void server(Checks& checks, const Clock& clock) {
    const auto before = clock.wall();
    const Rows rows = checks.query(statements::server);
    const auto middle = before + (clock.wall() - before) / 2;
    checks.role = rows.text(0, 1);
    checks.sees_all_sessions = rows.boolean(0, 4);
    checks.good("server", "PostgreSQL " + rows.text(0, 0) + " at " + checks.connection().place() + ", as role '" +
                              checks.role + "'");
    if (rows.view(0, 3) != "UTF8") {
        checks.fault(
            "encoding",
            "the database '" + rows.text(0, 2) + "' is in " + rows.text(0, 3) + ", which cannot store every text",
            "use a database in UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
    }
    if (checks.connection().pooled()) {
        checks.note("pooler",
                    "there is one between embedq and the server (for example PgBouncer): statements are not prepared, "
                    "sessions cannot LISTEN, and 'statement_timeout' is not set",
                    "this works; but for migrations and for the notifier, name the server itself in 'url'");
    } else {
        checks.good("pooler", "none");
    }
    const std::int64_t ahead =
        rows.integer(0, 5) - to_us(std::chrono::time_point_cast<std::chrono::microseconds>(middle));
    const std::int64_t seconds = std::abs(ahead) / 1'000'000;
    if (seconds >= 2) {
        checks.note("clock",
                    "the server's is " + duration_text(seconds) + (ahead > 0 ? " ahead of" : " behind") +
                        " this host's; the store uses only the server's, so only the times in logs disagree",
                    "let NTP set both");
    } else {
        checks.good("clock", "the server's and this host's agree");
    }
}

void connections(Checks& checks, std::size_t pool) {
    const Rows rows = checks.query(statements::connections);
    std::int64_t most = rows.integer(0, 0);
    const std::int64_t used = rows.integer(0, 1);
    const std::int64_t mine = rows.integer(0, 2);
    std::int64_t left = most - used;
    std::string limiting = "max_connections leaves";
    for (const auto& [column, taken, name] : {std::tuple{3, mine, "the role's CONNECTION LIMIT leaves"},
                                              std::tuple{4, used, "the database's CONNECTION LIMIT leaves"}}) {
        const std::int64_t limit = rows.integer(0, column);
        if (limit < 0 || limit - taken >= left) continue;
        left = limit - taken;
        limiting = name;
        most = limit;
    }
    left = std::max(left + 1, std::int64_t{0});  // this session is one of the pool's
    const std::string found = limiting + " " + std::to_string(left) + " of " + std::to_string(most) +
                              " to this process, whose pool takes up to " + std::to_string(pool);
    if (left < static_cast<std::int64_t>(pool) && !checks.connection().pooled()) {
        checks.note("connections", found, "raise that limit, lower 'pool', or put a pooler in front");
    } else {
        checks.good("connections", found);
    }
}

void standbys(Checks& checks) {
    const std::string wanted = checks.query("SELECT current_setting('synchronous_standby_names')").text(0, 0);
    const std::string commits =
        checks.query("SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'").text(0, 0);
    const Rows rows = checks.query(statements::standbys);
    std::string list;
    bool synchronous = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        list += (i == 0 ? ": " : "; ") + rows.text(i, 0);
        if (rows.null(i, 2)) continue;
        synchronous = synchronous || rows.view(i, 2) == "sync" || rows.view(i, 2) == "quorum";
        list += " (" + rows.text(i, 1) + ", " + rows.text(i, 2) +
                (rows.null(i, 3) ? "" : ", " + size_text(rows.integer(i, 3)) + " behind") + ")";
    }
    const bool known = rows.size() == 0 || checks.sees_all_sessions;
    if (!wanted.empty() && known && !synchronous && commits != "off" && commits != "local") {
        checks.fault("standbys",
                     "every commit waits for a synchronous standby ('" + wanted + "'), and none is connected",
                     "start it, or ALTER SYSTEM SET synchronous_standby_names = ''" + std::string(reload));
    } else {
        checks.good("standbys", rows.size() == 0 ? "none" : std::to_string(rows.size()) + " connected" + list);
    }
    const Rows slots = checks.query(statements::idle_slots);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (slots.integer(i, 1) < checks.limits().much_kept_wal) continue;
        checks.note("standbys",
                    "nothing reads the replication slot '" + slots.text(i, 0) + "', for which " +
                        size_text(slots.integer(i, 1)) + " of log are kept on the server's disk",
                    "start its standby, or SELECT pg_drop_replication_slot(" + literal(slots.text(i, 0)) + ")");
    }
}

}  // namespace

void check_server(Checks& checks, std::size_t pool, const Clock& clock) {
    checks.run("server", [&] { server(checks, clock); });
    checks.run("connections", [&] { connections(checks, pool); });
    checks.run("settings", [&] { settings(checks); });
    checks.run("standbys", [&] { standbys(checks); });
}

}  // namespace embedq::postgres
