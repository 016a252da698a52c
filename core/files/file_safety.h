// Whether a folder or file can be changed by anyone except root and the user who runs embedq: loading it would run that
// person's code.
//
// Thread-safety: pure functions of the file system.
#pragma once

#include <filesystem>

#include "embedq/error.h"

namespace embedq::plugins {

// `misconfigured` when `path` is writable by its group or by everyone, or owned by neither root nor the effective user;
// the message names the path and its mode or owner, the hint is the command that corrects it.
[[nodiscard]] Status check_only_owner_writes(const std::filesystem::path& path);

}  // namespace embedq::plugins
