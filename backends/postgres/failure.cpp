#include "failure.h"

#include <algorithm>
#include <array>

#include "embedq/support/store_rules.h"

namespace embedq::postgres {
namespace {

[[nodiscard]] std::string one_line(std::string_view message) {
    std::string line;
    for (const char c : message) {
        const bool breaks = c == '\n' || c == '\r' || c == '\t';
        // libpq indents what follows a line break.
        if (breaks && (line.empty() || line.back() == ' ')) continue;
        line += breaks ? ' ' : c;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

// The server's own text, without its prefix and the lines about the function that was running.
[[nodiscard]] std::string first_line(std::string_view message) {
    std::string line = one_line(message.substr(0, message.find('\n')));
    for (const std::string_view prefix : {"ERROR:  ", "FATAL:  "}) {
        if (line.starts_with(prefix)) line.erase(0, prefix.size());
    }
    return line;
}

struct Meaning {
    std::string_view state;  // a whole code, or the beginning of several; the first that fits counts
    ErrorKind kind;
    bool again;
    bool disconnected;
    std::string_view hint;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr std::array meanings{
    Meaning{sql_state::no_such_catalog, ErrorKind::not_found, false, false, no_such_catalog_hint},
    Meaning{sql_state::no_such_spec, ErrorKind::not_found, false, false, no_such_spec_hint},
    Meaning{sql_state::no_such_profile, ErrorKind::not_found, false, false, ""},
    Meaning{sql_state::catalog_exists, ErrorKind::conflict, false, false, catalog_exists_hint},
    Meaning{sql_state::written_since, ErrorKind::conflict, false, false, written_since_hint},
    Meaning{sql_state::unknown_job_kind, ErrorKind::invalid_argument, false, false, ""},
    Meaning{"40", ErrorKind::unavailable, true, false, ""},     // transaction rollback: deadlock, serialization failure
    Meaning{"23503", ErrorKind::unavailable, true, false, ""},  // foreign key violation
    Meaning{"23505", ErrorKind::unavailable, true, false, ""},  // unique violation
    Meaning{"08", ErrorKind::unavailable, false, true, ""},     // connection exception
    Meaning{"57P", ErrorKind::unavailable, false, true, ""},    // the server is shutting down or starting up
    Meaning{sql_state::read_only_transaction, ErrorKind::unavailable, false, true,
            "the server may be a standby: name the primary in 'url', or all hosts with "
            "target_session_attrs=read-write"},
    Meaning{"53100", ErrorKind::unavailable, false, false,  // disk full
            "make room on the server's disk; work then continues by itself"},
    Meaning{sql_state::too_many_connections, ErrorKind::unavailable, false, true,
            "raise max_connections, lower 'pool', or put a pooler in front"},
    Meaning{"53", ErrorKind::unavailable, false, false, ""},  // insufficient resources
    Meaning{sql_state::lock_not_available, ErrorKind::unavailable, false, false, ""},
    Meaning{"57014", ErrorKind::unavailable, false, false,  // query cancelled
            "if nobody cancelled it, it took longer than 'statement_timeout': raise that, or see what it waited for"},
    Meaning{"25P03", ErrorKind::unavailable, false, true, ""},  // idle in transaction too long
    Meaning{"58030", ErrorKind::unavailable, false, false, "check the disk of the server"},  // I/O error
    Meaning{sql_state::insufficient_privilege, ErrorKind::misconfigured, false, false,
            "grant it; docs/deploying.md has the list of grants"},
    // Undefined table
    Meaning{"42P01", ErrorKind::misconfigured, false, false, "the schema is incomplete: run `embedq migrate up`"},
    // Undefined function
    Meaning{"42883", ErrorKind::misconfigured, false, false, "the schema is not this build's: run `embedq migrate up`"},
    // No such schema
    Meaning{"3F000", ErrorKind::misconfigured, false, false, "there is no schema yet: run `embedq migrate up`"},
    Meaning{"26000", ErrorKind::unavailable, true, true, ""},  // the prepared statement belonged to another session
    // A character that the encoding does not have
    Meaning{"22021", ErrorKind::invalid_argument, false, false, "remove what PostgreSQL cannot store from the text"},
    // Untranslatable character
    Meaning{"22P05", ErrorKind::invalid_argument, false, false, "remove what PostgreSQL cannot store from the text"},
};

}  // namespace

Failure failure_of(std::string_view state, std::string_view message, std::string_view place) {
    const auto known = std::ranges::find_if(meanings, [&](const Meaning& m) { return state.starts_with(m.state); });
    const std::string text = first_line(message);
    const std::string detail = "SQLSTATE " + std::string(state);
    if (known == meanings.end()) {
        return {.error = {ErrorKind::internal,
                          "PostgreSQL at " + std::string(place) + " refused a statement: " + text,
                          {},
                          detail + ": " + one_line(message)},
                .sql_state = std::string(state)};
    }
    // The messages of the schema's own functions are whole sentences already.
    const bool own = state.starts_with(sql_state::own_class);
    std::string sentence = own ? text : "PostgreSQL at " + std::string(place) + ": " + text;
    return {.error = {known->kind, std::move(sentence), std::string(known->hint), detail},
            .again = known->again,
            .disconnected = known->disconnected,
            .sql_state = std::string(state)};
}

Failure failure_to_connect(std::string_view message, std::string_view place) {
    const std::string text = one_line(message);
    const auto has = [&](std::string_view words) { return text.find(words) != std::string::npos; };
    // libpq gives no SQLSTATE here, only the server's text. Whatever is not known to be permanent may pass.
    const bool permanent = has("authentication failed") || has("no password supplied") || has("no pg_hba.conf entry") ||
                           (has("FATAL") && has("does not exist")) || has("certificate") ||
                           has("invalid connection option");
    std::string hint;
    if (has("session is read-only") || has("server is in hot standby mode")) {
        hint = "embedq writes, so it needs the primary: name it in 'url', or name all hosts of the cluster";
    } else if (has("too many clients") || has("too many connections") || has("remaining connection slots")) {
        hint = "raise max_connections or the role's CONNECTION LIMIT, lower 'pool', or put a pooler in front";
    } else {
        hint = permanent ? "correct the store's 'url', or the server's access rules"
                         : "check that the server is running and reachable from here";
    }
    return {.error = {permanent ? ErrorKind::misconfigured : ErrorKind::unavailable,
                      "cannot connect to PostgreSQL at " + std::string(place) + ": " + text, std::move(hint)},
            .disconnected = true};
}

}  // namespace embedq::postgres
