// How a failure of PostgreSQL becomes an Error of the contract.
//
// Inside this plugin a failed step throws Failure, so that a verb's body reads as what it does; session.h catches it at
// the edge of each verb, after the rollback. Nothing is thrown across the contract. Thread-safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "embedq/error.h"

namespace embedq::postgres {

struct Failure {
    Error error;
    // Another transaction was in the way (deadlock, serialization, a key that came or went): the same again will do.
    bool again = false;
    // The connection is of no more use.
    bool disconnected = false;
    std::string sql_state = {};
};

[[nodiscard]] inline Failure failure(ErrorKind kind, std::string message) {
    return Failure{Error{kind, std::move(message)}};
}

// For an error that the server reported. `place` names the server for people, without credentials.
[[nodiscard]] Failure failure_of(std::string_view sql_state, std::string_view message, std::string_view place);
// For a connection that could not be made, from libpq's message.
[[nodiscard]] Failure failure_to_connect(std::string_view message, std::string_view place);

}  // namespace embedq::postgres
