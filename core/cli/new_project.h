// A new plugin's project, copied from the template with the plugin's name in it.
//
// Thread-safety: functions of the file system without state of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "embedq/error.h"

namespace embedq::cli {

struct NewProject {
    std::string kind;              // store, provider, notifier or service
    std::string name;              // [a-z][a-z0-9_]*
    std::filesystem::path folder;  // must not exist; the folders above it are made
};

// Copies `templates`/<kind> and returns the files, relative to the folder and sorted. Nothing is left behind where it
// fails. `invalid_argument`: no such kind, or a name of another form; `conflict`: the folder is there; `not_found`: the
// template is not.
[[nodiscard]] Result<std::vector<std::filesystem::path>> make_project(const NewProject& project,
                                                                      const std::filesystem::path& templates);

}  // namespace embedq::cli
