#include "connection.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <pqxx/pqxx>
#include <set>
#include <system_error>
#include <utility>

#include "session_settings.h"
#include "signatures.h"
#include "sync/call_apart.h"

namespace embedq::postgres {
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using ConnectionOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

// libpq quotes what it could not parse, which may be a part of the password.
[[nodiscard]] std::string without_quotations(std::string_view message) {
    std::string out;
    while (!message.empty()) {
        const auto begin = message.find('"');
        out += message.substr(0, begin);
        if (begin == std::string_view::npos) break;
        const auto end = std::min(message.find('"', begin + 1), message.size() - 1);
        const std::string_view quotation = message.substr(begin, end - begin + 1);
        out += quotation.size() == 3 ? quotation : "\"…\"";  // a single character is what libpq expected
        message.remove_prefix(end + 1);
    }
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

[[nodiscard]] ConnectionOptions parse(const std::string& url, std::string& problem) {
    char* message = nullptr;
    ConnectionOptions options(PQconninfoParse(url.c_str(), &message));
    if (message != nullptr) problem = without_quotations(message);
    PQfreemem(message);
    return options;
}

[[nodiscard]] bool is_uri(std::string_view url) {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

[[nodiscard]] std::string value_of(const PQconninfoOption* options, std::string_view keyword) {
    for (; options != nullptr && options->keyword != nullptr; ++options) {
        if (keyword == options->keyword) return options->val == nullptr ? "" : options->val;
    }
    return {};
}

struct Default {
    const char* keyword;
    const char* value;
};
// A dead peer is noticed within half a minute; a session that writes goes to the primary. The encoding is not the URL's
// to choose.
constexpr const char* connect_timeout = "connect_timeout";
constexpr std::string_view session_kind = "target_session_attrs";
constexpr Default defaults[] = {{"application_name", "embedq"}, {connect_timeout, "5"},
                                {"keepalives_idle", "10"},      {"keepalives_interval", "5"},
                                {"keepalives_count", "3"},      {"tcp_user_timeout", "20000"},
                                {"client_encoding", "UTF8"},    {session_kind.data(), "read-write"}};

[[nodiscard]] std::string with_defaults(const std::string& url, bool any_session) {
    if (const auto problem = problem_with_url(url))
        throw failure(ErrorKind::misconfigured, "the store's 'url' cannot be parsed: " + problem->message,
                      problem->hint);
    std::string unused;
    const ConnectionOptions options = parse(url, unused);
    std::string out;
    const auto add = [&](std::string_view keyword, std::string_view value) {
        out += (out.empty() ? "" : " ") + std::string(keyword) + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
        out += '\'';
    };
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        const auto by_default = std::ranges::find(defaults, keyword, &Default::keyword);
        // To libpq it is no limit if it is not positive.
        if (keyword == session_kind && any_session) continue;
        const bool endless = keyword == connect_timeout && option->val != nullptr && std::atoi(option->val) <= 0;
        if (option->val != nullptr && !endless && keyword != "client_encoding") {
            add(keyword, option->val);
        } else if (by_default != std::end(defaults)) {
            add(keyword, by_default->value);
        }
    }
    return out;
}

// Of all addresses together, and of the lookup of their names.
constexpr std::chrono::minutes longest_connect{2};
// One statement of a migration, such as a build of an index.
constexpr std::chrono::hours longest_migration{24};

// A worker that cannot extend its leases within half of their time drops its work (20 s by default, a heartbeat every
// 5 s): a second attempt over another connection fits in.
constexpr std::chrono::milliseconds longest_heartbeat{3'000};

// What is short whatever the store holds: the calls on the queue, and rows that are found by their key.
constexpr std::string_view short_functions[] = {"cancel_jobs",
                                                "catalog_named",
                                                "claim",
                                                "commit_jobs",
                                                "enqueue_jobs",
                                                "extend_leases",
                                                "get_profile",
                                                "list_endpoint_states",
                                                "missing_texts",
                                                "next_due",
                                                "put_endpoint_states",
                                                "reap",
                                                "reserve_rates",
                                                "revision"};

// A second descriptor of a socket. A descriptor that libpq has closed may belong to another file immediately; this one
// is the connection's as long as the object lives.
class OwnDescriptor {
public:
    explicit OwnDescriptor(int of) : descriptor_(::fcntl(of, F_DUPFD_CLOEXEC, 0)) {
        if (descriptor_ < 0)
            throw failure(ErrorKind::unavailable, "the process has no file descriptor left for a connection",
                          "raise its limit of open files (ulimit -n)");
    }
    ~OwnDescriptor() { ::close(descriptor_); }
    OwnDescriptor(const OwnDescriptor&) = delete;
    OwnDescriptor& operator=(const OwnDescriptor&) = delete;
    // Ends every wait on the socket.
    void shut_down() const { ::shutdown(descriptor_, SHUT_RDWR); }
    // How many bytes went over it, received and acknowledged ones; 0 if it is not of TCP.
    [[nodiscard]] std::uint64_t moved() const {
        tcp_info info{};
        socklen_t size = sizeof info;
        if (::getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
        return info.tcpi_bytes_received + info.tcpi_bytes_acked;
    }

private:
    const int descriptor_;
};

[[nodiscard]] const pqxx::result& result_of(const std::shared_ptr<const void>& pointer) {
    return *static_cast<const pqxx::result*>(pointer.get());
}

// Valid as long as the parameters.
[[nodiscard]] std::vector<const char*> pointers_to(const Parameters& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.values().size());
    for (const auto& value : parameters.values()) values.push_back(value ? value->c_str() : nullptr);
    return values;
}

[[nodiscard]] Rows rows_of(pqxx::result result) {
    return Rows(std::make_shared<const pqxx::result>(std::move(result)));
}

// libpqxx 6 keeps the code of some errors only in the type of what it throws.
[[nodiscard]] std::string state_of(const pqxx::sql_error& error) {
    if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr)
        return std::string(sql_state::insufficient_privilege);
    return error.sqlstate();
}

[[nodiscard]] std::string_view state_of(const pqxx::transaction_rollback& error) {
    if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return sql_state::deadlock_detected;
    if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return sql_state::serialization_failure;
    return sql_state::transaction_rollback;
}

}  // namespace

std::string place_of(const std::string& url) {
    std::string unused;
    const ConnectionOptions options = parse(url, unused);
    if (problem_with_url(url)) return "?";
    std::string host = value_of(options.get(), "host");
    if (host.empty()) host = value_of(options.get(), "hostaddr");
    if (host.empty()) host = "localhost";
    const std::string port = value_of(options.get(), "port");
    const std::string database = value_of(options.get(), "dbname");
    return host + (port.empty() ? "" : ":" + port) + (database.empty() ? "" : "/" + database);
}

std::optional<UrlProblem> problem_with_url(const std::string& url) {
    std::string problem;
    const ConnectionOptions options = parse(url, problem);
    if (options == nullptr) return UrlProblem{.message = problem};
    const std::string port = value_of(options.get(), "port");
    if (port.find_first_not_of("0123456789,") == std::string::npos &&
        (!is_uri(url) ||
         (value_of(options.get(), "host") + value_of(options.get(), "dbname")).find('@') == std::string::npos)) {
        return std::nullopt;
    }
    // A password with such a character ends too early, and its rest would be shown as the name of the host.
    return UrlProblem{.message = "the port is not a number, or the host or database has an '@'",
                      .hint = "in a user name or password, write '@', '/' and '%' as %40, %2F and %25"};
}

std::size_t Rows::size() const {
    return static_cast<std::size_t>(result_of(result_).size());
}
bool Rows::null(std::size_t row, int column) const {
    return result_of(result_)[static_cast<pqxx::result::size_type>(row)][column].is_null();
}
std::string_view Rows::view(std::size_t row, int column) const {
    const auto field = result_of(result_)[static_cast<pqxx::result::size_type>(row)][column];
    return {field.c_str(), field.size()};
}
struct Connection::Impl {
    Impl(const ConnectionSettings& from, sync::Watchdog* by, SilenceCheck* check)
        : settings(from), watchdog(by), silence(check), place(place_of(from.url)) {}

