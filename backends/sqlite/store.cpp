#include "store.h"

#include <filesystem>

#include "diagnosis.h"

namespace embedq::sqlite {
Result<std::unique_ptr<Store>> make_store(const Options& options, Context& context) {
    ConnectionSettings settings;
    settings.path = options.find<std::string>("path").value_or("");
    if (settings.path.empty()) {
        return fail(ErrorKind::misconfigured, "the SQLite store has no 'path'",
                    "name the database file, for example path: /var/lib/embedq/embedq.db");
    }
    if (settings.path.starts_with(":memory:") || settings.path.starts_with("file:")) {
        return fail(ErrorKind::misconfigured,
                    "the SQLite store's 'path' is '" + settings.path + "', but must be a plain file name",
                    "for a store in the process's memory, use `plugin: memory`");
    }
    std::error_code error;
    if (std::filesystem::is_directory(settings.path, error)) {
        return fail(ErrorKind::misconfigured,
                    "the SQLite store's 'path' is the folder '" + settings.path + "', but must be a file",
                    "add a file name to it");
    }
    settings.busy_timeout = options.find<std::chrono::milliseconds>("busy_timeout").value_or(settings.busy_timeout);
    settings.full_sync = options.find<std::string>("synchronous").value_or("full") != "normal";
    settings.read_only = options.find<bool>("read_only").value_or(false);
    return std::make_unique<SqliteStore>(std::move(settings), context);
}

SqliteStore::SqliteStore(const ConnectionSettings& settings, Context& context)
    : context_(context), connections_(settings, context), liveness_(settings.path + "-workers") {}

StoreCapabilities SqliteStore::capabilities() const {
    return {
        .persistent = true, .multi_process = true, .own_clock = false, .watch_interval = std::chrono::milliseconds(50)};
}

Result<MigrationState> SqliteStore::migration_state() {
    return connections_.migration_state();
}
Result<MigrationState> SqliteStore::migrate(std::stop_token stop) {
    return connections_.migrate(stop);
}
Result<std::uint64_t> SqliteStore::change_stamp() {
    return connections_.change_stamp();
}
Result<std::vector<Finding>> SqliteStore::diagnose() {
    return sqlite::diagnose(connections_.settings());
}

}  // namespace embedq::sqlite
