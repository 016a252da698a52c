#include "diagnosis.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "diagnosis_statements.h"
#include "names.h"
#include "schema_objects.h"

namespace embedq::postgres {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t named = 8;  // of many things of one kind, so many are named

[[nodiscard]] std::string in_one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
}

[[nodiscard]] std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), named); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > named) text += " and " + std::to_string(names.size() - named) + " more";
    return text;
}

void rights_of_a_schema(Looks& looks) {
    const std::string who = identifier(looks.role);
    const Rows schema = looks.ask_of_schema(statements::schema_rights);
    if (schema.size() == 0) {
        if (looks.ask(statements::may_make_schemas).boolean(0, 0)) {
            looks.good("rights", "role '" + looks.role + "' may make the schema");
        } else {
            looks.note("rights",
                       "role '" + looks.role + "' may not make the schema '" + looks.name() + "', which is not there",
                       "a superuser runs CREATE SCHEMA " + looks.schema() + " AUTHORIZATION " + who +
                           ", or another role runs `embedq migrate up` and grants the rights of docs/deploying.md");
        }
        return;
    }
    if (!schema.boolean(0, 0)) {
        looks.fault(
            "rights", "role '" + looks.role + "' may not use the schema '" + looks.name() + "'",
            "GRANT USAGE ON SCHEMA " + looks.schema() + " TO " + who + ", and the other rights of docs/deploying.md");
        return;
    }
    const Rows missing = looks.ask_of_schema(statements::missing_rights);
    for (std::size_t i = 0; i < missing.size(); ++i) {
        const std::string_view kind = missing.view(i, 0);
        const char* rights = kind == "table"      ? "SELECT, INSERT, UPDATE, DELETE"
                             : kind == "sequence" ? "USAGE"
                                                  : "EXECUTE";
        const char* all = kind == "table" ? "TABLES" : kind == "sequence" ? "SEQUENCES" : "FUNCTIONS";
        looks.fault(
            "rights",
            "role '" + looks.role + "' lacks rights on each " + std::string(kind) + " of: " + missing.text(i, 1),
            "GRANT " + std::string(rights) + " ON ALL " + all + " IN SCHEMA " + looks.schema() + " TO " + who);
    }
    if (missing.size() > 0) return;
    looks.good("rights", "role '" + looks.role + "' may do all that the store needs" +
                             (schema.boolean(0, 1) ? ", and migrate" : "; migrations are another role's"));
}

// Nothing when it cannot be read, or there is none.
[[nodiscard]] std::size_t version_of_schema(Looks& looks) {
    const Rows readable = looks.ask_of_schema(statements::version);
    if (readable.size() == 0 || !readable.boolean(0, 0)) return 0;
    return looks.connection()
        .execute("SELECT coalesce(max(number), 0) FROM " + looks.schema() + ".migrations")
        .count(0, 0);
}

// The version says what was applied, not what somebody did to it since.
void tables_and_indexes(Looks& looks, const Migrations& steps) {
    constexpr const char* subject = "tables and indexes";
    const std::size_t version = version_of_schema(looks);
    if (version == 0 || version > steps.size()) return;  // that is told as the schema's state
    const SchemaObjects expected = objects_of(steps, version, looks.schema());
    std::set<std::string> found;
    const Rows rows = looks.ask_of_schema(statements::objects);
    for (std::size_t i = 0; i < rows.size(); ++i) found.insert(rows.text(i, 0));
    std::set<std::string> later;
    for (std::size_t i = 0; i < version; ++i) {
        for (const LaterIndex& index : steps[i].afterwards) later.insert("index " + index.name);
    }
    std::vector<std::string> lost;
    bool missing = false;
    for (const auto& [name, statement] : expected) {
        if (found.contains(name)) continue;
        missing = true;
        if (later.contains(name)) {
            looks.note(subject, name + " is not built yet", "`embedq migrate up` builds it, beside whatever runs");
        } else if (!statement.empty()) {
            looks.fault(subject, name + " is missing", "run " + statement);
        } else {
            lost.push_back(name);
        }
    }
    if (!lost.empty()) {
        looks.fault(subject, "missing: " + list_of(lost),
                    "restore the schema from a backup, or drop it, run `embedq migrate up` and index again");
    }
    std::vector<std::string> foreign;
    for (const std::string& name : found) {
        // What a broken concurrent build leaves is told as that.
        if (!expected.contains(name) && name.find("_ccnew") == std::string::npos &&
            name.find("_ccold") == std::string::npos) {
            foreign.push_back(name);
        }
    }
    if (!foreign.empty()) {
        looks.note(subject, "in the schema are others that embedq did not make: " + list_of(foreign),
                   "keep what is not embedq's in a schema of its own");
    } else if (!missing) {
        looks.good(subject,
                   "all " + std::to_string(expected.size()) + " tables, indexes, views, types and functions are there");
    }
}

