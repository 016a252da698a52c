#include "http/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace embedq::http {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, FreeUrl>;

// Null when the text is not a URL.
Handle parse(const std::string& text) {
    Handle handle(curl_url());
    if (handle == nullptr ||
        curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return nullptr;
    return handle;
}

std::string part(const Handle& handle, CURLUPart what, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(handle.get(), what, &text, flags) != CURLUE_OK || text == nullptr) return {};
    std::string result(text);
    curl_free(text);
    return result;
}

void drop(const Handle& handle, CURLUPart what) {
    curl_url_set(handle.get(), what, nullptr, 0);
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_http(const Handle& handle) {
    const std::string scheme = lower(part(handle, CURLUPART_SCHEME));
    return scheme == "http" || scheme == "https";
}

std::string without_slashes(std::string text) {
    while (text.ends_with('/')) text.pop_back();
    return text;
}

constexpr std::string_view expected_form = "expected http://HOST[:PORT], https://HOST[:PORT] or unix:///PATH/TO/SOCKET";

Result<Endpoint> unix_endpoint(std::string_view text) {
    std::string path(text.substr(std::string_view("unix://").size()));
    std::string base;
    if (const auto colon = path.find(":/"); colon != std::string::npos) {
        base = without_slashes(path.substr(colon + 1));
        path.erase(colon);
    }
    if (!path.starts_with('/')) {
        return fail(ErrorKind::misconfigured,
                    "the endpoint '" + std::string(text) + "' does not name the absolute path of a socket",
                    "expected unix:///PATH/TO/SOCKET, with three slashes");
    }
    return Endpoint{"http://localhost" + base, path, "unix://" + path + (base.empty() ? "" : ":" + base)};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    if (text.starts_with("unix:")) {
        if (!text.starts_with("unix://")) {
            return fail(ErrorKind::misconfigured, "the endpoint '" + std::string(text) + "' is not a unix:// address",
                        "expected unix:///PATH/TO/SOCKET");
        }
        return unix_endpoint(text);
    }
    const std::string url(text);
    const Handle handle = parse(url);
    if (handle == nullptr || !is_http(handle) || part(handle, CURLUPART_HOST).empty()) {
        // A text that cannot be parsed may hold a password anywhere before an '@'.
        const auto at = text.rfind('@');
        const std::string harmless = at == std::string_view::npos ? url : "…" + url.substr(at);
        return fail(ErrorKind::misconfigured, "the endpoint '" + harmless + "' is not the URL of a server",
                    std::string(expected_form));
    }
    if (!part(handle, CURLUPART_QUERY).empty() || !part(handle, CURLUPART_FRAGMENT).empty()) {
        return fail(ErrorKind::misconfigured,
                    "the endpoint '" + shown(url) + "' has a query or a fragment, which an endpoint cannot have");
    }
    return Endpoint{without_slashes(part(handle, CURLUPART_URL)), {}, without_slashes(shown(url))};
}

std::string origin_of(const std::string& url) {
    const Handle handle = parse(url);
    if (handle == nullptr || !is_http(handle)) return {};
    return lower(part(handle, CURLUPART_SCHEME)) + "://" + lower(part(handle, CURLUPART_HOST)) + ":" +
           part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string resolve(const std::string& base, const std::string& location) {
    const Handle target = parse(base);
    if (target == nullptr ||
        curl_url_set(target.get(), CURLUPART_URL, location.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return {};
    const Handle from = parse(base);
    for (const CURLUPart credential : {CURLUPART_USER, CURLUPART_PASSWORD}) {
        const std::string value = part(from, credential);
        curl_url_set(target.get(), credential, value.empty() ? nullptr : value.c_str(), 0);
    }
    return part(target, CURLUPART_URL);
}

bool is_url(const std::string& text) {
    return parse(text) != nullptr;
}

std::string shown(const std::string& url) {
    const Handle handle = parse(url);
    if (handle == nullptr) return "(not a URL)";
    for (const CURLUPart secret :
         {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
        drop(handle, secret);
    }
    return part(handle, CURLUPART_URL);
}

}  // namespace embedq::http
