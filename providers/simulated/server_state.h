// The present state of a simulated server, read from a file that a test rewrites while programs run.
//
// Each line of the file is one of these. The file need not exist, and empty lines are ignored:
//
//   digest=TEXT     the digest of the model; each digest makes other vectors
//   down            the server does not listen
//   hang            no answer until the deadline or a stop
//
// Thread-safety: a function without state, apart from the file.
#pragma once

#include <string>

#include "embedq/error.h"

namespace embedq::simulated {

struct ServerState {
    std::string digest;  // empty: the configured one
    bool down = false;
    bool hangs = false;
};

// `misconfigured` for a line that is none of these. Without the file the server works as configured.
[[nodiscard]] Result<ServerState> read_state(const std::string& file);

}  // namespace embedq::simulated