    // Who only reads prefers the primary, too: a standby may be behind.
    void connect() {
        if (!settings.read_only) return connect(with_defaults(settings.url, false));
        try {
            connect(with_defaults(settings.url, false));
        } catch (const pqxx::failure&) {
            connect(with_defaults(settings.url, true));
        }
    }

    // libpq has no other way to connect to several addresses, with a time for each, than one that blocks.
    void connect(const std::string& options) {
        const auto open = [options] { return std::make_unique<pqxx::connection>(options); };
        if (watchdog == nullptr) {
            connection = open();
            return;
        }
        auto opened = sync::call_apart(*watchdog, std::chrono::steady_clock::now() + longest_connect, open);
        if (!opened) throw no_answer(opened.error(), longest_connect);
        connection = std::move(*opened);
    }

    // What libpqxx throws, as a Failure.
    template <class Do>
    auto translated(Do&& run) -> decltype(run()) {
        try {
            return run();
        } catch (const pqxx::too_many_connections& caught) {
            throw failure_of(sql_state::too_many_connections, caught.what(), place);
        } catch (const pqxx::broken_connection&) {
            // What libpqxx says here is not the server's message.
            throw Failure{.error = {ErrorKind::unavailable, "the connection to PostgreSQL at " + place + " broke"},
                          .disconnected = true};
        } catch (const pqxx::sql_error& caught) {
            Failure failure = failure_of(state_of(caught), caught.what(), place);
            // An error without a code comes from libpq, about a connection that is gone.
            failure.disconnected = failure.disconnected || failure.sql_state.empty();
            if (failure.sql_state.empty()) failure.error.kind = ErrorKind::unavailable;
            throw failure;
        } catch (const pqxx::transaction_rollback& caught) {
            throw failure_of(state_of(caught), caught.what(), place);
        } catch (const pqxx::failure& caught) {
            throw Failure{.error = {ErrorKind::unavailable, "PostgreSQL at " + place + ": " + caught.what()},
                          .disconnected = true};
        }
    }

