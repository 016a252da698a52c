// Whether this host can trust a plugin's descriptor.
//
// Thread-safety: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "embedq/error.h"
#include "embedq/plugin.h"
#include "loader/names.h"

namespace embedq::plugins {

inline constexpr const char* plugin_symbol = "embedq_plugin_v" EMBEDQ_STRINGIFY(EMBEDQ_API_VERSION);

// Before loading: `misconfigured` when the file exports the symbol of another API number, or none.
[[nodiscard]] Status check_symbols(const std::filesystem::path& file, const std::vector<std::string>& symbols);

// After loading: reads size, API number and build tag first, and the rest only when these match exactly.
[[nodiscard]] Status check_descriptor(const PluginDescriptor& descriptor, const FileName& expected,
                                      const std::filesystem::path& file);

}  // namespace embedq::plugins
