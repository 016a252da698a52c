#include "connections.h"

#include <filesystem>
#include <mutex>
#include <system_error>

#include "sync/mutex.h"

namespace embedq::sqlite {
namespace {

constexpr std::size_t idle_readers = 8;
constexpr unsigned file_bits = 40;  // the revisions of one file stay below this power of two
constexpr const char* data_version = "PRAGMA data_version";

}  // namespace

Connections::Transaction::~Transaction() {
    if (!connection_.in_transaction()) return;
    try {
        connection_.execute("ROLLBACK");
    } catch (const Failure&) {
        // SQLite has rolled back by itself, or will when the connection closes.
    }
}

Connections::Lease::~Lease() {
    if (!connection_) return;
    const sync::Lock lock(connections_.readers_mutex_);
    // One that takes the file for immutable does not see what is written from now on.
    if (connections_.readers_.size() < idle_readers && !connection_->immutable())
        connections_.readers_.push_back(std::move(connection_));
}

std::unique_ptr<Connection> Connections::open(bool writes, bool create, std::stop_token stop) const {
    ConnectionSettings settings = settings_;
    settings.writes = writes && !settings_.read_only;
    settings.create = create;
    settings.stop = std::move(stop);
    settings.interrupted = interrupted_.get_token();
    std::error_code error;
    if (!create && std::filesystem::status(settings.path, error).type() == std::filesystem::file_type::not_found) {
        throw failure(ErrorKind::misconfigured, "SQLite store '" + settings.path + "': there is no such file",
                      "run `embedq migrate up`, or correct 'path'");
    }
    return std::make_unique<Connection>(std::move(settings));
}

std::unique_ptr<Connection> Connections::take_reader() {
    {
        const auto file = id_of(settings_.path);
        const sync::Lock lock(readers_mutex_);
        std::erase_if(readers_, [&](const auto& reader) { return reader->file() != file; });
        if (!readers_.empty()) {
            auto reader = std::move(readers_.back());
            readers_.pop_back();
            return reader;
        }
    }
    return open(false, false);
}

Connection& Connections::writer() {
    if (writer_ && writer_->file() != id_of(settings_.path)) {
        file_.look();
        writer_.reset();
    }
    if (!writer_) {
        writer_ = open(true, false);
        // data_version starts again on each connection.
        ++reopened_;
    }
    return *writer_;
}

// A connection's data_version leaves out its own commits, and this process writes through one connection only.
void Connections::note_stamp() {
    const auto version = static_cast<std::uint64_t>(value_of(*writer_, data_version).value_or(0));
    stamp_.store((reopened_ << file_bits) + version, std::memory_order_relaxed);
}

// A busy database does not harm the connection. After any other failure the file is opened again.
void Connections::after_failure(const Error& error) {
    if (error.kind != ErrorKind::unavailable) writer_.reset();
}

Result<MigrationState> Connections::migration_state() {
    std::error_code error;
    if (std::filesystem::status(settings_.path, error).type() == std::filesystem::file_type::not_found) {
        MigrationState state{0, newest_schema(), {}};
        state.waiting = waiting_migrations(0);
        return state;
    }
    try {
        return read_migration_state(*open(false, false));
    } catch (Failure& caught) {
        return std::unexpected(std::move(caught.error));
    }
}

std::unexpected<Error> Connections::refuse_to_write() const {
    return fail(ErrorKind::unsupported, "SQLite store '" + settings_.path + "' is open for reading only",
                "omit `read_only` in its options, or run a command that writes");
}

Result<MigrationState> Connections::migrate(const std::stop_token& stop) {
    if (settings_.read_only) return refuse_to_write();
    const sync::Lock lock(writer_mutex_);
    try {
        const auto connection = open(true, true, stop);
        apply_migrations(*connection, now());
        return read_migration_state(*connection);
    } catch (Failure& caught) {
        if (caught.error.kind == ErrorKind::unavailable && stop.stop_requested()) {
            return fail(ErrorKind::unavailable,
                        "SQLite store '" + settings_.path + "': stopped while another process had it locked");
        }
        return std::unexpected(std::move(caught.error));
    }
}

std::uint64_t Connections::revision(const Connection& connection, std::int64_t in_file) const {
    const std::uint64_t before = connection.file() ? file_.earlier_files(*connection.file()) : 0;
    return (before << file_bits) + static_cast<std::uint64_t>(in_file);
}

std::optional<std::int64_t> Connections::in_file(const Connection& connection, std::uint64_t revision) const {
    const std::uint64_t first = this->revision(connection, 0);
    if (revision < first) return std::nullopt;
    return static_cast<std::int64_t>(revision - first);
}

void Connections::interrupt() noexcept {
    interrupted_.request_stop();
}

Result<std::uint64_t> Connections::change_stamp() {
    file_.look();
    // While a verb of this process writes, the stamp is updated at its end; waiting for that would gain nothing.
    if (!writer_mutex_.try_lock()) return stamp_.load(std::memory_order_relaxed);
    const sync::Lock lock(writer_mutex_, std::adopt_lock);
    try {
        (void)writer();
        note_stamp();
        return stamp_.load(std::memory_order_relaxed);
    } catch (Failure& caught) {
        return std::unexpected(std::move(caught.error));
    }
}

}  // namespace embedq::sqlite