    // The same, with an end. libpq waits for as long as the peer acknowledges, and a frozen server or pooler does so
    // forever.
    template <class Do>
    auto guarded(std::chrono::milliseconds limit, Do&& run) -> decltype(run()) {
        if (watchdog == nullptr) return translated(std::forward<Do>(run));
        const sync::Watchdog::Watch watch(*watchdog, std::chrono::steady_clock::now() + limit,
                                          [this] { socket->shut_down(); });
        std::optional<SilenceCheck::Watch> look;
        if (silence != nullptr && limit > settings.call_timeout) look.emplace(*silence, watched());
        try {
            return translated(std::forward<Do>(run));
        } catch (const Failure&) {
            if (const auto reason = watch.ended()) throw no_answer(*reason, limit);
            if (look && look->ended()) throw fell_silent();
            throw;
        }
    }

    [[nodiscard]] SilenceCheck::Call watched() const {
        return {.session = pooled ? 0 : connection->backendpid(),
                .progress = [this] { return socket->moved(); },
                .end = [this] { socket->shut_down(); }};
    }

    [[nodiscard]] Failure fell_silent() const {
        return {.error = {ErrorKind::unavailable,
                          "a connection to PostgreSQL at " + place +
                              " has fallen silent: the server does not answer, or no longer works on the call; the "
                              "connection was closed",
                          "see whether the server, a pooler before it or the network hangs"},
                .disconnected = true};
    }

