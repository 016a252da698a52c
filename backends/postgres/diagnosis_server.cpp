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
              "a crash of the server takes the last writes that it had acknowledged, documents too",
              "ALTER SYSTEM SET synchronous_commit = on"},
    Judgement{"autovacuum", is_off, FindingLevel::fault,
              "dead rows of the queue are never taken away, and claims slow down", "ALTER SYSTEM SET autovacuum = on"},
    Judgement{"track_counts", is_off, FindingLevel::fault, "autovacuum does not know where to work",
              "ALTER SYSTEM SET track_counts = on"},
    Judgement{"autovacuum_naptime", [](const std::string& value) { return std::atoll(value.c_str()) > 60; },
              FindingLevel::note, "seconds pass between two vacuums of the queue's tables, which need one each minute",
              "ALTER SYSTEM SET autovacuum_naptime = '1min'"},
    Judgement{"vacuum_defer_cleanup_age", [](const std::string& value) { return value != "0"; }, FindingLevel::note,
              "dead rows of the queue are kept for so many transactions",
              "ALTER SYSTEM SET vacuum_defer_cleanup_age = 0"},
    Judgement{
        "idle_in_transaction_session_timeout", [](const std::string& value) { return value == "0"; },
        FindingLevel::note,
        "another program's forgotten transaction can hold back vacuum for ever (embedq's own sessions have a timeout)",
        "ALTER SYSTEM SET idle_in_transaction_session_timeout = '5min'"},
};

void settings(Looks& looks) {
    std::vector<std::string> names{"default_transaction_isolation"};
    for (const Judgement& judgement : judgements) names.emplace_back(judgement.name);
    const Rows rows =
        looks.connection().query(statements::settings, Parameters().add(std::span<const std::string>(names)));
    SettingValues values;
    for (std::size_t i = 0; i < rows.size(); ++i) values.emplace(rows.text(i, 0), rows.text(i, 1));
    bool sound = true;
    for (const Judgement& judgement : judgements) {
        const auto value = values.find(judgement.name);  // not every version has each
        if (value == values.end() || !judgement.wrong(value->second)) continue;
        sound = false;
        looks.add(judgement.level, "settings",
                  std::string(judgement.name) + " is " + value->second + ": " + judgement.consequence,
                  std::string(judgement.hint) + reload);
    }
    const std::string& isolation = values["default_transaction_isolation"];
    if (isolation != "read committed") {
        sound = false;
        looks.fault("settings",
                    "default_transaction_isolation is " + isolation +
                        " for this role: processes that meet undo each other's work",
                    "ALTER ROLE " + identifier(looks.role) + " SET default_transaction_isolation = 'read committed'");
    }
    if (sound) looks.good("settings", "what is written is safe, vacuum runs, isolation is read committed");
}

void server(Looks& looks, const Clock& clock) {
    const auto before = clock.wall();
    const Rows rows = looks.ask(statements::server);
    const auto middle = before + (clock.wall() - before) / 2;
    looks.role = rows.text(0, 1);
    looks.sees_all_sessions = rows.boolean(0, 4);
    looks.good("server", "PostgreSQL " + rows.text(0, 0) + " at " + looks.connection().place() + ", as role '" +
                             looks.role + "'");
    if (rows.view(0, 3) != "UTF8") {
        looks.fault(
            "encoding",
            "the database '" + rows.text(0, 2) + "' is in " + rows.text(0, 3) + ", which has no place for every text",
            "use a database in UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0");
    }
    if (looks.connection().pooled()) {
        looks.note("pooler",
                   "one stands between (PgBouncer, say): statements are not prepared, sessions cannot LISTEN, and "
                   "'statement_timeout' is not "
                   "set",
                   "it works so; for migrations and for the notifier name the server itself in 'url'");
    } else {
        looks.good("pooler", "none in between");
    }
    const std::int64_t ahead =
        rows.integer(0, 5) - to_us(std::chrono::time_point_cast<std::chrono::microseconds>(middle));
    const std::int64_t seconds = std::abs(ahead) / 1'000'000;
    if (seconds >= 2) {
        looks.note("clock",
                   "the server's is " + duration_text(seconds) + (ahead > 0 ? " ahead of" : " behind") +
                       " this host's; the store goes by the server's alone, so only the times in logs disagree",
                   "have both set by NTP");
    } else {
        looks.good("clock", "the server's and this host's agree");
    }
}

void connections(Looks& looks, std::size_t pool) {
    const Rows rows = looks.ask(statements::connections);
    std::int64_t most = rows.integer(0, 0);
    const std::int64_t used = rows.integer(0, 1);
    const std::int64_t mine = rows.integer(0, 2);
    std::int64_t left = most - used;
    std::string bound = "max_connections leaves";
    for (const auto& [column, taken, name] : {std::tuple{3, mine, "the role's CONNECTION LIMIT leaves"},
                                              std::tuple{4, used, "the database's CONNECTION LIMIT leaves"}}) {
        const std::int64_t limit = rows.integer(0, column);
        if (limit < 0 || limit - taken >= left) continue;
        left = limit - taken;
        bound = name;
        most = limit;
    }
    left = std::max(left + 1, std::int64_t{0});  // this session's own is one of the pool's
    const std::string found = bound + " " + std::to_string(left) + " of " + std::to_string(most) +
                              " to this process, whose pool takes up to " + std::to_string(pool);
    if (left < static_cast<std::int64_t>(pool) && !looks.connection().pooled()) {
        looks.note("connections", found, "raise that limit, lower 'pool', or put a pooler in front");
    } else {
        looks.good("connections", found);
    }
}

void standbys(Looks& looks) {
    const std::string wanted = looks.ask("SELECT current_setting('synchronous_standby_names')").text(0, 0);
    const std::string commits =
        looks.ask("SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'").text(0, 0);
    const Rows rows = looks.ask(statements::standbys);
    std::string list;
    bool synchronous = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        list += (i == 0 ? ": " : "; ") + rows.text(i, 0);
        if (rows.null(i, 2)) continue;
        synchronous = synchronous || rows.view(i, 2) == "sync" || rows.view(i, 2) == "quorum";
        list += " (" + rows.text(i, 1) + ", " + rows.text(i, 2) +
                (rows.null(i, 3) ? "" : ", " + size_text(rows.integer(i, 3)) + " behind") + ")";
    }
    const bool known = rows.size() == 0 || looks.sees_all_sessions;
    if (!wanted.empty() && known && !synchronous && commits != "off" && commits != "local") {
        looks.fault("standbys",
                    "every commit waits for a synchronous standby ('" + wanted + "'), and none is connected",
                    "start it, or ALTER SYSTEM SET synchronous_standby_names = ''" + std::string(reload));
    } else {
        looks.good("standbys", rows.size() == 0 ? "none" : std::to_string(rows.size()) + " connected" + list);
    }
    const Rows slots = looks.ask(statements::idle_slots);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (slots.integer(i, 1) < looks.limits().much_kept_wal) continue;
        looks.note("standbys",
                   "nobody reads the replication slot '" + slots.text(i, 0) + "', for which " +
                       size_text(slots.integer(i, 1)) + " of log are kept on the server's disk",
                   "start its standby, or SELECT pg_drop_replication_slot(" + literal(slots.text(i, 0)) + ")");
    }
}

}  // namespace

void look_at_server(Looks& looks, std::size_t pool, const Clock& clock) {
    looks.at("server", [&] { server(looks, clock); });
    looks.at("connections", [&] { connections(looks, pool); });
    looks.at("settings", [&] { settings(looks); });
    looks.at("standbys", [&] { standbys(looks); });
}

}  // namespace embedq::postgres
