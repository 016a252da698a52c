// Where to listen: a libpq URL taken apart into the parameters of each of its hosts, with a name that holds no secret.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "embedq/error.h"

namespace embedq::notifiers {

// Keywords of libpq with their values.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Address {
    // `host:port/database`, for logs and errors.
    std::string name;
    // One set for each host, to be tried in turn: libpq's own way through several hosts has no time limit when it does
    // not block.
    std::vector<Parameters> hosts;
};

// `misconfigured` when libpq cannot read the URL; the message repeats nothing of it, since what is misread may be part
// of the password. Keepalives are set where the URL does not, and of several hosts only a primary will do.
[[nodiscard]] Result<Address> parse_address(const std::string& url);

}  // namespace embedq::notifiers
