#include "catalog/form.h"

#include <algorithm>

#include "catalog/json_token.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view between_tokens = " \t\r\n";
constexpr std::string_view token_ends = " \t\r\n{}[],:\"";

struct QuotedString {
    std::size_t end = 0;   // after the closing quote
    bool is_yaml = false;  // it has an escape, a tab or an end of a line, as strings of JSON have none
};

QuotedString string_at(std::string_view text, std::size_t at) {
    constexpr std::string_view json_escapes = "\"\\/bfnrtu";
    bool is_yaml = false;
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"') return {at + 1, is_yaml};
        if (std::string_view("\t\r\n").find(text[at]) != std::string_view::npos) is_yaml = true;
        if (text[at] == '\\' && ++at < text.size() && json_escapes.find(text[at]) == std::string_view::npos)
            is_yaml = true;
    }
    return {text.size(), is_yaml};
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
            const QuotedString string = string_at(text, at);
            if (string.is_yaml) found = SignOfYaml::weak;
            at = string.end;
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
