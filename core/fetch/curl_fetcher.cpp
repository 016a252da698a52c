// The requests of the host; only core/fetch uses libcurl.
//
// Redirects are followed here and not by libcurl, so that each hop goes through `read_url`. The address guard runs when
// libcurl opens a socket, which is after names are resolved, for every address that it tries.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "fetch/fetch.h"
#include "fetch/url_handle.h"
#include "net/address.h"

namespace embedq::fetch {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t longest_url = 8'192;
constexpr std::size_t longest_shown = 300;  // bytes of a redirect's target in a message
constexpr std::size_t longest_validator = 1'024;
constexpr std::size_t longest_headers = std::size_t{256} << 10U;
constexpr milliseconds longest_connect{10'000};

struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& text) {
    curl_slist* const head = list.release();
    curl_slist* const longer = curl_slist_append(head, text.c_str());
    list.reset(longer != nullptr ? longer : head);
    if (longer == nullptr) throw std::bad_alloc();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

// The target of a redirect as messages show it: without user, password, query and fragment, which may contain secrets,
// and of limited length.
std::string shown(const std::string& target) {
    const UrlHandle url = new_url();
    constexpr const char* elsewhere = "another place";
    if (curl_url_set(url.get(), CURLUPART_URL, target.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return elsewhere;
    for (const CURLUPart part :
         {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
        curl_url_set(url.get(), part, nullptr, 0);
    }
    std::string text = part_of(url.get(), CURLUPART_URL);
    if (text.empty()) return elsewhere;
    if (text.size() > longest_shown) text = text.substr(0, longest_shown) + "…";
    return "'" + text + "'";
}

std::unexpected<Error> refuse(std::string why, std::string hint = {}) {
    return fail(ErrorKind::invalid_argument, std::move(why), std::move(hint));
}

// The state of one request, for libcurl's callbacks.
struct Exchange {
    const std::vector<net::Network>& allowed;
    bool guarded = true;
    std::size_t max_bytes = 0;
    std::stop_token stop;

    long status = 0;  // of the latest headers
    std::string body = {};
    std::size_t header_bytes = 0;
    bool too_large = false;
    bool headers_too_large = false;
    std::optional<Error> blocked = std::nullopt;  // why an address was not connected to
};

// The special range that forbids a connection to the address; nothing where it is allowed.
std::optional<std::string> forbidden_range(const net::Address& address, const std::vector<net::Network>& allowed) {
    auto special = net::special_range(address);
    if (special && std::ranges::any_of(allowed, [&](const net::Network& network) { return network.contains(address); }))
        return std::nullopt;
    return special;
}

Error blocked_address(const net::Address& address, const std::string& range) {
    return {ErrorKind::invalid_argument,
            fmt::format("leads to {}, which is {}, but documents are fetched only from public addresses",
                        to_string(address), range),
            "to allow it, add its network to fetch.allow_private_addresses"};
}

curl_socket_t open_socket(void* data, curlsocktype purpose, curl_sockaddr* to) {
    auto& exchange = *static_cast<Exchange*>(data);
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    if (exchange.guarded) {
        const auto address = net::address_of(&to->addr);
        if (!address) return CURL_SOCKET_BAD;
        if (const auto range = forbidden_range(*address, exchange.allowed)) {
            exchange.blocked = blocked_address(*address, *range);
            return CURL_SOCKET_BAD;
        }
    }
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
    auto& exchange = *static_cast<Exchange*>(to);
    const std::string_view line(data, size * count);
    exchange.header_bytes += line.size();
    if (exchange.header_bytes > longest_headers) {
        exchange.headers_too_large = true;
        return 0;
    }
    if (line.starts_with("HTTP/")) {
        const auto space = std::min(line.find(' '), line.size() - 1);
        std::from_chars(line.data() + space + 1, line.data() + line.size(), exchange.status);
    }
    return line.size();
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
    auto& exchange = *static_cast<Exchange*>(to);
    const std::size_t bytes = size * count;
    if (exchange.body.size() + bytes > exchange.max_bytes) {
        exchange.too_large = true;
        return 0;
    }
    exchange.body.append(data, bytes);
    return bytes;
}

int stop_if_requested(void* data, curl_off_t /*down_total*/, curl_off_t /*down*/, curl_off_t /*up_total*/,
                      curl_off_t /*up*/) {
    return static_cast<Exchange*>(data)->stop.stop_requested() ? 1 : 0;
}

bool is_redirect(long status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_page(std::string_view content) {
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    const auto start = content.find_first_not_of(" \t\r\n");
    return start != std::string_view::npos && content[start] == '<';
}

class CurlFetcher final : public Fetcher {
public:
    CurlFetcher(FetchSettings settings, std::vector<net::Network> allowed)
        : settings_(std::move(settings)), allowed_(std::move(allowed)), handle_(curl_easy_init()) {
        if (handle_ == nullptr) throw std::bad_alloc();
        for (const std::string& entry : settings_.resolved) append(resolved_, entry);
    }

    Result<Url> read_url(std::string_view text) const override {
        if (text.size() > longest_url)
            return refuse(fmt::format("is {} bytes long, but at most {} are allowed", text.size(), longest_url));
        if (text.find('\0') != std::string_view::npos) return refuse("is not a URL: it contains a zero byte");
        const UrlHandle url = new_url();
        const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(),
                                            CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
        if (code == CURLUE_USER_NOT_ALLOWED)
            return refuse("has a user or password in it, which would be stored and shown", "leave it out");
        if (code != CURLUE_OK) return refuse(fmt::format("is not a URL: {}", curl_url_strerror(code)));
        const std::string scheme = lower(part_of(url.get(), CURLUPART_SCHEME));
        if (scheme == "http" && !settings_.allow_http)
            return refuse("is not encrypted", "use https, or set fetch.allow_http");
        if (scheme != "https" && scheme != "http")
            return refuse(fmt::format("has the scheme '{}', expected https", scheme));
        const std::string host = lower(part_of(url.get(), CURLUPART_HOST));
        std::string_view bare = host;
        if (bare.starts_with('[') && bare.ends_with(']')) bare = bare.substr(1, bare.size() - 2);
        if (const auto address = net::parse_address(bare)) {
            if (const auto range = forbidden_range(*address, allowed_))
                return std::unexpected(blocked_address(*address, *range));
        }
        curl_url_set(url.get(), CURLUPART_HOST, host.c_str(), 0);
        curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
        Url made;
        made.text = part_of(url.get(), CURLUPART_URL, CURLU_NO_DEFAULT_PORT);
        if (made.text.empty()) return refuse("is not a URL");
        const std::string port = part_of(url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
        made.path = host + (port.empty() ? "" : "-" + port) + part_of(url.get(), CURLUPART_PATH);
        return made;
    }

    Result<Fetched> fetch(const std::string& url, const std::string& validator, std::stop_token stop) override {
        return get(url, validator, {}, settings_.max_bytes, stop);
    }

    Result<Fetched> fetch_part(const std::string& url, const std::string& document, std::size_t max_bytes,
                               std::stop_token stop) override {
        return get(url, {}, document, std::min(max_bytes, settings_.max_bytes), stop);
    }

private:
    // `origin` is a URL whose origin every hop must have; empty for any.
    Result<Fetched> get(const std::string& url, const std::string& validator, const std::string& origin,
                        std::size_t max_bytes, const std::stop_token& stop) {
        const auto deadline = steady_clock::now() + settings_.timeout;
        auto at = read_url(url);
        for (std::size_t hop = 0; at; ++hop) {
            if (!origin.empty() && !have_same_origin(at->text, origin))
                return refuse(fmt::format("{}is on another server", hop == 0 ? "" : "redirects to what "));
            Exchange exchange{allowed_, settings_.proxy.empty(), max_bytes, stop};
            const CURLcode code = ask(*at, validator, deadline, exchange);
            if (code != CURLE_OK) return std::unexpected(failed(code, exchange));
            if (!is_redirect(exchange.status)) return take(exchange, at->text, !validator.empty());
            const char* next = nullptr;
            curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &next);
            if (next == nullptr)
                return refuse(fmt::format("answers with status {}, but without a Location", exchange.status));
            if (hop == settings_.max_redirects) {
                return refuse(
                    fmt::format("redirects more than {} times (fetch.max_redirects)", settings_.max_redirects));
            }
            const std::string target = next;
            at = read_url(target);
            if (!at)
                return refuse(fmt::format("redirects to {}, which {}", shown(target), at.error().message),
                              at.error().hint);
        }
        return std::unexpected(at.error());
    }

    CURLcode ask(const Url& url, const std::string& validator, steady_clock::time_point deadline, Exchange& exchange) {
        CURL* const handle = handle_.get();
        curl_easy_reset(handle);  // keeps connections, which were checked when they were opened
        error_.front() = '\0';
        const auto left =
            std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
        List headers;
        append(headers, "Accept: application/json, application/yaml, text/yaml, */*;q=0.5");
        if (!validator.empty()) {
            // A Last-Modified is a date; an ETag is not, since it is in quotes.
            const bool date = validator.find('"') == std::string::npos && curl_getdate(validator.c_str(), nullptr) >= 0;
            append(headers, (date ? "If-Modified-Since: " : "If-None-Match: ") + validator);
        }
        curl_easy_setopt(handle, CURLOPT_URL, url.text.c_str());
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, settings_.allow_http ? "https,http" : "https");
        curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        curl_easy_setopt(handle, CURLOPT_PROXY, settings_.proxy.c_str());
        // Otherwise the environment's no_proxy would make libcurl connect directly, without the proxy and without the
        // guard, which is off when there is a proxy.
        curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(handle, CURLOPT_USERAGENT, settings_.user_agent.c_str());
        curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");  // everything that this libcurl can decompress
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        // A request that is given up does not wait for a resolver's thread.
        curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, longest_connect).count()));
        if (!settings_.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, settings_.ca_file.c_str());
        if (resolved_ != nullptr) curl_easy_setopt(handle, CURLOPT_RESOLVE, resolved_.get());
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_.data());
        curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, stop_if_requested);
        curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
        curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        return curl_easy_perform(handle);
    }

