#include "loader/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace embedq::plugins {
namespace {

constexpr std::string_view kPrefix = "libembedq_";
constexpr std::string_view kSuffix = ".so";

}  // namespace

bool is_plain_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && letter(name.front()) && std::ranges::all_of(name, rest);
}

std::optional<FileName> parse_file_name(std::string_view file_name) {
    if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return std::nullopt;
    file_name.remove_prefix(kPrefix.size());
    if (file_name.size() < kSuffix.size()) return std::nullopt;
    file_name.remove_suffix(kSuffix.size());
    for (const PluginKind kind : kPluginKinds) {
        const std::string start = fmt::format("{}_", to_string(kind));
        if (!file_name.starts_with(start)) continue;
        const std::string_view name = file_name.substr(start.size());
        if (!is_plain_name(name)) return std::nullopt;
        return FileName{kind, std::string(name)};
    }
    return std::nullopt;
}

std::string file_name_of(PluginKind kind, std::string_view name) {
    return fmt::format("{}{}_{}{}", kPrefix, to_string(kind), name, kSuffix);
}

}  // namespace embedq::plugins
