#include "http/client.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

#include "http/http_session.h"
#include "http/url.h"
#include "sync/mutex.h"

namespace embedq::http {
namespace {

constexpr int max_redirects = 5;

Status check_readable(const char* option, const std::string& path, bool folder, std::string hint) {
    if (path.empty()) return {};
    const auto refuse = [&](std::string what, std::string what_to_do) {
        return fail(ErrorKind::misconfigured, std::string(option) + " is '" + path + "', but " + what,
                    std::move(what_to_do));
    };
    std::error_code error;
    const bool there =
        folder ? std::filesystem::is_directory(path, error) : std::filesystem::is_regular_file(path, error);
    if (!there) return refuse(std::string("there is no such ") + (folder ? "folder" : "file"), std::move(hint));
    if (::access(path.c_str(), R_OK) != 0) return refuse("it cannot be read", "let this user read it");
    return {};
}

// What is wrong with a file's content is seen when it is used.
Status check_files(const ClientOptions& options) {
    constexpr const char* authorities = "name one with the certificates of the authority that signed the server's";
    if (auto file = check_readable("ca_file", options.ca_file, false, authorities); !file) return file;
    if (auto folder = check_readable("ca_path", options.ca_path, true, authorities); !folder) return folder;
    if (auto file = check_readable("client_cert", options.client_cert, false, "name the PEM file of the certificate");
        !file)
        return file;
    if (auto file = check_readable("client_key", options.client_key, false, "name the PEM file of client_cert's key");
        !file)
        return file;
    if (options.client_cert.empty() && !(options.client_key + options.client_key_password).empty()) {
        return fail(ErrorKind::misconfigured, "a client's key is given, but client_cert is not",
                    "name the certificate that the key belongs to in client_cert");
    }
    return {};
}

// The other 3xx statuses, like 304, do not send a request elsewhere.
bool is_redirect(int status) {
    constexpr std::array redirects{301, 302, 303, 307, 308};
    return std::ranges::find(redirects, status) != redirects.end();
}

// A line break in a header would start another header.
bool is_one_line(const Header& header) {
    constexpr std::string_view breaks("\r\n\0", 3);
    return header.name.find_first_of(breaks) == std::string::npos &&
           header.value.find_first_of(breaks) == std::string::npos;
}

Status check_headers(const std::vector<Header>& headers) {
    const auto broken = std::ranges::find_if_not(headers, is_one_line);
    if (broken == headers.end()) return {};
    return fail(ErrorKind::misconfigured, "the value of a header has a line break in it", "write it on one line");
}

}  // namespace

bool same_header(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    const auto found = std::ranges::find_if(all_, [&](const Header& header) { return same_header(header.name, name); });
    if (found == all_.end()) return std::nullopt;
    return found->value;
}

// Idle sessions by the origin that they are connected to. The one that was used last is taken first, so that only as
// many connections stay open as are needed.
class Client::Pool {
public:
    explicit Pool(ClientOptions options) : options_(std::move(options)) {}

    [[nodiscard]] std::unique_ptr<HttpSession> take(const std::string& origin) {
        const sync::Lock lock(mutex_);
        const auto last =
            std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.origin == origin; });
        if (last == idle_.rend()) return std::make_unique<HttpSession>(options_);
        auto session = std::move(last->session);
        idle_.erase(std::next(last).base());
        return session;
    }

    void give_back(std::string origin, std::unique_ptr<HttpSession> session) {
        // Destroyed after the lock is released, since closing a connection may take time.
        std::unique_ptr<HttpSession> oldest;
        const sync::Lock lock(mutex_);
        idle_.push_back({std::move(origin), std::move(session)});
        if (idle_.size() <= options_.max_idle_connections) return;
        oldest = std::move(idle_.front().session);
        idle_.erase(idle_.begin());
    }

private:
    struct Idle {
        std::string origin;  // with the socket file
        std::unique_ptr<HttpSession> session;
    };

    const ClientOptions options_;

    sync::Mutex mutex_;
    std::vector<Idle> idle_ EMBEDQ_GUARDED_BY(mutex_);  // the last one used is last
};

Client::Client(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::make(ClientOptions options) {
    if (auto ready = initialise_libcurl(); !ready) return std::unexpected(std::move(ready.error()));
    if (auto files = check_files(options); !files) return std::unexpected(std::move(files.error()));
    if (auto lines = check_headers(options.headers); !lines) return std::unexpected(std::move(lines.error()));
    if (!options.proxy.empty() && options.proxy != "none" && !is_url(options.proxy)) {
        return fail(ErrorKind::misconfigured, "proxy is not a URL",
                    "expected http://HOST:PORT, https://, socks5://, socks5h:// or none");
    }
    return std::unique_ptr<Client>(new Client(std::make_unique<Pool>(std::move(options))));
}

Result<Response> Client::send(const Request& request) {
    const std::string origin = origin_of(request.url);
    if (origin.empty()) {
        return fail(ErrorKind::misconfigured, "'" + shown(request.url) + "' is not the URL of a server",
                    "expected http://… or https://…");
    }
    if (auto lines = check_headers(request.headers); !lines) return std::unexpected(std::move(lines.error()));
    const std::string pool_key = origin + " " + request.unix_socket;
    auto session = pool_->take(pool_key);
    std::string url = request.url;
    for (int redirects = 0;; ++redirects) {
        auto response = session->perform(request, url);
        const auto location =
            response && is_redirect(response->status) ? response->headers.find("Location") : std::nullopt;
        if (!location) {
            pool_->give_back(pool_key, std::move(session));
            return response;
        }
        const std::string target = resolve(url, std::string(*location));
        if (origin_of(target) != origin) {
            return fail(ErrorKind::misconfigured,
                        shown(url) + " redirects to " + shown(target) +
                            ", which is another server, and credentials are not sent there",
                        "put that address in the configuration if it is the right one");
        }
        if (redirects == max_redirects) {
            return fail(ErrorKind::misconfigured,
                        shown(request.url) + " redirects more than " + std::to_string(max_redirects) + " times",
                        "check the address");
        }
        url = target;
    }
}

}  // namespace embedq::http
