// Fetches documents by URL, only from the public internet unless the configuration allows more.
//
// Someone who can name a URL must not be able to make embedq connect to what only this machine can reach. So every
// connection, including one after a redirect, is checked when it is opened, by the address that it goes to. A name that
// meanwhile resolves to another address does not get around the check. docs/adr/0028 has the reasons. Thread-safety: a
// Fetcher belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"
#include "settings/settings.h"

namespace embedq::fetch {

// A URL that may be fetched.
struct Url {
    std::string text;  // scheme and host in lower case, without fragment and default port, to compare URLs
    std::string path;  // host, port and path, from which the spec's name is made
};

struct Fetched {
    bool unchanged = false;  // the validator still holds; there is no content
    std::string content;
    // Its ETag, else its Last-Modified, for the next request; empty if the server sends neither.
    std::string validator;
    std::string url = {};  // where it was found, after redirects
};

class Fetcher {
public:
    virtual ~Fetcher() = default;

    // Refuses, as `invalid_argument` with the reason: a text that is not a URL, another scheme than https (and http
    // where it is allowed), a user or password, an address in one of the special ranges.
    [[nodiscard]] virtual Result<Url> read_url(std::string_view text) const = 0;

    // Requests the document and follows redirects, each checked like a URL from a person. `validator` is that of the
    // document that the caller has, or empty. The content is checked only so far: an HTML or XML page is refused,
    // whatever its content type, and so is an empty document. The message of an error continues a sentence that begins
    // with the URL. `unavailable` may be temporary (no answer, 5xx, 429), `not_found` is 404 and 410,
    // `invalid_argument` the rest.
    [[nodiscard]] virtual Result<Fetched> fetch(const std::string& url, const std::string& validator,
                                                std::stop_token stop) = 0;

    // The same for a part of the document at `document`, a URL: nothing but its origin (scheme, host and port) is
    // asked, also after redirects. `too_large` if it is longer than `max_bytes`.
    [[nodiscard]] virtual Result<Fetched> fetch_part(const std::string& url, const std::string& document,
                                                     std::size_t max_bytes, std::stop_token stop) = 0;
};

// `invalid_argument` where the settings are wrong: a malformed network, a file of certificates that does not exist.
[[nodiscard]] Result<std::unique_ptr<Fetcher>> make_fetcher(FetchSettings settings);

// Where a reference leads that stands in the document at `base`, a URL. `invalid_argument` if it is none.
[[nodiscard]] Result<std::string> resolve_reference(const std::string& base, const std::string& reference);

// Whether two URLs have the same scheme, host and port. URLs as Url::text has them.
[[nodiscard]] bool have_same_origin(const std::string& one, const std::string& other);

// Whether the text begins like a URL ("https://…", "ftp://…"), so that it is not the path of a file.
[[nodiscard]] bool is_url(std::string_view text);

}  // namespace embedq::fetch
