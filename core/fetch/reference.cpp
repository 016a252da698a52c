// References between documents, and their origins.
#include <curl/curl.h>

#include <string>
#include <tuple>

#include "fetch/fetch.h"
#include "fetch/url_handle.h"

namespace embedq::fetch {
namespace {

UrlHandle parsed(const std::string& text) {
    UrlHandle url = new_url();
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return nullptr;
    return url;
}

}  // namespace

Result<std::string> resolve_reference(const std::string& base, const std::string& reference) {
    const auto url = parsed(base);
    const bool is_text = reference.find('\0') == std::string::npos;
    if (url == nullptr || !is_text ||
        curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) !=
            CURLUE_OK) {
        return fail(ErrorKind::invalid_argument, "is not a URL");
    }
    return part_of(url.get(), CURLUPART_URL);
}

bool have_same_origin(const std::string& one, const std::string& other) {
    const auto first = parsed(one);
    const auto second = parsed(other);
    if (first == nullptr || second == nullptr) return false;
    const auto origin = [](CURLU* url) {
        return std::tuple(part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST),
                          part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
    };
    return origin(first.get()) == origin(second.get());
}

}  // namespace embedq::fetch
