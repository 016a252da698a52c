#include "catalog/form.h"

#include <algorithm>

#include "catalog/json_token.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view between_tokens = " \t\r\n";
constexpr std::string_view token_ends = " \t\r\n{}[],:\"";

// After the closing quote of the string that begins at `at`.
std::size_t after_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

bool is_json_word(std::string_view word) {
    return word == "true" || word == "false" || word == "null" || is_json_number(word);
}

}  // namespace

std::optional<SignOfYaml> find_sign_of_yaml(std::string_view text) {
    std::optional<SignOfYaml> found;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        const auto next = std::min(text.find_first_not_of(between_tokens, at + 1), text.size());
        if (c == '"') {
            at = after_string(text, at);
        } else if (c == ',') {
            // A comma without something before it is broken in both.
            const auto before = text.find_last_not_of(between_tokens, at == 0 ? 0 : at - 1);
            if (before != std::string_view::npos &&
                std::string_view("{[,").find(text[before]) != std::string_view::npos)
                return std::nullopt;
            if (next < text.size() && (text[next] == '}' || text[next] == ']')) found = SignOfYaml::weak;
            at = next;
        } else if (std::string_view("{}[]: \t\r\n").find(c) != std::string_view::npos) {
            at = next;
        } else if (text.substr(at, 2) == "//" || text.substr(at, 2) == "/*") {
            return std::nullopt;  // a comment of other languages
        } else if (c == '#' || c == '\'') {
            return SignOfYaml::strong;
        } else {
            const auto end = std::min(text.find_first_of(token_ends, at), text.size());
            const auto after = std::min(text.find_first_not_of(between_tokens, end), text.size());
            if (after < text.size() && text[after] == ':') return SignOfYaml::strong;
            if (!is_json_word(text.substr(at, end - at))) found = SignOfYaml::weak;
            at = end;
        }
    }
    return found;
}

}  // namespace embedq::catalog
