// URLs of endpoints: parsing, joining, and showing them without secrets.
//
// Thread-safety: functions without state.
#pragma once

#include <string>
#include <string_view>

#include "embedq/error.h"

namespace embedq::http {

// Where a server listens, as the YAML names it.
struct Endpoint {
    std::string url;          // http or https, without a trailing slash; userinfo is kept
    std::string unix_socket;  // a socket file, or empty
    std::string name;         // for people: without credentials and query
};

// Reads "http://host:port/base", "https://…" and "unix:///run/server.sock" (with a base path after a colon:
// "unix:///run/server.sock:/v1"). `misconfigured` for anything else; the message names `text` without its credentials.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// "https://host:port" in lower case with the port written out; empty when `url` is not an http or https URL.
[[nodiscard]] std::string origin_of(const std::string& url);

// `location` (a Location header) relative to `base`, keeping the userinfo of `base`; empty when it is not a URL.
[[nodiscard]] std::string resolve(const std::string& base, const std::string& location);

[[nodiscard]] bool is_url(const std::string& text);

// Without userinfo, query and fragment, which may hold secrets. For a text that is not a URL: "(not a URL)".
[[nodiscard]] std::string shown(const std::string& url);

}  // namespace embedq::http