    [[nodiscard]] Failure no_answer(sync::Watchdog::Reason reason, std::chrono::milliseconds limit) const {
        if (reason == sync::Watchdog::Reason::stop) {
            return {.error = {ErrorKind::unavailable,
                              "the call to PostgreSQL at " + place + " was ended, since embedq is stopping"},
                    .disconnected = true};
        }
        return {.error = {ErrorKind::unavailable,
                          "PostgreSQL at " + place + " did not answer within " +
                              std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) +
                              " s; the connection was closed",
                          "see whether the server, or a pooler before it, hangs"},
                .disconnected = true};
    }

    [[nodiscard]] std::chrono::milliseconds limit_of(Duration duration) const {
        if (duration == Duration::moments) return settings.call_timeout;
        // The server itself ends a statement first.
        return migrates ? longest_migration : settings.statement_timeout + std::chrono::seconds(5);
    }
    [[nodiscard]] std::chrono::milliseconds limit_of(std::string_view function) const {
        if (function == "extend_leases") return std::min(settings.call_timeout, longest_heartbeat);
        const bool is_short = std::ranges::find(short_functions, function) != std::end(short_functions);
        return limit_of(is_short ? Duration::moments : Duration::statement);
    }

    pqxx::result exec(const std::string& sql, Duration duration) {
        return guarded(limit_of(duration), [&] { return work->exec(sql); });
    }

    pqxx::result query(const std::string& statement, const Parameters& parameters) {
        const std::vector<const char*> values = pointers_to(parameters);
        return guarded(limit_of(Duration::statement),
                       [&] { return work->exec_params(statement, pqxx::prepare::make_dynamic_params(values)); });
    }

    pqxx::result call(std::string_view function, const Parameters& parameters) {
        const std::vector<const char*> values = pointers_to(parameters);
        const auto list = pqxx::prepare::make_dynamic_params(values);
        const std::string name(function);
        const auto limit = limit_of(function);
        if (!prepares()) {
            return in_transaction([&] {
                return guarded(limit, [&] { return work->exec_params(statement(function, values.size()), list); });
            });
        }
        return guarded(limit, [&] {
            if (prepared.insert(name).second) connection->prepare(name, statement(function, values.size()));
            return work->exec_prepared(name, list);
        });
    }

    [[nodiscard]] bool prepares() const { return settings.prepare && !pooled; }

    // Behind a pooler, settings hold for one transaction, and each call is in one.
    template <class Do>
    auto in_transaction(Do&& run) -> decltype(run()) {
        if (!pooled || began) return run();
        begin("BEGIN");
        try {
            auto result = run();
            end("COMMIT", Duration::statement);
            return result;
        } catch (...) {
            roll_back();
            throw;
        }
    }
    void begin(const std::string& how) {
        exec(pooled ? how + "; " + settings_statement("SET LOCAL", settings.statement_timeout, version) : how,
             Duration::moments);
        began = true;
    }
    void end(const std::string& how, Duration duration) {
        began = false;
        exec(how, duration);
    }
    void roll_back() noexcept {
        try {
            end("ROLLBACK", Duration::moments);
        } catch (...) {  // NOLINT(bugprone-empty-catch): who caught the first failure discards the connection
        }
    }

    [[nodiscard]] std::string statement(std::string_view function, std::size_t count) const {
        const std::vector<std::string>& types = parameter_types(function);
        std::string sql = "SELECT * FROM " + settings.schema + "." + std::string(function) + "(";
        for (std::size_t i = 0; i < count; ++i) {
            sql += (i == 0 ? "$" : ",$") + std::to_string(i + 1);
            if (i < types.size()) sql += "::" + in_schema(types[i], settings.schema);
        }
        return sql + ")";
    }

