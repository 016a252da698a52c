// The HTTP client that providers share: one request at a time for each calling thread, connections kept and reused
// between them.
//
// It retries nothing but a kept-alive connection that turns out to be closed, and interprets no body: classify.h does
// that. What it says and logs never holds credentials: no userinfo or query of a URL, no header, no body.
// Thread-safety: `Client::send` may be called from any number of threads at once. A client outlives its calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"

namespace embedq::http {

struct Header {
    std::string name;
    std::string value;
};

// Names of headers compare without case (RFC 9110 §5.1).
[[nodiscard]] bool same_header(std::string_view a, std::string_view b);

// The headers of an answer, in the order they came.
class Headers {
public:
    void add(std::string name, std::string value) { all_.push_back({std::move(name), std::move(value)}); }
    void clear() { all_.clear(); }
    // The value of the first header of the name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] const std::vector<Header>& all() const noexcept { return all_; }

private:
    std::vector<Header> all_;
};

struct ClientOptions {
    // "http://proxy:3128", also https and socks5h; "none" goes direct; empty takes the environment's (https_proxy,
    // no_proxy).
    std::string proxy = {};
    std::string ca_file = {};  // PEM, in place of the system's
    std::string ca_path = {};  // a folder of certificates by hash, in place of the system's
    bool verify_tls = true;
    std::vector<Header> headers = {};  // of every request; one of the same name in a request wins
    std::string user_agent = "embedq";
    std::chrono::milliseconds connect_timeout{10'000};  // TCP and TLS
    std::size_t max_idle_connections = 32;              // kept for reuse, over all hosts
};

struct Request {
    std::string method = "POST";
    std::string url;  // http or https
    std::vector<Header> headers = {};
    std::string body = {};
    // A socket file to connect to in place of the URL's host; see Endpoint.
    std::string unix_socket = {};
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::stop_token stop = {};
    std::size_t max_response_bytes = std::size_t{64} << 20;  // of the body, after decompression
    // Takes the pieces of a body with status 200 as they come, in place of Response::body; called by the sending
    // thread.
    std::function<void(std::string_view)> on_body = {};
};

struct Response {
    int status = 0;
    Headers headers = {};
    std::string body = {};           // decompressed
    bool reused_connection = false;  // no new connection was made for it
};

class Client {
public:
    // `misconfigured` when the options name a file that cannot be read or a proxy that is no URL.
    [[nodiscard]] static Result<std::unique_ptr<Client>> make(ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // The answer, whatever its status; redirects within the URL's origin are followed, with method, headers and body.
    // Errors: `unavailable` when there is no whole answer (connect, cut off, deadline, stop; the last two within 100
    // ms, and the socket is closed by then; marked as Error::deadline_reached for the request's deadline alone),
    // `too_large` when the body is longer than `max_response_bytes`, `misconfigured` for an untrusted certificate, a
    // refusing proxy, a URL that is none, and a redirect to another origin.
    [[nodiscard]] Result<Response> send(const Request& request);

private:
    class Pool;
    explicit Client(std::unique_ptr<Pool> pool);
    const std::unique_ptr<Pool> pool_;
};

}  // namespace embedq::http
