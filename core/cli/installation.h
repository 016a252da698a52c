// The machine as configured, behind the interfaces of session.h: configuration, plugins, store, providers, engine,
// scheduler.
//
// Thread-safety: as session.h says.
#pragma once

#include <memory>
#include <string>

#include "cli/command_context.h"

namespace embedq::cli {

// `config_file` may be empty: the built-in default. `version` is told to the workers' list. The console must outlive
// it.
[[nodiscard]] std::unique_ptr<Installation> make_installation(Console& console, std::string config_file,
                                                              std::string version);

}  // namespace embedq::cli