    const ConnectionSettings settings;
    sync::Watchdog* const watchdog;
    SilenceCheck* const silence;
    bool migrates = false;
    const std::string place;
    std::unique_ptr<pqxx::connection> connection;
    std::optional<OwnDescriptor> socket;
    std::unique_ptr<pqxx::nontransaction> work;
    std::set<std::string> prepared;
    bool pooled = false;
    bool began = false;  // a transaction
    int version = 0;
};

Connection::Connection(const ConnectionSettings& settings, sync::Watchdog* watchdog, SilenceCheck* silence)
    : impl_(std::make_unique<Impl>(settings, watchdog, silence)) {
    try {
        impl_->connect();
        // Otherwise libpqxx would reconnect by itself in the middle of a transaction.
        impl_->connection->inhibit_reactivation(true);
        impl_->work = std::make_unique<pqxx::nontransaction>(*impl_->connection);
        impl_->socket.emplace(impl_->connection->sock());
    } catch (const pqxx::failure& caught) {
        throw failure_to_connect(caught.what(), impl_->place);
    } catch (const std::system_error& caught) {
        throw Failure{.error = {ErrorKind::unavailable, "no thread can be started to connect to PostgreSQL at " +
                                                            impl_->place + ": " + caught.what()},
                      .disconnected = true};
    }
    const Rows facts = execute(
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid(), "
        "pg_catalog.current_setting('server_version_num')",
        Duration::moments);
    if (facts.boolean(0, 0) && !settings.read_only) {
        throw Failure{.error = {ErrorKind::unavailable,
                                "PostgreSQL at " + impl_->place + " is a standby, which cannot be written to",
                                "name the primary in 'url', or all hosts of the cluster with "
                                "target_session_attrs=read-write"},
                      .disconnected = true};
    }
    // A pooler answers with a process id that it has made up.
    impl_->pooled = facts.integer(0, 1) != impl_->connection->backendpid();
    impl_->version = static_cast<int>(facts.integer(0, 2));
    constexpr int oldest_server = 130000;
    if (impl_->version < oldest_server) {
        throw Failure{.error = {ErrorKind::misconfigured, "PostgreSQL at " + impl_->place + " has version " +
                                                              std::to_string(impl_->version / 10000) +
                                                              ", but 13 or newer is needed"},
                      .disconnected = true};
    }
    if (!impl_->pooled)
        execute(settings_statement("SET", settings.statement_timeout, impl_->version), Duration::moments);
    if (!impl_->pooled && settings.read_only) execute("SET default_transaction_read_only = on", Duration::moments);
}

Connection::~Connection() = default;

void Connection::prepare_to_migrate() noexcept {
    impl_->migrates = true;
}

Rows Connection::call(std::string_view function, const Parameters& parameters) {
    return rows_of(impl_->call(function, parameters));
}
Rows Connection::query(const std::string& statement, const Parameters& parameters) {
    return rows_of(impl_->query(statement, parameters));
}
Rows Connection::execute(const std::string& sql, Duration duration) {
    return rows_of(impl_->exec(sql, duration));
}
void Connection::begin(const char* how) {
    impl_->begin(how);
}
void Connection::commit() {
    impl_->end("COMMIT", Duration::statement);
}
void Connection::rollback() noexcept {
    impl_->roll_back();
}

void Connection::read_pages(std::string_view function, const Parameters& parameters, std::size_t page,
                            const std::function<void(const Rows&)>& each) {
    impl_->query("DECLARE pages NO SCROLL CURSOR FOR " + impl_->statement(function, parameters.values().size()),
                 parameters);
    const std::string fetch = "FETCH " + std::to_string(page) + " FROM pages";
    while (true) {
        const Rows rows = execute(fetch);
        if (rows.size() > 0) each(rows);
        if (rows.size() < page) break;
    }
    execute("CLOSE pages");
}

bool Connection::pooled() const noexcept {
    return impl_->pooled;
}
int Connection::server_version() const noexcept {
    return impl_->version;
}
const std::string& Connection::place() const noexcept {
    return impl_->place;
}

}  // namespace embedq::postgres
