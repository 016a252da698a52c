#include "catalog/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "catalog/hash.h"
#include "embedq/support/ids.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t suffix_digits = 10;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
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

std::string spec_name_from_path(std::string_view relative_path) {
    std::string name;
    for (const char raw : without_extension(relative_path)) {
        const char c = lower(raw);
        if (support::is_lower_or_digit(c) || c == '_') {
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
