#include "http/http_session.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "http/decode.h"
#include "http/no_sigpipe.h"
#include "http/url.h"

namespace embedq::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t max_header_bytes = std::size_t{256} << 10;

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

// What the callbacks of one transfer fill.
struct Transfer {
    const Request& request;
    const ClientOptions& options;
    Response response = {};
    CURL* easy = nullptr;
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
    bool headers_complete = false;  // the empty line after them was received
    bool too_large = false;
    bool headers_too_large = false;
    std::exception_ptr thrown = {};  // libcurl is C, so no exception may pass through it
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::size_t header_line(Transfer& transfer, std::string_view line) {
    transfer.header_bytes += line.size();
    if (transfer.header_bytes > max_header_bytes) {
        transfer.headers_too_large = true;
        return 0;
    }
    // The headers so far belong to an interim answer (1xx).
    if (line.starts_with("HTTP/")) transfer.response.headers.clear();
    transfer.headers_complete = trimmed(line).empty();
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
        transfer.response.headers.add(std::string(trimmed(line.substr(0, colon))),
                                      std::string(trimmed(line.substr(colon + 1))));
    }
    return line.size();
}

std::size_t body_piece(Transfer& transfer, std::string_view piece) {
    transfer.body_bytes += piece.size();
    if (transfer.body_bytes > transfer.request.max_response_bytes) {
        transfer.too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (transfer.request.on_body) {
        long status = 0;
        curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200) {
            transfer.request.on_body(piece);
            return piece.size();
        }
    }
    std::string& body = transfer.response.body;
    if (body.empty()) {
        curl_off_t length = -1;
        curl_easy_getinfo(transfer.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        // With the capacity that simdjson needs behind the end, a large answer is not copied for it.
        if (length > 0) {
            body.reserve(std::min(static_cast<std::size_t>(length), transfer.request.max_response_bytes) +
                         body_padding);
        }
    }
    body += piece;
    return piece.size();
}

template <std::size_t (*Take)(Transfer&, std::string_view)>
std::size_t callback(const char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    try {
        return Take(transfer, std::string_view(data, size * count));
    } catch (...) {
        transfer.thrown = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
    }
}

bool has_header(const std::vector<Header>& headers, std::string_view name) {
    return std::ranges::any_of(headers, [&](const Header& header) { return same_header(header.name, name); });
}

List header_list(const ClientOptions& options, const Request& request) {
    List list;
    const auto append = [&](const std::string& line) {
        // Only the first line changes the list's head.
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        if (list == nullptr) list.reset(longer);
    };
    const auto append_header = [&](const Header& header) {
        append(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    };
    for (const Header& header : options.headers) {
        if (!has_header(request.headers, header.name)) append_header(header);
    }
    for (const Header& header : request.headers) append_header(header);
    // libcurl would wait up to a second for "100 Continue" before it sends a body over a megabyte.
    append("Expect:");
    return list;
}

void set_up(CURL* easy, const ClientOptions& options, const Request& request, const std::string& url,
            const curl_slist* headers) {
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    // Several threads send at the same time, so no signal handlers. A request that is given up does not wait for a
    // resolver's thread.
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    // A model may take longer than a router keeps an idle connection.
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!options.proxy.empty())
        curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy == "none" ? "" : options.proxy.c_str());
    if (!request.unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
    // Authorities that are given replace the system's.
    if (!options.ca_file.empty() || !options.ca_path.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.empty() ? nullptr : options.ca_file.c_str());
        curl_easy_setopt(easy, CURLOPT_CAPATH, options.ca_path.empty() ? nullptr : options.ca_path.c_str());
    }
    if (!options.client_cert.empty()) {
        const std::string& key = options.client_key.empty() ? options.client_cert : options.client_key;
        curl_easy_setopt(easy, CURLOPT_SSLCERT, options.client_cert.c_str());
        curl_easy_setopt(easy, CURLOPT_SSLKEY, key.c_str());
        // Also where it is empty: OpenSSL would ask for it at the terminal.
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD, options.client_key_password.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
    if (request.method == "GET") {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        if (request.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

std::string bytes_received(const Transfer& transfer) {
    return std::to_string(transfer.body_bytes) + " bytes of its body";
}

// What to do about a server's certificate, by OpenSSL's reason against it (X509_V_ERR_…).
std::string certificate_hint(CURL* easy) {
    long reason = 0;
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &reason);
    if (reason == 9 || reason == 10)  // not yet valid, or expired
        return "renew the server's certificate, or correct this machine's clock";
    if (reason == 18) return "name the certificate itself in ca_file";  // self-signed
    // Another name. libcurl compares it before it asks for the reason, so that there is none (0, 1).
    if (reason == 62 || reason <= 1) return "use an address for which the certificate was made";
    return "name the authority that signed it in ca_file, or correct the address";
}

// Whether the server refused this client's certificate, or the lack of one. libcurl has no code for the server's alert,
// but shows OpenSSL's name of it.
bool client_certificate_refused(CURLcode code, std::string_view reason) {
    if (code == CURLE_SSL_CLIENTCERT) return true;
    constexpr std::array<std::string_view, 4> names = {"certificate", "unknown ca", "access denied", "decrypt error"};
    const auto alert = reason.find(" alert ");
    return alert != std::string_view::npos &&
           std::ranges::any_of(names, [&](std::string_view name) { return reason.substr(alert).contains(name); });
}

// A server that requires one may reset a new connection before its alert is read.
bool may_miss_a_certificate(CURLcode code, const Transfer& transfer, const std::string& url) {
    long connections = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_NUM_CONNECTS, &connections);
    return (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) && connections > 0 && transfer.header_bytes == 0 &&
           transfer.options.client_cert.empty() && url.starts_with("https:");
}

Error error_of(CURLcode code, const Transfer& transfer, const std::string& url, const char* message) {
    const std::string where =
        shown(url) + (transfer.request.unix_socket.empty() ? "" : " at " + transfer.request.unix_socket);
    // libcurl keeps the first message, which may only say that a connection that it then used was closed meanwhile.
    const bool useful = message[0] != '\0' && !std::string_view(message).starts_with("getpeername");
    const std::string reason = useful ? message : curl_easy_strerror(code);
    const auto unavailable = [&](std::string what) {
        return Error{ErrorKind::unavailable, std::move(what), {}, reason};
    };
    const auto misconfigured = [&](std::string what, std::string hint) {
        return Error{ErrorKind::misconfigured, std::move(what), std::move(hint), reason};
    };
    if (transfer.too_large) {
        return {ErrorKind::too_large,
                "the answer from " + where + " is longer than " + std::to_string(transfer.request.max_response_bytes) +
                    " bytes",
                "send fewer texts in a request"};
    }
    if (transfer.headers_too_large) {
        return unavailable("the answer from " + where + " has more than " + std::to_string(max_header_bytes) +
                           " bytes of headers");
    }
    long connect_status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (connect_status == 407 || connect_status == 403) {
        return misconfigured(
            "the proxy refuses a tunnel to " + where + " with status " + std::to_string(connect_status),
            "check the proxy and its credentials");
    }
    if (client_certificate_refused(code, reason)) {
        return transfer.options.client_cert.empty()
                   ? misconfigured(where + " requires a certificate of its clients: " + reason,
                                   "name one in client_cert")
                   : misconfigured(where + " does not accept the certificate in client_cert: " + reason,
                                   "name one that is valid, and signed by an authority that the server trusts");
    }
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
            return misconfigured("the certificate of " + where + " is not trusted: " + reason,
                                 certificate_hint(transfer.easy));
        case CURLE_SSL_CACERT_BADFILE:
            return misconfigured("the certificates of ca_file or ca_path cannot be used: " + reason, "");
        case CURLE_SSL_CERTPROBLEM:
            return misconfigured("client_cert and client_key cannot be used: " + reason,
                                 "give PEM files of a certificate and of its own key, and client_key_password if the "
                                 "key is encrypted");
        case CURLE_COULDNT_RESOLVE_PROXY: return unavailable("the proxy's name cannot be resolved: " + reason);
        case CURLE_COULDNT_RESOLVE_HOST: return unavailable("the host of " + where + " cannot be resolved: " + reason);
        case CURLE_COULDNT_CONNECT: return unavailable("no connection to " + where + ": " + reason);
        case CURLE_SSL_CONNECT_ERROR: return unavailable("no TLS connection to " + where + ": " + reason);
        case CURLE_OPERATION_TIMEDOUT: return unavailable("no connection to " + where + " in time: " + reason);
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
            return unavailable("the server at " + where + " does not speak HTTP/1.x: " + reason);
        case CURLE_GOT_NOTHING: return unavailable(where + " closed the connection without an answer");
        case CURLE_BAD_CONTENT_ENCODING:
            return unavailable("the answer from " + where + " cannot be decompressed: " + reason);
        default: {
            auto error = unavailable("the answer from " + where + " was cut off after " + bytes_received(transfer) +
                                     ": " + reason);
            if (may_miss_a_certificate(code, transfer, url))
                error.hint = "if the server requires a certificate of its clients, name one in client_cert";
            return error;
        }
    }
}

}  // namespace

