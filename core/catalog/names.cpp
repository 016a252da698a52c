#include "catalog/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "catalog/hash.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t suffix_digits = 10;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The offending character as people see it, whole even when it is several bytes long.
std::string shown(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) return fmt::format("byte 0x{:02x}", byte);
    if (byte < 0x80) return fmt::format("\"{}\"", text[at]);
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
    return fmt::format("\"{}\"", text.substr(at, end - at));
}

Status check(std::string_view what, std::string_view name, std::size_t most, std::string_view marks) {
    const auto allowed = [marks](char c) { return is_alphanumeric(c) || marks.find(c) != std::string_view::npos; };
    if (name.empty())
        return fail(ErrorKind::invalid_argument, fmt::format("the {} is empty: give 1 to {} characters", what, most));
    if (name.size() > most) {
        return fail(ErrorKind::invalid_argument, fmt::format("the {} \"{}…\" is {} bytes long: at most {} are allowed",
                                                             what, name.substr(0, 40), name.size(), most));
    }
    const auto bad = std::ranges::find_if_not(name, allowed);
    if (bad == name.end()) return {};
    const auto at = static_cast<std::size_t>(bad - name.begin());
    return fail(ErrorKind::invalid_argument,
                fmt::format("the {} \"{}\" has {} at position {}: only a-z, 0-9 and {} are allowed", what, name,
                            shown(name, at), at + 1, fmt::join(marks, " ")));
}

std::string_view without_extension(std::string_view path) {
    for (const std::string_view extension : {".json", ".yaml", ".yml"}) {
        if (path.size() < extension.size()) continue;
        const auto end = path.substr(path.size() - extension.size());
        if (std::ranges::equal(end, extension, {}, lower)) return path.substr(0, path.size() - extension.size());
    }
    return path;
}

}  // namespace

Status check_catalog_id(std::string_view id) {
    if (auto status = check("catalog id", id, max_catalog_id, "-"); !status) return status;
    if (is_alphanumeric(id.front()) && is_alphanumeric(id.back())) return {};
    return fail(
        ErrorKind::invalid_argument,
        fmt::format("the catalog id \"{}\" begins or ends with \"-\": begin and end it with a letter or a digit", id));
}

Status check_spec_name(std::string_view name) {
    return check("spec name", name, max_spec_name, "._-");
}

std::string spec_name_from_path(std::string_view relative_path) {
    std::string name;
    for (const char raw : without_extension(relative_path)) {
        const char c = lower(raw);
        if (is_alphanumeric(c) || c == '_') {
            name.push_back(c);
            continue;
        }
        const char mark = c == '/' || c == '\\' || c == '.' ? '.' : '-';
        if (name.empty()) continue;
        if (name.back() == '.' || name.back() == '-') {
            if (mark == '.') name.back() = '.';
            continue;
        }
        name.push_back(mark);
    }
    while (!name.empty() && (name.back() == '.' || name.back() == '-')) name.pop_back();
    if (name.empty()) return with_path_suffix("spec", relative_path);
    return name.size() <= max_spec_name ? name : with_path_suffix(name, relative_path);
}

std::string with_path_suffix(std::string_view name, std::string_view relative_path) {
    return fmt::format("{}-{}", name.substr(0, max_spec_name - suffix_digits - 1),
                       to_hex(sha256(relative_path)).substr(0, suffix_digits));
}

}  // namespace embedq::catalog
