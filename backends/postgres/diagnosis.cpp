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

constexpr std::size_t most_named = 8;  // so many of the things of one kind are named

[[nodiscard]] std::string in_one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
}

[[nodiscard]] std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most_named) text += " and " + std::to_string(names.size() - most_named) + " more";
    return text;
}

void rights_of_a_schema(Checks& checks) {
    const std::string who = identifier(checks.role);
    const Rows schema = checks.query_schema(statements::schema_rights);
    if (schema.size() == 0) {
        if (checks.query(statements::may_make_schemas).boolean(0, 0)) {
            checks.good("rights", "role '" + checks.role + "' may create the schema");
        } else {
            checks.note("rights",
                        "role '" + checks.role + "' may not create the schema '" + checks.name() +
                            "', which does not exist yet",
                        "let a superuser run CREATE SCHEMA " + checks.schema() + " AUTHORIZATION " + who +
                            ", or let another role run `embedq migrate up` and grant the rights of docs/deploying.md");
        }
        return;
    }
    if (!schema.boolean(0, 0)) {
        checks.fault(
            "rights", "role '" + checks.role + "' may not use the schema '" + checks.name() + "'",
            "GRANT USAGE ON SCHEMA " + checks.schema() + " TO " + who + ", and the other rights of docs/deploying.md");
        return;
    }
    const Rows creators = checks.query_schema(statements::creators);
    if (!creators.null(0, 0)) {
        checks.fault("creators",
                     "roles other than its owner (" + creators.text(0, 0) + ") may create functions in the schema '" +
                         checks.name() + "', which could then run with the store's rights",
                     "REVOKE CREATE ON SCHEMA " + checks.schema() + " FROM " + creators.text(0, 0));
    }
    const Rows missing = checks.query_schema(statements::missing_rights);
    for (std::size_t i = 0; i < missing.size(); ++i) {
        const std::string_view kind = missing.view(i, 0);
        const char* rights = kind == "table"      ? "SELECT, INSERT, UPDATE, DELETE"
                             : kind == "sequence" ? "USAGE"
                                                  : "EXECUTE";
        const char* all = kind == "table" ? "TABLES" : kind == "sequence" ? "SEQUENCES" : "FUNCTIONS";
        checks.fault(
            "rights",
            "role '" + checks.role + "' lacks rights on each " + std::string(kind) + " of: " + missing.text(i, 1),
            "GRANT " + std::string(rights) + " ON ALL " + all + " IN SCHEMA " + checks.schema() + " TO " + who);
    }
    if (missing.size() > 0) return;
    checks.good("rights", "role '" + checks.role + "' has all rights that the store needs" +
                              (schema.boolean(0, 1) ? ", and may migrate" : "; migrations need another role"));
}

// 0 if it cannot be read, or there is none.
[[nodiscard]] std::size_t version_of_schema(Checks& checks) {
    const Rows readable = checks.query_schema(statements::version);
    if (readable.size() == 0 || !readable.boolean(0, 0)) return 0;
    return checks.connection()
        .execute("SELECT coalesce(max(number), 0) FROM " + checks.schema() + ".migrations")
        .count(0, 0);
}

// The version says which migrations were applied, not what was changed since.
void tables_and_indexes(Checks& checks, const Migrations& steps) {
    constexpr const char* subject = "tables and indexes";
    const std::size_t version = version_of_schema(checks);
    if (version == 0 || version > steps.size()) return;  // reported as the state of the schema
    const SchemaObjects expected = objects_of(steps, version, checks.schema());
    std::set<std::string> found;
    const Rows rows = checks.query_schema(statements::objects);
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
            checks.note(subject, name + " is not built yet",
                        "run `embedq migrate up`, which builds it while everything else continues");
        } else if (!statement.empty()) {
            checks.fault(subject, name + " is missing", "run " + statement);
        } else {
            lost.push_back(name);
        }
    }
    if (!lost.empty()) {
        checks.fault(subject, "missing: " + list_of(lost),
                     "restore the schema from a backup, or drop it, run `embedq migrate up` and index again");
    }
    std::vector<std::string> foreign;
    for (const std::string& name : found) {
        // What an interrupted concurrent build left is reported by `indexes`.
        if (!expected.contains(name) && name.find("_ccnew") == std::string::npos &&
            name.find("_ccold") == std::string::npos) {
            foreign.push_back(name);
        }
    }
    if (!foreign.empty()) {
        checks.note(subject, "the schema has some that embedq did not create: " + list_of(foreign),
                    "keep what is not embedq's in a schema of its own");
    } else if (!missing) {
        checks.good(subject,
                    "all " + std::to_string(expected.size()) + " tables, indexes, views, types and functions exist");
    }
}

void indexes(Checks& checks) {
    const Rows invalid = checks.query_schema(statements::invalid_indexes);
    for (std::size_t i = 0; i < invalid.size(); ++i) {
        const std::string name = invalid.text(i, 0);
        const std::string full = checks.schema() + "." + identifier(name);
        const bool of_reindex = name.find("_ccnew") != std::string::npos || name.find("_ccold") != std::string::npos;
        if (invalid.boolean(i, 1)) {
            checks.good("invalid indexes", name + " is being built");
        } else if (of_reindex) {
            checks.fault("invalid indexes",
                         name + " was left by an interrupted REINDEX: each write updates it, and nothing reads it",
                         "DROP INDEX CONCURRENTLY " + full);
        } else {
            checks.fault("invalid indexes", name + " was left by an interrupted build: nothing reads it",
                         "REINDEX INDEX CONCURRENTLY " + full);
        }
    }
    if (invalid.size() == 0) checks.good("invalid indexes", "none");
}

}  // namespace

Checks::Checks(Connection& connection, std::string schema, const DiagnosisLimits& limits)
    : connection_(connection),
      schema_(std::move(schema)),
      name_(unquoted(schema_)),
      limits_(limits),
      end_(std::chrono::steady_clock::now() + limits.all_checks) {}

void Checks::run(const char* subject, const std::function<void()>& body) {
    const auto left = std::chrono::duration_cast<milliseconds>(end_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
        skipped_ += (skipped_.empty() ? "" : ", ") + std::string(subject);
        return;
    }
    const auto limit = std::to_string(std::min(left, limits_.one_check).count());
    try {
        connection_.begin("BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY");
        connection_.execute("SET LOCAL statement_timeout = " + limit + "; SET LOCAL lock_timeout = " + limit);
        body();
        connection_.rollback();
    } catch (const Failure& caught) {
        if (caught.disconnected) throw;
        connection_.rollback();
        note(subject, "could not be checked: " + in_one_line(to_string(caught.error)),
             "try again; if it fails again, see the server's log");
    }
}

std::vector<Finding> Checks::take() {
    if (!skipped_.empty()) {
        note("diagnosis", "the server is slow, so there was no time for: " + skipped_,
             "see what the server is busy with, and try again");
    }
    return std::move(findings_);
}

std::vector<Finding> diagnose(Connection& connection, const std::string& schema, std::size_t pool, const Clock& clock,
                              const DiagnosisLimits& limits, const Migrations& steps) {
    Checks checks(connection, schema, limits);
    check_server(checks, pool, clock);
    checks.run("rights", [&] { rights_of_a_schema(checks); });
    checks.run("tables and indexes", [&] { tables_and_indexes(checks, steps); });
    checks.run("invalid indexes", [&] { indexes(checks); });
    check_maintenance(checks);
    return checks.take();
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
