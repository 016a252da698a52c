#include "config/secret_values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/text.h"

namespace embedq::config {
namespace {

// A value of at least this length with letters and digits may be a key.
constexpr std::size_t shortest_key = 16;

// Parts of the names of headers and parameters.
constexpr std::array<std::string_view, 18> credentials = {
    "auth",   "authorization", "key",         "apikey",    "token",   "secret",      "password", "passwd", "passphrase",
    "cookie", "credential",    "credentials", "signature", "session", "sslpassword", "bearer",   "pass",   "pwd",
};
constexpr std::array<std::string_view, 9> harmless = {
    "accept", "agent", "beta", "content", "organization", "project", "referer", "title", "version",
};

bool is(int (*kind)(int), char c) {
    return kind(static_cast<unsigned char>(c)) != 0;
}

std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words(1);
    for (const char c : name) {
        if (is(std::isalnum, c)) {
            words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!words.back().empty()) {
            words.emplace_back();
        }
    }
    return words;
}

bool has_one_of(std::span<const std::string_view> known, const std::vector<std::string>& words) {
    return std::ranges::any_of(words,
                               [&](const std::string& word) { return std::ranges::find(known, word) != known.end(); });
}

bool looks_like_key(std::string_view text) {
    const auto has = [&](int (*kind)(int)) {
        return std::ranges::any_of(text, [kind](char c) { return is(kind, c); });
    };
    return text.size() >= shortest_key && has(std::isdigit) && has(std::isalpha) && !has(std::isspace);
}

// What follows the first of these characters, and is then no longer part of `text`.
std::string_view after(std::string_view& text, std::string_view marks) {
    const auto mark = text.find_first_of(marks);
    if (mark == std::string_view::npos) return {};
    const std::string_view behind = text.substr(mark + 1);
    text = text.substr(0, mark);
    return behind;
}

// The beginning of `text` up to the first character that does not fit, and is then no longer part of `text`.
template <class Fits>
std::string_view take(std::string_view& text, Fits&& fits) {
    const auto end = std::ranges::find_if_not(text, fits);
    const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
}

// A value of libpq's form of an address, in which a backslash takes its meaning from a quote or a space.
std::optional<std::string> take_value(std::string_view& text) {
    const bool is_quoted = text.starts_with('\'');
    if (is_quoted) text.remove_prefix(1);
    std::string value;
    while (!text.empty() && !(is_quoted ? text.front() == '\'' : is(std::isspace, text.front()))) {
        if (text.front() == '\\') text.remove_prefix(1);
        if (text.empty()) return std::nullopt;
        value += text.front();
        text.remove_prefix(1);
    }
    if (is_quoted && text.empty()) return std::nullopt;
    if (is_quoted) text.remove_prefix(1);
    return value;
}

// "host=db.example user=embedq": names of libpq's parameters, of which one says where the database is.
bool is_plain_parameters(std::string_view text) {
    const auto space = [](char c) { return is(std::isspace, c); };
    bool says_where = false;
    for (take(text, space); !text.empty(); take(text, space)) {
        const std::string_view key = take(text, [](char c) { return c == '_' || is(std::islower, c); });
        take(text, space);
        if (key.empty() || !text.starts_with('=')) return false;
        text.remove_prefix(1);
        take(text, space);
        const auto value = take_value(text);
        // A long name of a host or a file is not a key.
        const bool is_name = key.starts_with("host") || key.starts_with("ssl") || key == "passfile";
        if (!value || looks_like_credential(key, is_name ? std::string_view() : *value)) return false;
        says_where = says_where || key == "host" || key == "hostaddr" || key == "dbname" || key == "service";
    }
    return says_where;
}

}  // namespace

bool is_plain_address(std::string_view text) {
    if (text == "none" || is_plain_parameters(text)) return true;
    const auto scheme = text.find("://");
    if (scheme == 0 || scheme == std::string_view::npos) return false;
    if (!std::ranges::all_of(text.substr(0, scheme), [](char c) { return is(std::isalnum, c); })) return false;
    std::string_view rest = text.substr(scheme + 3);
    const std::string_view query = after(rest, "?#");
    const std::string_view path = after(rest, "/");
    const auto at = rest.rfind('@');
    const std::string_view user = at == std::string_view::npos ? std::string_view() : rest.substr(0, at);
    const std::string_view host = at == std::string_view::npos ? rest : rest.substr(at + 1);
    if (host.empty() && path.empty()) return false;
    // On the web a path, too, may be all that lets one in.
    if (text.starts_with("http") && (at != std::string_view::npos || !path.empty() || !query.empty())) return false;
    // A name before the '@' is a user; with a ':' behind it comes the password. Tokens may stand anywhere.
    if (user.find_first_of(":%") != std::string_view::npos) return false;
    const auto holds_key = [](std::string_view parts, char separator) {
        return std::ranges::any_of(split(parts, separator),
                                   [](const std::string& part) { return looks_like_key(part); });
    };
    if (holds_key(user, '.') || holds_key(path, '/')) return false;
    return std::ranges::none_of(split(query, '&'), [](const std::string& parameter) {
        const auto sign = std::min(parameter.find('='), parameter.size());
        return looks_like_credential(parameter.substr(0, sign), parameter.substr(std::min(sign + 1, parameter.size())));
    });
}

bool looks_like_credential(std::string_view key, std::string_view text) {
    const auto words = words_of(key);
    if (has_one_of(credentials, words)) return true;
    return !has_one_of(harmless, words) && looks_like_key(text);
}

}  // namespace embedq::config
