#include "failure.h"

#include <sqlite3.h>

namespace embedq::sqlite {
namespace {

struct Verdict {
    ErrorKind kind;
    std::string_view what;
    std::string_view hint;
};

[[nodiscard]] Verdict judge(int code) noexcept {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorKind::unavailable, "another process kept it locked for the whole 'busy_timeout'",
                    "find what holds a long transaction on it, or raise 'busy_timeout'"};
        case SQLITE_FULL:
            return {ErrorKind::unavailable, "the disk is full", "free some space; work then continues by itself"};
        case SQLITE_IOERR:
            return {ErrorKind::unavailable, "the disk failed to read or write", "check the disk and the file system"};
        case SQLITE_NOTADB:
            return {ErrorKind::misconfigured, "it is not a SQLite database",
                    "point 'path' at another file, or move this one away"};
        case SQLITE_CORRUPT:
            return {ErrorKind::misconfigured, "the database is damaged",
                    "restore it from a backup, or move it away and index again"};
        case SQLITE_CANTOPEN:
            return {ErrorKind::misconfigured, "it cannot be opened",
                    "check that 'path' is a file that this user may read and write"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {ErrorKind::misconfigured, "it may not be written",
                    "give this user write access to the file and to its folder"};
        case SQLITE_TOOBIG:
            return {ErrorKind::invalid_argument, "a value is larger than a row may hold", "split the document"};
        default: return {ErrorKind::internal, "it failed unexpectedly", "report it with the detail"};
    }
}

}  // namespace

Error error_of(int code, std::string_view path, std::string_view doing, std::string_view message) {
    const Verdict verdict = judge(code);
    Error error;
    error.kind = verdict.kind;
    error.message.append("SQLite store '").append(path).append("': ").append(verdict.what);
    error.hint = verdict.hint;
    error.detail.append(doing).append(": ").append(message).append(" [").append(std::to_string(code)).append("]");
    return error;
}

void throw_last(sqlite3* handle, std::string_view path, std::string_view doing) {
    throw Failure{error_of(sqlite3_extended_errcode(handle), path, doing, sqlite3_errmsg(handle))};
}

}  // namespace embedq::sqlite
