// How identifiers and prose are split into words. The canonical text, lexical ranking and offline providers share it,
// so that they agree.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedq {

// Calls visit(std::string_view) with each word of `text`, lower-cased in ASCII, in order. A word is a run of ASCII
// letters and digits or of non-ASCII bytes; camelCase and the end of an acronym start a new word ("getHTTPServer2"
// gives get, http, server2). The view is valid only during the call.
template <class Visit>
void for_each_word(std::string_view text, Visit&& visit) {
    const auto lower = [](unsigned char c) { return c >= 'a' && c <= 'z'; };
    const auto upper = [](unsigned char c) { return c >= 'A' && c <= 'Z'; };
    const auto digit = [](unsigned char c) { return c >= '0' && c <= '9'; };
    std::string word;
    const auto flush = [&] {
        if (!word.empty()) visit(std::string_view(word));
        word.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (!lower(c) && !upper(c) && !digit(c) && c < 0x80) {
            flush();
            continue;
        }
        if (upper(c) && i > 0) {
            const auto before = static_cast<unsigned char>(text[i - 1]);
            const bool ends_acronym =
                upper(before) && i + 1 < text.size() && lower(static_cast<unsigned char>(text[i + 1]));
            if (lower(before) || digit(before) || ends_acronym) flush();
        }
        word.push_back(upper(c) ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c));
    }
    flush();
}

}  // namespace embedq
