// How a failure of PostgreSQL becomes an Error of the contract.
//
// Inside this plugin a failed step throws Failure, so that a verb's body has only its own steps; connection_pool.h
// catches it at the end of each verb, after the rollback. Nothing is thrown across the contract. Thread-safety: plain
// values.
#pragma once

#include <string>
#include <string_view>

#include "embedq/error.h"

namespace embedq::postgres {

// SQLSTATEs that this plugin knows by name. The first six are raised by the schema's own functions: sql/schema.sql has
// the same codes under the same names, and failure.cpp has what all of them mean.
namespace sql_state {
inline constexpr std::string_view no_such_catalog = "EQ001";
inline constexpr std::string_view no_such_spec = "EQ002";
inline constexpr std::string_view no_such_profile = "EQ003";
inline constexpr std::string_view catalog_exists = "EQ004";
inline constexpr std::string_view unknown_job_kind = "EQ005";
inline constexpr std::string_view written_since = "EQ006";
inline constexpr std::string_view own_class = "EQ";  // of the codes above

inline constexpr std::string_view transaction_rollback = "40000";
inline constexpr std::string_view serialization_failure = "40001";
inline constexpr std::string_view deadlock_detected = "40P01";
inline constexpr std::string_view read_only_transaction = "25006";
inline constexpr std::string_view insufficient_privilege = "42501";
inline constexpr std::string_view too_many_connections = "53300";
inline constexpr std::string_view lock_not_available = "55P03";
}  // namespace sql_state

struct Failure {
    Error error;
    // Another transaction was in the way (a deadlock, a serialization failure, a key that was inserted or deleted):
    // repeating the transaction helps.
    bool again = false;
    // The connection cannot be used any more.
    bool disconnected = false;
    std::string sql_state = {};
};

[[nodiscard]] inline Failure failure(ErrorKind kind, std::string message, std::string hint = {}) {
    return Failure{Error{kind, std::move(message), std::move(hint)}};
}

// For an error that the server reported. `place` names the server for people, without credentials.
[[nodiscard]] Failure failure_of(std::string_view sql_state, std::string_view message, std::string_view place);
// For a connection that could not be made, from libpq's message.
[[nodiscard]] Failure failure_to_connect(std::string_view message, std::string_view place);

}  // namespace embedq::postgres
