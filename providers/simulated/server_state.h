// What a simulated server is like at this moment, by a file that a test rewrites while programs run.
//
// Each line of the file is one of these; it need not exist, and an empty one says nothing:
//
//   digest=TEXT     the model behind the name: its vectors are unlike those of another
//   down            nobody listens
//   hang            no answer until the deadline or a stop
//
// Thread-safety: pure but for the file.
#pragma once

#include <string>

#include "embedq/error.h"

namespace embedq::simulated {

struct ServerState {
    std::string digest;  // empty: as configured
    bool down = false;
    bool hangs = false;
};

// `misconfigured` names a line that says nothing. A file that is not there is a server like any other.
[[nodiscard]] Result<ServerState> read_state(const std::string& file);

}  // namespace embedq::simulated
