// How a failure of SQLite becomes an Error of the contract.
//
// Inside this plugin a failed step throws Failure, so that a transaction's body has only its own steps; connections.h
// catches it at the end of each verb, after the rollback. Nothing is thrown across the contract. Thread-safety: plain
// values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "embedq/error.h"

struct sqlite3;

namespace embedq::sqlite {

struct Failure {
    Error error;
};

// The Error for a result code: busy is `unavailable`; unreadable, unwritable and damaged files are `misconfigured`.
[[nodiscard]] Error error_of(int code, std::string_view path, std::string_view doing, std::string_view message);

// Throws Failure for the connection's last error.
[[noreturn]] void throw_last(sqlite3* handle, std::string_view path, std::string_view doing);

[[nodiscard]] inline Failure failure(ErrorKind kind, std::string message, std::string hint = {}) {
    return Failure{Error{kind, std::move(message), std::move(hint)}};
}

}  // namespace embedq::sqlite
