// The HTTP client that providers share: one request at a time for each calling thread, over connections that are kept
// and reused.
//
// It retries only when a kept-alive connection turns out to be closed, and does not interpret bodies: classify.h does
// that. Its errors never contain credentials: no userinfo or query of a URL, no header, no body.
//
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

// Compares header names, ignoring case (RFC 9110 §5.1).
[[nodiscard]] bool same_header(std::string_view a, std::string_view b);

// The headers of an answer, in the order they came.
class Headers {
public:
    void add(std::string name, std::string value) { all_.push_back({std::move(name), std::move(value)}); }
    void clear() { all_.clear(); }
    // The value of the first header with this name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] const std::vector<Header>& all() const noexcept { return all_; }

private:
    std::vector<Header> all_;
};

struct ClientOptions {
    // "http://proxy:3128", also https and socks5h; "none" connects directly; empty uses the environment's (https_proxy,
    // no_proxy).
    std::string proxy = {};
    std::string ca_file = {};  // PEM, instead of the system's
    std::string ca_path = {};  // a folder of certificates by hash, instead of the system's
    bool verify_tls = true;
    std::string client_cert = {};  // PEM, with which this client identifies itself; empty: it does not
    std::string client_key = {};   // PEM; empty: it is in client_cert
    std::string client_key_password = {};
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
    // A socket file to connect to instead of the URL's host; see Endpoint.
    std::string unix_socket = {};
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::stop_token stop = {};
    std::size_t max_response_bytes = std::size_t{64} << 20;  // of the body, after decompression
    // Receives the pieces of a body with status 200 as they arrive, instead of Response::body; called by the sending
    // thread.
    std::function<void(std::string_view)> on_body = {};
};

struct Response {
    int status = 0;
    Headers headers = {};
    std::string body = {};                 // decompressed
    bool reused_connection = false;        // no new connection was made for it
    std::chrono::milliseconds elapsed{0};  // from the request to the end of the answer
};

class Client {
public:
    // `misconfigured` when the options name a file that cannot be read, a key without a certificate, or a proxy that is
    // not a URL.
    [[nodiscard]] static Result<std::unique_ptr<Client>> make(ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // The answer, whatever its status. Redirects within the URL's origin are followed, with method, headers and body.
    // Errors:
    // - `unavailable` when there is no complete answer: no connection, cut off, deadline, stop. The call returns within
    //   100 ms of a deadline or stop, with the socket closed. Only the request's deadline sets Error::deadline_reached.
    // - `too_large` when the body is longer than `max_response_bytes`.
    // - `misconfigured` for an untrusted certificate, a certificate of this client that cannot be used or is refused, a
    //   proxy that refuses, an invalid URL, and a redirect to another origin.
    [[nodiscard]] Result<Response> send(const Request& request);

private:
    class Pool;
    explicit Client(std::unique_ptr<Pool> pool);
    const std::unique_ptr<Pool> pool_;
};

}  // namespace embedq::http
