// libcurl's URLs, as values.
//
// Internal to core/fetch. Thread-safety: pure functions; a handle belongs to one thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace embedq::fetch {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

inline UrlHandle new_url() {
    UrlHandle url(curl_url());
    if (url == nullptr) throw std::bad_alloc();
    return url;
}

// Empty if it has none.
inline std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
}

}  // namespace embedq::fetch
