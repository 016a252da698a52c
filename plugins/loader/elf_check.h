// Whether a file may be loaded at all, before anything maps it: the dynamic loader answers a half-copied file with
// SIGBUS and a foreign sanitizer with the end of the process, and Boost.DLL's symbol reader trusts the section table.
//
// Thread-safety: pure function of the file system.
#pragma once

#include <filesystem>

#include "embedq/error.h"

namespace embedq::plugins {

// `misconfigured` when the file is not a whole shared object for this machine, wants another sanitizer's runtime than
// this process has, or exports `symbol` as anything but data of at least `size` bytes. A file without the symbol
// passes: what it exports instead is told elsewhere.
[[nodiscard]] Status check_loadable(const std::filesystem::path& file, const char* symbol, std::size_t size);

}  // namespace embedq::plugins
