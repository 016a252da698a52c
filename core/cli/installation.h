// The machine as configured: configuration, plugins, and the ways to open what the configuration names.
//
// Called on the main thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/call_watch.h"
#include "cli/console.h"
#include "cli/examination.h"
#include "cli/failure.h"
#include "cli/plugin_descriptions.h"
#include "cli/runtime.h"
#include "embedq/context.h"

namespace embedq::cli {

struct CheckedConfiguration {
    std::string source;               // the file, or a word for the built-in default
    std::vector<std::string> errors;  // as "file:line:column: …"
    std::vector<std::string> warnings;
    std::string effective;  // YAML, secrets hidden
};

class Installation {
public:
    virtual ~Installation() = default;
    [[nodiscard]] virtual FailureOr<std::unique_ptr<Runtime>> open(const OpenRequest& request) = 0;
    // Fails when the configuration is not valid.
    [[nodiscard]] virtual FailureOr<std::unique_ptr<Examination>> examine() = 0;
    [[nodiscard]] virtual FailureOr<PluginsFound> plugins() = 0;
    // Loads one file, whatever the configuration says. A file that is refused is bad usage, with the loader's reason.
    [[nodiscard]] virtual FailureOr<PluginDescription> plugin_file(const std::string& file) = 0;
    [[nodiscard]] virtual FailureOr<CheckedConfiguration> check_configuration() = 0;
    [[nodiscard]] virtual FailureOr<std::string> configuration_schema() = 0;
    [[nodiscard]] virtual FailureOr<std::string> configuration_reference() = 0;
};

// What the command line says of the log, over the YAML.
struct LogOverride {
    std::optional<LogLevel> level;
    bool json = false;
};

// `config_file` may be empty, for the built-in default. `version` is shown in the list of workers. The watch sees the
// calls of what is opened. The console and the watch must outlive the installation.
[[nodiscard]] std::unique_ptr<Installation> make_installation(Console& console, std::string config_file,
                                                              std::string version, LogOverride log, CallWatch& watch);

}  // namespace embedq::cli
