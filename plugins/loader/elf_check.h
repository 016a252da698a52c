// Whether a file may be loaded at all, checked before anything maps it: in the dynamic loader, a half-copied file
// causes SIGBUS and a foreign sanitizer ends the process, and Boost.DLL's symbol reader trusts the section table.
//
// Thread-safety: pure function of the file system.
#pragma once

#include <filesystem>

#include "embedq/error.h"

namespace embedq::plugins {

// `misconfigured` when the file is not a complete shared object for this machine, needs the runtime of another
// sanitizer than this process has, or exports `symbol` as anything but data of at least `size` bytes. A file without
// the symbol passes: `check_symbols` reports what it exports instead.
[[nodiscard]] Status check_loadable(const std::filesystem::path& file, const char* symbol, std::size_t size);

}  // namespace embedq::plugins
