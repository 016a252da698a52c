// Whether a folder or file can be changed by anyone but root and the user who runs embedq: loading it would run their
// code.
//
// Thread-safety: pure functions of the file system.
#pragma once

#include <filesystem>

#include "embedq/error.h"

namespace embedq::plugins {

// `misconfigured` when `path` is writable by its group or by everyone, or owned by neither root nor the effective user;
// the message names the path, its mode or owner, and the command that hints it.
[[nodiscard]] Status check_only_owner_writes(const std::filesystem::path& path);

}  // namespace embedq::plugins