void indexes(Looks& looks) {
    const Rows invalid = looks.ask_of_schema(statements::invalid_indexes);
    for (std::size_t i = 0; i < invalid.size(); ++i) {
        const std::string name = invalid.text(i, 0);
        const std::string full = looks.schema() + "." + identifier(name);
        const bool of_reindex = name.find("_ccnew") != std::string::npos || name.find("_ccold") != std::string::npos;
        if (invalid.boolean(i, 1)) {
            looks.good("invalid indexes", name + " is being built");
        } else if (of_reindex) {
            looks.fault("invalid indexes",
                        name + " was left by an interrupted REINDEX: each write pays for it, and nothing reads it",
                        "DROP INDEX CONCURRENTLY " + full);
        } else {
            looks.fault("invalid indexes", name + " was left by an interrupted build: nothing reads it",
                        "REINDEX INDEX CONCURRENTLY " + full);
        }
    }
    if (invalid.size() == 0) looks.good("invalid indexes", "none");
}

}  // namespace

Looks::Looks(Connection& connection, std::string schema, const DiagnosisLimits& limits)
    : connection_(connection),
      schema_(std::move(schema)),
      name_(unquoted(schema_)),
      limits_(limits),
      end_(std::chrono::steady_clock::now() + limits.all_looks) {}

void Looks::at(const char* subject, const std::function<void()>& body) {
    const auto left = std::chrono::duration_cast<milliseconds>(end_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
        skipped_ += (skipped_.empty() ? "" : ", ") + std::string(subject);
        return;
    }
    const auto limit = std::to_string(std::min(left, limits_.one_look).count());
    try {
        connection_.begin("BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY");
        connection_.execute("SET LOCAL statement_timeout = " + limit + "; SET LOCAL lock_timeout = " + limit);
        body();
        connection_.rollback();
    } catch (const Failure& caught) {
        if (caught.disconnected) throw;
        connection_.rollback();
        note(subject, "could not be looked at: " + in_one_line(to_string(caught.error)),
             "look again; if it stays so, see the server's log");
    }
}

std::vector<Finding> Looks::take() {
    if (!skipped_.empty()) {
        note("diagnosis", "the server is slow, so there was no time for: " + skipped_,
             "see what the server is busy with, and look again");
    }
    return std::move(findings_);
}

std::vector<Finding> diagnose(Connection& connection, const std::string& schema, std::size_t pool, const Clock& clock,
                              const DiagnosisLimits& limits, const Migrations& steps) {
    Looks looks(connection, schema, limits);
    look_at_server(looks, pool, clock);
    looks.at("rights", [&] { rights_of_a_schema(looks); });
    looks.at("tables and indexes", [&] { tables_and_indexes(looks, steps); });
    looks.at("invalid indexes", [&] { indexes(looks); });
    look_at_maintenance(looks);
    return looks.take();
}

std::string duration_text(std::int64_t seconds) {
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (seconds < 7'200) return std::to_string(seconds / 60) + " min";
    if (seconds < 172'800) return std::to_string(seconds / 3'600) + " h";
    return std::to_string(seconds / 86'400) + " days";
}

std::string number_text(std::int64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

}  // namespace embedq::postgres
