#include "loader/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace embedq::plugins {
namespace {

constexpr std::string_view file_prefix = "libembedq_";
constexpr std::string_view file_suffix = ".so";

}  // namespace

bool is_plain_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && letter(name.front()) && std::ranges::all_of(name, rest);
}

std::optional<FileName> parse_file_name(std::string_view file_name) {
    if (!file_name.starts_with(file_prefix) || !file_name.ends_with(file_suffix)) return std::nullopt;
    file_name.remove_prefix(file_prefix.size());
    if (file_name.size() < file_suffix.size()) return std::nullopt;
    file_name.remove_suffix(file_suffix.size());
    for (const PluginKind kind : plugin_kinds) {
        const std::string start = fmt::format("{}_", to_string(kind));
        if (!file_name.starts_with(start)) continue;
        const std::string_view name = file_name.substr(start.size());
        if (!is_plain_name(name)) return std::nullopt;
        return FileName{kind, std::string(name)};
    }
    return std::nullopt;
}

std::string file_name_of(PluginKind kind, std::string_view name) {
    return fmt::format("{}{}_{}{}", file_prefix, to_string(kind), name, file_suffix);
}

}  // namespace embedq::plugins
