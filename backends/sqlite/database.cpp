#include "database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "failure.h"
#include "sync/sleep.h"

namespace embedq::sqlite {
namespace {

constexpr std::string_view in_memory = ":memory:";
// Whatever the umask is, others have no rights on what is created here; SQLite gives the files beside it the same ones.
constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0640;
constexpr std::chrono::milliseconds least_patience{200};
// A statement looks so often whether it was interrupted, in instructions of SQLite's machine.
constexpr int progress_interval = 4096;

[[nodiscard]] bool make_folders(const std::filesystem::path& folder) {
    if (folder.empty() || ::mkdir(folder.c_str(), folder_mode) == 0 || errno == EEXIST) return true;
    if (errno != ENOENT || !make_folders(folder.parent_path())) return false;
    return ::mkdir(folder.c_str(), folder_mode) == 0 || errno == EEXIST;
}

void make_file(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (!make_folders(folder)) {
        throw failure(ErrorKind::misconfigured,
                      "SQLite store '" + path + "': its folder '" + folder.string() + "' cannot be created (" +
                          std::generic_category().message(errno) + ")",
                      "create it, or point 'path' elsewhere");
    }
    // Without opening it: SQLite's locks would end with the descriptor. If it cannot be made, SQLite reports why.
    [[maybe_unused]] const int made = ::mknod(path.c_str(), S_IFREG | file_mode, 0);
}

[[nodiscard]] bool may_write(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

// 0 where there is no such file.
[[nodiscard]] off_t size_of(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_size : 0;
}

[[nodiscard]] std::string immutable_uri(const std::string& path) {
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(path).string()) {
        if (c == '%' || c == '?' || c == '#') {
            uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
        } else {
            uri += c;
        }
    }
    return uri + "?immutable=1";
}

[[nodiscard]] Failure interrupted(const std::string& path) {
    return failure(ErrorKind::unavailable, "SQLite store '" + path + "': the call was ended, since embedq is stopping");
}

}  // namespace

Connection::Connection(ConnectionSettings settings) : settings_(std::move(settings)) {
    if (settings_.create && settings_.path != in_memory) make_file(settings_.path);
    try {
        open();
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_handler(handle_, &Connection::on_busy, this);
        sqlite3_progress_handler(handle_, progress_interval, &Connection::on_progress, this);
        file_ = id_of(settings_.path);
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

void Connection::open() {
    immutable_ = must_be_immutable();
    const int kind = immutable_ ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
    const int flags = kind | SQLITE_OPEN_NOMUTEX | (settings_.create ? SQLITE_OPEN_CREATE : 0);
    const std::string name = immutable_ ? immutable_uri(settings_.path) : settings_.path;
    if (sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("opening it");
}

bool Connection::must_be_immutable() const {
    if (!settings_.read_only || size_of(settings_.path + "-wal") > 0) return false;
    const std::filesystem::path folder = std::filesystem::path(settings_.path).parent_path();
    return !may_write(settings_.path) || !may_write(folder.empty() ? "." : folder.string());
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    // The last connection that closes would write the log into the file.
    if (!settings_.writes && size_of(settings_.path + "-wal") > 0)
        sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_close(handle_);
}

// Short, growing waits: SQLite's own handler soon sleeps 100 ms at a time, which is long compared to our transactions.
int Connection::on_busy(void* self, int count) {
    auto& connection = *static_cast<Connection*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (count == 0) {
        const auto patience = connection.settings_.busy_timeout;
        const auto least = now + std::min<std::chrono::milliseconds>(patience, least_patience);
        connection.busy_until_ =
            connection.call_began_ ? std::max(*connection.call_began_ + patience, least) : now + patience;
    }
    if (now >= connection.busy_until_) return 0;
    return connection.wait(std::chrono::microseconds(std::min(5000, 200 * (count + 1)))) ? 1 : 0;
}

void Connection::count_busy_from(std::chrono::steady_clock::time_point began) noexcept {
    call_began_ = began;
}

int Connection::on_progress(void* self) {
    return static_cast<Connection*>(self)->settings_.interrupted.stop_requested() ? 1 : 0;
}

bool Connection::wait(std::chrono::microseconds time) const {
    const auto interrupted = [this] { return settings_.interrupted.stop_requested(); };
    return !interrupted() && sync::sleep_for(time, settings_.stop) && !interrupted();
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
    if (settings_.interrupted.stop_requested()) throw interrupted(settings_.path);
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
    const int code = sqlite3_errcode(handle_) & 0xff;
    if (settings_.interrupted.stop_requested() && (code == SQLITE_BUSY || code == SQLITE_INTERRUPT))
        throw interrupted(settings_.path);
    if (settings_.read_only && code == SQLITE_CANTOPEN && size_of(settings_.path + "-wal") > 0) {
        throw failure(ErrorKind::misconfigured,
                      "SQLite store '" + settings_.path +
                          "': its write-ahead log has writes that can only be read where '" + settings_.path +
                          "-shm' may be created",
                      "run a command as a user who may write there, or copy the file and its '-wal' to another folder");
    }
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