    [[nodiscard]] Error failed(CURLcode code, const Exchange& exchange) const {
        const std::string reason = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
        const auto error = [](ErrorKind kind, std::string message, std::string hint = {}) {
            return Error{kind, std::move(message), std::move(hint)};
        };
        if (exchange.too_large && exchange.max_bytes < settings_.max_bytes)
            return error(ErrorKind::too_large, fmt::format("is longer than {} bytes", exchange.max_bytes));
        if (exchange.too_large) {
            return error(ErrorKind::invalid_argument,
                         fmt::format("is longer than {} bytes (fetch.max_bytes)", settings_.max_bytes));
        }
        if (exchange.headers_too_large) {
            return error(ErrorKind::invalid_argument,
                         fmt::format("comes with more than {} bytes of headers", longest_headers));
        }
        switch (code) {
            case CURLE_ABORTED_BY_CALLBACK:
                return error(ErrorKind::unavailable, "was not fetched completely, since embedq is stopping");
            case CURLE_OPERATION_TIMEDOUT:
                return error(ErrorKind::unavailable, fmt::format("was not complete after {} ms (fetch.timeout): {}",
                                                                 settings_.timeout.count(), reason));
            case CURLE_PEER_FAILED_VERIFICATION:
                return error(ErrorKind::invalid_argument,
                             fmt::format("comes from a server whose certificate cannot be verified: {}", reason),
                             "name a file with the issuer's certificate in fetch.ca_file");
            case CURLE_COULDNT_CONNECT:
                if (exchange.blocked) return *exchange.blocked;
                break;
            default: break;
        }
        return error(ErrorKind::unavailable, fmt::format("could not be fetched: {}", reason));
    }

