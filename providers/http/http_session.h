// One connection with libcurl: a multi handle with one easy handle. Used by client.cpp alone.
//
// Thread-safety: used by one thread at a time; only the wake-up on a stop request comes from another.
#pragma once

#include <memory>
#include <string>

#include "http/client.h"

namespace embedq::http {

// Must be called before any other function of libcurl; may be called again from any thread.
[[nodiscard]] Status initialise_libcurl();

class HttpSession {
public:
    // `options` outlives the session.
    explicit HttpSession(const ClientOptions& options);
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    // Sends `request` to `url` and does not follow redirects. Errors as Client::send.
    [[nodiscard]] Result<Response> perform(const Request& request, const std::string& url);

private:
    struct Handles;
    const ClientOptions& options_;
    const std::unique_ptr<Handles> handles_;
};

}  // namespace embedq::http
