// Names of plugins and of their files.
//
// Thread-safety: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/plugin.h"

namespace embedq::plugins {

inline constexpr std::array plugin_kinds = {PluginKind::store, PluginKind::provider, PluginKind::notifier,
                                            PluginKind::service};

// [a-z][a-z0-9_]*
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;

struct FileName {
    PluginKind kind;
    std::string name;
};

// Kind and name from "libembedq_<kind>_<name>.so"; nothing when the file name has another form.
[[nodiscard]] std::optional<FileName> parse_file_name(std::string_view file_name);
[[nodiscard]] std::string file_name_of(PluginKind kind, std::string_view name);

}  // namespace embedq::plugins