    // The header's value; empty where it cannot be sent back.
    [[nodiscard]] std::string header(const char* name) const {
        curl_header* found = nullptr;
        if (curl_easy_header(handle_.get(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
        std::string value = found->value;
        const bool sound = value.size() <= longest_validator && std::ranges::all_of(value, [](char c) {
                               return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
                           });
        return sound ? value : std::string();
    }

    [[nodiscard]] Result<Fetched> take(Exchange& exchange, const std::string& url, bool conditional) const {
        if (exchange.status == 304 && conditional) return Fetched{.unchanged = true};
        switch (exchange.status) {
            case 200: break;
            case 401:
            case 403: return refuse(fmt::format("is not public: the server answers {}", exchange.status));
            case 404:
            case 410:
                return fail(ErrorKind::not_found,
                            fmt::format("does not exist: the server answers {}", exchange.status));
            default: {
                const bool temporary = exchange.status == 408 || exchange.status == 429 || exchange.status >= 500;
                return fail(temporary ? ErrorKind::unavailable : ErrorKind::invalid_argument,
                            fmt::format("was not delivered: the server answers {}", exchange.status));
            }
        }
        if (is_page(exchange.body)) {
            return refuse("is an HTML or XML page, not an OpenAPI document",
                          "name the address of the document itself (its \"raw\" view), which must not need a login");
        }
        if (exchange.body.empty()) return refuse("is empty");
        Fetched fetched{
            .unchanged = false, .content = std::move(exchange.body), .validator = header("ETag"), .url = url};
        if (fetched.validator.empty()) fetched.validator = header("Last-Modified");
        return fetched;
    }

    const FetchSettings settings_;
    const std::vector<net::Network> allowed_;
    List resolved_;
    std::unique_ptr<CURL, FreeHandle> handle_;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace

Result<std::unique_ptr<Fetcher>> make_fetcher(FetchSettings settings) {
    std::vector<net::Network> allowed;
    for (const std::string& text : settings.allow_private_addresses) {
        auto network = net::Network::parse(text);
        if (!network) {
            return fail(ErrorKind::invalid_argument, "fetch.allow_private_addresses: " + network.error().message,
                        network.error().hint);
        }
        allowed.push_back(*network);
    }
    if (!settings.ca_file.empty() && ::access(settings.ca_file.c_str(), R_OK) != 0) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("fetch.ca_file: the file '{}' cannot be read", settings.ca_file),
                    "name a file of PEM certificates");
    }
    return std::make_unique<CurlFetcher>(std::move(settings), std::move(allowed));
}

bool is_url(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return letter(text.front()) && std::ranges::all_of(text.substr(0, colon), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
           });
}

}  // namespace embedq::fetch
