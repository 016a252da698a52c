// A new plugin's project, copied from the template with the plugin's name in it.
//
// Thread-safety: functions of the file system without state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "embedq/error.h"

namespace embedq::cli {

struct NewProject {
    std::string kind;              // store, provider, notifier or service
    std::string name;              // [a-z][a-z0-9_]*
    std::filesystem::path folder;  // must not exist; its parent folders are created
};

// Copies `templates`/<kind> and returns the files, relative to the folder and sorted. Leaves nothing behind on an
// error. `invalid_argument`: the kind does not exist, or the name has the wrong form; `conflict`: the folder exists;
// `not_found`: the template does not exist.
[[nodiscard]] Result<std::vector<std::filesystem::path>> make_project(const NewProject& project,
                                                                      const std::filesystem::path& templates);

}  // namespace embedq::cli