Status initialise_libcurl() {
    // Each plugin has a copy of this function, but all share one libcurl, which counts the calls and does its own
    // locking.
    static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code == CURLE_OK) return {};
    return fail(ErrorKind::misconfigured, std::string("libcurl cannot be used: ") + curl_easy_strerror(code));
}

struct HttpSession::Handles {
    CURLM* multi = curl_multi_init();
    CURL* easy = curl_easy_init();

    Handles() {
        if (multi == nullptr || easy == nullptr) throw std::bad_alloc();
        // With one origin and one request at a time, a second connection could only be a stale one.
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L);
    }
    ~Handles() {
        const NoSigpipe no_sigpipe;  // closing a TLS connection writes to it
        curl_easy_cleanup(easy);
        curl_multi_cleanup(multi);
    }
    Handles(const Handles&) = delete;
    Handles& operator=(const Handles&) = delete;

    // How the transfer ended, or nothing while it runs.
    [[nodiscard]] std::optional<CURLcode> finished() const {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg == CURLMSG_DONE) return message->data.result;
        }
        return std::nullopt;
    }
};

HttpSession::HttpSession(const ClientOptions& options) : options_(options), handles_(std::make_unique<Handles>()) {}
HttpSession::~HttpSession() = default;

Result<Response> HttpSession::perform(const Request& request, const std::string& url) {
    const NoSigpipe no_sigpipe;
    const auto begin = steady_clock::now();
    CURL* const easy = handles_->easy;
    CURLM* const multi = handles_->multi;
    curl_easy_reset(easy);
    const List headers = header_list(options_, request);
    std::array<char, CURL_ERROR_SIZE> message{};
    Transfer transfer{.request = request, .options = options_, .easy = easy};
    set_up(easy, options_, request, url, headers.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback<header_line>);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback<body_piece>);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);

    // Removing the transfer from the multi handle ends it and closes the socket of an unfinished one. That must happen
    // before anything that it points to is destroyed.
    struct InMulti {
        CURLM* multi;
        CURL* easy;
        InMulti(CURLM* m, CURL* e) : multi(m), easy(e) { curl_multi_add_handle(multi, easy); }
        ~InMulti() { curl_multi_remove_handle(multi, easy); }
    };
    const InMulti in_multi(multi, easy);
    const std::stop_callback wake(request.stop, [multi] { curl_multi_wakeup(multi); });

    std::optional<CURLcode> end;
    while (true) {
        int running = 0;
        if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK) {
            return fail(ErrorKind::internal, std::string("libcurl failed: ") + curl_multi_strerror(code));
        }
        end = handles_->finished();
        if (end) break;
        if (request.stop.stop_requested())
            return fail(ErrorKind::unavailable, "the request to " + shown(url) + " was stopped");
        const auto now = steady_clock::now();
        if (now >= request.deadline) {
            Error late{ErrorKind::unavailable, "no complete answer from " + shown(url) + " before the deadline, only " +
                                                   bytes_received(transfer)};
            late.deadline_reached = true;
            return std::unexpected(std::move(late));
        }
        // libcurl wakes earlier for timers of its own.
        constexpr milliseconds max_wait{1000};
        const auto left = request.deadline - now;
        const milliseconds wait = left < max_wait ? std::chrono::ceil<milliseconds>(left) : max_wait;
        curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
    if (transfer.thrown) std::rethrow_exception(transfer.thrown);
    // libcurl takes a connection that ends within the headers for the end of an answer without a body.
    if (*end == CURLE_OK && !transfer.headers_complete) end = CURLE_RECV_ERROR;
    if (*end != CURLE_OK) return std::unexpected(error_of(*end, transfer, url, message.data()));

    long status = 0;
    long connections = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    transfer.response.status = static_cast<int>(status);
    transfer.response.reused_connection = connections == 0;
    transfer.response.elapsed = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
    return std::move(transfer.response);
}

}  // namespace embedq::http
