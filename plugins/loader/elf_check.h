// Whether a file is a whole ELF shared object for this machine, before anything maps it: the dynamic loader answers a half-copied file
// with SIGBUS, and Boost.DLL's symbol reader trusts the section table.
//
// Thread-safety: pure function of the file system.
#pragma once

#include <filesystem>

#include "embedq/error.h"

namespace embedq::plugins {

// `misconfigured` says what the file is instead.
[[nodiscard]] Status check_whole_shared_object(const std::filesystem::path& file);

}  // namespace embedq::plugins
