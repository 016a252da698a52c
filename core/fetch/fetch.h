// Documents by URL, from the public internet alone unless the configuration says otherwise.
//
// Who can name a URL must not be able to make embedq ask what only this machine can reach. So every connection, also
// one behind a redirect, is checked when it is made, by the very address that it goes to: names that resolve to another
// address by then gain nothing. docs/adr/0028 has the reasons. Thread-safety: a Fetcher belongs to one thread at a
// time.
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
    std::string text;  // scheme and host in lower case, without fragment and default port: what makes two URLs the same
    std::string path;  // host, port and path: what a spec is named by
};

struct Fetched {
    bool unchanged = false;  // the validator still holds; there is no content
    std::string content;
    // Its ETag, else its Last-Modified, for the next request; empty where the server says neither.
    std::string validator;
};

class Fetcher {
public:
    virtual ~Fetcher() = default;

    // Refuses, as `invalid_argument` with the reason: another scheme than https (and http where it is allowed), a user
    // or password, an address in one of the special ranges, what is no URL.
    [[nodiscard]] virtual Result<Url> read_url(std::string_view text) const = 0;

    // Asks for the document, following redirects, each checked as a URL that a person gave. `validator` is that of the
    // document that the caller has, or empty. The content is not looked at beyond this: an HTML or XML page is refused,
    // whatever type the server says; so is an empty one. Errors are sentences that go on after the URL's name.
    // `unavailable` may pass by itself (no answer, 5xx, 429), `not_found` is 404 and 410, `invalid_argument` the rest.
    [[nodiscard]] virtual Result<Fetched> fetch(const std::string& url, const std::string& validator,
                                                std::stop_token stop) = 0;
};

// `invalid_argument` where the settings are wrong: a network that is none, a file of certificates that is not there.
[[nodiscard]] Result<std::unique_ptr<Fetcher>> make_fetcher(FetchSettings settings);

// Whether the text begins as a URL does ("https://…", "ftp://…"), so that it is not the path of a file.
[[nodiscard]] bool is_url(std::string_view text);

}  // namespace embedq::fetch
