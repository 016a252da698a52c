// Where to listen: a libpq URL split into the parameters of each of its hosts, with a name that holds no secret.
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
    // One set for each host, tried in turn. libpq itself tries several hosts without a time limit when it does not
    // block.
    std::vector<Parameters> hosts;
};

// `misconfigured` when libpq cannot read the URL. The message repeats nothing of it, since a misread part may be part
// of the password. Sets keepalives where the URL does not, and requires a primary where there are several hosts.
[[nodiscard]] Result<Address> parse_address(const std::string& url);

}  // namespace embedq::notifiers
