#include "database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "failure.h"
#include "sync/sleep.h"

namespace embedq::sqlite {
namespace {

void make_folder(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (folder.empty() || std::filesystem::exists(folder, error)) return;
    std::filesystem::create_directories(folder, error);
    if (error) {
        throw failure(ErrorKind::misconfigured,
                      "SQLite store '" + path + "': its folder '" + folder.string() + "' cannot be created (" +
                          error.message() + ")",
                      "create it, or point 'path' elsewhere");
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
}

}  // namespace

Connection::Connection(ConnectionSettings settings) : settings_(std::move(settings)) {
    if (settings_.create) make_folder(settings_.path);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (settings_.create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(settings_.path.c_str(), &handle_, flags, nullptr);
    try {
        if (code != SQLITE_OK) fail("opening it");
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_handler(handle_, &Connection::on_busy, this);
        execute("PRAGMA foreign_keys = ON");
        execute("PRAGMA trusted_schema = OFF");
        execute(settings_.full_sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        // Negative sizes are KiB. The writer touches the random pages of the text index; a reader mostly scans.
        execute(settings_.writes ? "PRAGMA cache_size = -49152" : "PRAGMA cache_size = -16384");
        if (settings_.writes) {
            execute("PRAGMA wal_autocheckpoint = 2000");
            execute("PRAGMA journal_size_limit = 67108864");
        } else {
            execute("PRAGMA query_only = ON");
        }
    } catch (...) {
        sqlite3_close(handle_);
        throw;
    }
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

// Short, growing waits: SQLite's own handler soon sleeps 100 ms at a time, which is long compared to our transactions.
int Connection::on_busy(void* self, int count) {
    auto& connection = *static_cast<Connection*>(self);
    if (count == 0) connection.busy_for_ = {};
    if (connection.busy_for_ >= connection.settings_.busy_timeout) return 0;
    const std::chrono::microseconds pause(std::min(5000, 200 * (count + 1)));
    connection.busy_for_ += pause;
    return connection.wait(pause) ? 1 : 0;
}

bool Connection::wait(std::chrono::microseconds time) const {
    return sync::sleep_for(time, settings_.stop);
}

void Connection::execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

sqlite3_stmt* Connection::prepare(std::string_view sql, bool keep) {
    sqlite3_stmt* statement = nullptr;
    const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0U;
    if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr) != SQLITE_OK)
        fail(sql);
    return statement;
}

sqlite3_stmt* Connection::prepared(const char* sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    sqlite3_stmt* statement = prepare(sql, true);
    statements_.emplace(sql, statement);
    return statement;
}

std::int64_t Connection::last_id() const noexcept {
    return sqlite3_last_insert_rowid(handle_);
}
std::size_t Connection::touched() const noexcept {
    return static_cast<std::size_t>(sqlite3_changes64(handle_));
}
bool Connection::in_transaction() const noexcept {
    return sqlite3_get_autocommit(handle_) == 0;
}
void Connection::interrupt() noexcept {
    sqlite3_interrupt(handle_);
}
void Connection::fail(std::string_view doing) const {
    throw_last(handle_, settings_.path, doing);
}

Run::~Run() {
    if (owned_) {
        sqlite3_finalize(statement_);
    } else {
        sqlite3_reset(statement_);
    }
}

void Run::check(int code) const {
    if (code != SQLITE_OK) connection_.fail(sqlite3_sql(statement_));
}

void Run::bind_integer(int index, std::int64_t value) {
    check(sqlite3_bind_int64(statement_, index, value));
}
void Run::bind(int index, double value) {
    check(sqlite3_bind_double(statement_, index, value));
}
void Run::bind(int index, std::nullopt_t) {
    check(sqlite3_bind_null(statement_, index));
}

// Parameters outlive the run in every caller, so SQLite need not copy them. A null pointer would bind NULL.
void Run::bind(int index, std::string_view text) {
    check(sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
}

void Run::bind(int index, std::span<const std::byte> blob) {
    const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
    check(sqlite3_bind_blob64(statement_, index, data, blob.size(), SQLITE_STATIC));
}

bool Run::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) connection_.fail(sqlite3_sql(statement_));
    return false;
}

std::size_t Run::change() {
    while (next()) {
    }
    return connection_.touched();
}

void Run::rewind() {
    sqlite3_reset(statement_);
}

bool Run::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Run::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}
double Run::number(int column) const {
    return sqlite3_column_double(statement_, column);
}

std::optional<std::int64_t> Run::maybe(int column) const {
    if (null(column)) return std::nullopt;
    return integer(column);
}

std::optional<Time> Run::maybe_time(int column) const {
    if (null(column)) return std::nullopt;
    return time(column);
}

std::string_view Run::view(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Run::blob(int column) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Run::copy(int column, std::span<std::byte> into) const {
    const auto from = blob(column);
    if (from.size() != into.size()) return;
    std::memcpy(into.data(), from.data(), into.size());
}

}  // namespace embedq::sqlite
