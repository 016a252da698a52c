#include "loader/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace embedq::plugins {
namespace {

constexpr std::string_view kPrefix = "libembedq_";
constexpr std::string_view kSuffix = ".so";
constexpr std::array kKinds = {PluginKind::store, PluginKind::provider, PluginKind::notifier, PluginKind::service};

std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

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
    for (const PluginKind kind : kKinds) {
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

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
    const std::string* best = nullptr;
    std::size_t fewest = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edits(name, candidate);
        if (distance >= fewest) continue;
        fewest = distance;
        best = &candidate;
    }
    if (best == nullptr) return std::nullopt;
    return *best;
}

}  // namespace embedq::plugins
