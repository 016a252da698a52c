// The settings that a session needs, whatever the server, the database or the role sets.
//
// Thread-safety: pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace embedq::postgres {

// The statements that set them. `how`: "SET" for the session, "SET LOCAL" for a transaction. `timeout` is that of a
// statement; `version` the server's, as server_version_num has it.
[[nodiscard]] std::string settings_statement(std::string_view how, std::chrono::milliseconds timeout, int version);

}  // namespace embedq::postgres
