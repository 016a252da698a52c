// Shared objects: what they export, and loading them permanently. The only part that knows Boost.DLL.
//
// Thread-safety: may be called from any thread; the host calls it on the main thread before others start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "embedq/error.h"

namespace embedq::plugins {

// Names of the symbols that the file exports, read without running any of its code.
[[nodiscard]] Result<std::vector<std::string>> exported_symbols(const std::filesystem::path& file);

// Loads the file (absolute path; all symbols are bound now, none are visible to other libraries) and returns the
// address of a data symbol. The library is never unloaded.
[[nodiscard]] Result<const void*> load_symbol(const std::filesystem::path& file, const char* symbol);

}  // namespace embedq::plugins
