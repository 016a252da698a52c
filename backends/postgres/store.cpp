#include "store.h"

#include "diagnosis.h"
#include "names.h"

namespace embedq::postgres {

Result<std::unique_ptr<Store>> make_store(const Options& options, Context& context) {
    ConnectionSettings settings;
    settings.url = options.find<std::string>("url").value_or("");
    if (settings.url.empty()) {
        return fail(ErrorKind::misconfigured, "the PostgreSQL store has no 'url'",
                    "name the database, for example url: postgresql://embedq@localhost/embedq");
    }
    if (const auto problem = problem_with_url(settings.url)) {
        return fail(ErrorKind::misconfigured, "the PostgreSQL store's 'url' cannot be parsed: " + problem->message,
                    (problem->hint.empty() ? "" : problem->hint + "; ") +
                        "write postgresql://user:password@host:5432/database or key=value pairs");
    }
    const auto schema = options.find<std::string>("schema").value_or("embedq");
    constexpr std::size_t longest_name = 63;  // PostgreSQL cuts longer ones
    if (schema.empty() || schema.size() > longest_name || schema.starts_with("pg_") ||
        schema.find('\0') != std::string::npos) {
        return fail(ErrorKind::misconfigured,
                    "the PostgreSQL store's 'schema' is '" + schema +
                        "', but must be a name of 1 to 63 bytes that does not begin with 'pg_'");
    }
    settings.schema = identifier(schema);
    settings.statement_timeout =
        options.find<std::chrono::milliseconds>("statement_timeout").value_or(settings.statement_timeout);
    settings.call_timeout = options.find<std::chrono::milliseconds>("call_timeout").value_or(settings.call_timeout);
    settings.read_only = options.find<bool>("read_only").value_or(false);
    const auto pool = static_cast<std::size_t>(options.find<std::int64_t>("pool").value_or(8));
    return std::make_unique<PostgresStore>(std::move(settings), pool, context);
}

PostgresStore::PostgresStore(ConnectionSettings settings, std::size_t pool, Context& context)
    : context_(context), pool_(std::move(settings), pool, context) {}

StoreCapabilities PostgresStore::capabilities() const {
    return {.persistent = true, .multi_process = true, .own_clock = true};
}

Result<MigrationState> PostgresStore::migration_state() {
    return pool_.migration_state();
}
Result<MigrationState> PostgresStore::migrate(std::stop_token stop) {
    return pool_.migrate(stop);
}
Result<std::vector<Finding>> PostgresStore::diagnose() {
    return pool_.with_connection([&](Connection& connection) -> Result<std::vector<Finding>> {
        return postgres::diagnose(connection, pool_.schema(), pool_.pool(), context_.clock());
    });
}

// A notifier reports other processes' writes; without one, the queue itself is polled for what is due.
Result<std::uint64_t> PostgresStore::change_stamp() {
    return 0;
}

}  // namespace embedq::postgres
