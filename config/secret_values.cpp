#include "config/secret_values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <vector>

namespace embedq::config {
namespace {

// A value of at least this length with letters and digits may be a key.
constexpr std::size_t shortest_key = 16;

// Parts of the names of headers and parameters.
constexpr std::array<std::string_view, 15> credentials = {
    "auth",       "authorization", "key",    "apikey",     "token",       "secret",    "password", "passwd",
    "passphrase", "cookie",        "bearer", "credential", "credentials", "signature", "session",
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

}  // namespace

bool is_plain_address(std::string_view text) {
    if (text == "none") return true;
    const auto scheme = text.find("://");
    if (scheme == 0 || scheme == std::string_view::npos) return false;
    std::string_view host = text.substr(scheme + 3);
    if (host.ends_with('/')) host.remove_suffix(1);
    return !host.empty() && host.find_first_of("@/?#") == std::string_view::npos &&
           std::ranges::all_of(text.substr(0, scheme), [](char c) { return is(std::isalnum, c); });
}

bool looks_like_credential(std::string_view key, std::string_view text) {
    const auto words = words_of(key);
    if (has_one_of(credentials, words)) return true;
    return !has_one_of(harmless, words) && looks_like_key(text);
}

}  // namespace embedq::config
