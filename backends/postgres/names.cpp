#include "names.h"

namespace embedq::postgres {
namespace {

[[nodiscard]] std::string between(char quote, std::string_view text) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

}  // namespace

std::string identifier(std::string_view name) {
    return between('"', name);
}

std::string unquoted(std::string_view quoted_identifier) {
    std::string out;
    for (std::size_t i = 1; i + 1 < quoted_identifier.size(); ++i) {
        out += quoted_identifier[i];
        if (quoted_identifier[i] == '"') ++i;
    }
    return out;
}

std::string literal(std::string_view text) {
    return between('\'', text);
}

}  // namespace embedq::postgres
