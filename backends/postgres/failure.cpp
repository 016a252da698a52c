#include "failure.h"

#include <algorithm>
#include <array>

namespace embedq::postgres {
namespace {

[[nodiscard]] std::string one_line(std::string_view message) {
    std::string line(message);
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    std::ranges::replace(line, '\n', ' ');
    return line;
}

// The server's own text, less its prefix and what it says of the function that was running.
[[nodiscard]] std::string first_line(std::string_view message) {
    std::string line = one_line(message.substr(0, message.find('\n')));
    for (const std::string_view prefix : {"ERROR:  ", "FATAL:  "}) {
        if (line.starts_with(prefix)) line.erase(0, prefix.size());
    }
    return line;
}

struct Meaning {
    std::string_view state;  // a class of two, or a whole code; the first that fits counts
    ErrorKind kind;
    bool again;
    bool disconnected;
    const char* hint;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html; EQ… are raised by this schema's own functions.
constexpr std::array meanings{
    Meaning{"EQ404", ErrorKind::not_found, false, false, ""},
    Meaning{"EQ409", ErrorKind::conflict, false, false, ""},
    Meaning{"EQ400", ErrorKind::invalid_argument, false, false, ""},
    Meaning{"40", ErrorKind::unavailable, true, false, ""},
    Meaning{"23503", ErrorKind::unavailable, true, false, ""},
    Meaning{"23505", ErrorKind::unavailable, true, false, ""},
    Meaning{"08", ErrorKind::unavailable, false, true, ""},
    Meaning{"57P", ErrorKind::unavailable, false, true, ""},
    Meaning{"25006", ErrorKind::unavailable, false, true,
            "the server is read-only, a standby perhaps; name the primary in 'url', or all hosts with "
            "target_session_attrs=read-write"},
    Meaning{"53100", ErrorKind::unavailable, false, false,
            "the server's disk is full; make room there, work goes on by itself"},
    Meaning{"53300", ErrorKind::unavailable, false, true,
            "raise max_connections, lower 'pool', or put a pooler in front"},
    Meaning{"53", ErrorKind::unavailable, false, false, ""},
    Meaning{"55P03", ErrorKind::unavailable, false, false, ""},
    Meaning{"57014", ErrorKind::unavailable, false, false,
            "it took longer than 'statement_timeout', or somebody cancelled it"},
    Meaning{"25P03", ErrorKind::unavailable, false, true, ""},
    Meaning{"58030", ErrorKind::unavailable, false, false, "the server could not read or write its disk"},
    Meaning{"42501", ErrorKind::misconfigured, false, false, "grant it; docs/deploying.md has the list of grants"},
    Meaning{"42P01", ErrorKind::misconfigured, false, false, "the schema is not whole; run `embedq migrate up`"},
    Meaning{"42883", ErrorKind::misconfigured, false, false, "the schema is not this build's; run `embedq migrate up`"},
    Meaning{"3F000", ErrorKind::misconfigured, false, false, "there is no schema yet; run `embedq migrate up`"},
    Meaning{"26000", ErrorKind::unavailable, true, true, ""},  // a prepared statement that went with another session
    Meaning{"22021", ErrorKind::invalid_argument, false, false, "PostgreSQL cannot store this text"},
    Meaning{"22P05", ErrorKind::invalid_argument, false, false, "PostgreSQL cannot store this text"},
};

}  // namespace

Failure failure_of(std::string_view sql_state, std::string_view message, std::string_view place) {
    const auto known = std::ranges::find_if(meanings, [&](const Meaning& m) { return sql_state.starts_with(m.state); });
    const std::string text = first_line(message);
    const std::string detail = "SQLSTATE " + std::string(sql_state);
    if (known == meanings.end()) {
        return {.error = {ErrorKind::internal,
                          "PostgreSQL at " + std::string(place) + " refused a statement: " + text,
                          {},
                          detail + ": " + one_line(message)},
                .sql_state = std::string(sql_state)};
    }
    // What the schema's own functions say is a whole sentence already.
    std::string sentence = sql_state.starts_with("EQ") ? text : "PostgreSQL at " + std::string(place) + ": " + text;
    return {.error = {known->kind, std::move(sentence), known->hint, detail},
            .again = known->again,
            .disconnected = known->disconnected,
            .sql_state = std::string(sql_state)};
}

Failure failure_to_connect(std::string_view message, std::string_view place) {
    const std::string text = one_line(message);
    const auto has = [&](std::string_view words) { return text.find(words) != std::string::npos; };
    // libpq gives no SQLSTATE here, only the server's text. What is not known to be wrong for good may pass.
    const bool wrong = has("authentication failed") || has("no password supplied") || has("no pg_hba.conf entry") ||
                       (has("FATAL") && has("does not exist")) || has("certificate") ||
                       has("invalid connection option");
    std::string sentence = "cannot connect to PostgreSQL at " + std::string(place) + ": " + text;
    if (has("session is read-only") || has("server is in hot standby mode")) {
        sentence += "; embedq writes, so it needs the primary: name it in 'url', or name all hosts of the cluster";
    } else if (has("too many clients") || has("too many connections") || has("remaining connection slots")) {
        sentence += "; raise max_connections or the role's CONNECTION LIMIT, lower 'pool', or put a pooler in front";
    } else {
        sentence += wrong ? "; hint 'url' of the store, or the server's access rules"
                          : "; is the server running, and reachable from here?";
    }
    return {.error = {wrong ? ErrorKind::misconfigured : ErrorKind::unavailable, std::move(sentence)},
            .disconnected = true};
}

}  // namespace embedq::postgres
