// Whether a folder or file can be changed by anyone except root and the user who runs embedq. What is loaded or run
// because of it would otherwise be that person's code.
//
// Thread-safety: pure functions of the file system.
#pragma once

#include <filesystem>
#include <string_view>

#include "embedq/error.h"

namespace embedq::files {

// `misconfigured` when `path` is writable by its group or by everyone, or owned by neither root nor the effective user;
// the message names the path and its mode or owner, the hint is the command that corrects it. `what` is what it is for:
// "plugin" makes "plugin file" and "plugin folder".
[[nodiscard]] Status check_only_owner_writes(const std::filesystem::path& path, std::string_view what);

// The same for a file and for every folder above it, since who may write to one of them may put another file in its
// place. Where links lead to the file, it is checked for both ways. A folder with the sticky bit, such as /tmp, may be
// written by others: they cannot replace what is not theirs.
[[nodiscard]] Status check_only_owner_replaces(const std::filesystem::path& file, std::string_view what);

}  // namespace embedq::files
