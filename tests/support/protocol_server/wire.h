// An answer as bytes on a connection, in forms that HTTP allows and some that it does not.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "responder.h"

namespace protocol_server {

struct Wire {
    std::string head;
    std::string body;
    bool keep_alive = true;
};

[[nodiscard]] Wire on_the_wire(Reply& reply, bool keep_alive);

}  // namespace protocol_server
