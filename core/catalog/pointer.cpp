#include "catalog/pointer.h"

#include <charconv>

namespace embedq::catalog {
namespace {

constexpr std::size_t max_keys = 1'000;  // deeper than any document may be, so what follows need not be split

std::string key_of(std::string_view token) {
    std::string out;
    out.reserve(token.size());
    for (std::size_t i = 0; i < token.size(); ++i) {
        const char next = token[i] == '~' && i + 1 < token.size() ? token[i + 1] : '\0';
        if (next == '0' || next == '1') {
            out.push_back(next == '0' ? '~' : '/');
            ++i;
        } else {
            out.push_back(token[i]);
        }
    }
    return out;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const char* const first = text.data() + i + 1;
            const auto [end, error] = std::from_chars(first, first + 2, value, 16);
            if (error == std::errc{} && end == first + 2) {
                out.push_back(static_cast<char>(value));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

std::optional<JsonPointer> local_pointer(std::string_view ref, std::string_view self) {
    self = self.substr(0, self.find('#'));
    if (!self.empty() && ref.starts_with(self)) ref.remove_prefix(self.size());
    if (!ref.starts_with("#/")) return std::nullopt;
    const std::string decoded = percent_decoded(ref.substr(2));
    JsonPointer keys;
    std::string_view rest = decoded;
    while (true) {
        const auto slash = keys.size() < max_keys ? rest.find('/') : std::string_view::npos;
        keys.push_back(key_of(rest.substr(0, slash)));
        if (slash == std::string_view::npos) return keys;
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace embedq::catalog
