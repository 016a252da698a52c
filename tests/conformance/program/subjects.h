// The subjects of the kit: plugins with their options, from a configuration or from one file and the command line.
//
// Thread-safety: none; main thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embedq/error.h"
#include "embedq/options.h"
#include "embedq/plugin.h"
#include "loader/registry.h"
#include "world.h"

namespace embedq::conformance {

enum class Variant { plain, slow, refusing };

struct Subject {
    PluginKind kind;
    std::string name;  // "memory", or the name under `providers:`
    bool has_slow = false;
    bool has_refusing = false;
};

// One plugin with its options in one case's world.
struct Configured {
    const plugins::LoadedPlugin* plugin;
    Options options;
};

class Subjects {
public:
    virtual ~Subjects() = default;
    [[nodiscard]] virtual const std::vector<Subject>& all() const = 0;
    [[nodiscard]] virtual Result<Configured> configured(const Subject& subject, Variant variant,
                                                        const CaseWorld& world) = 0;
    // The store of the case's world: a notifier may need its options, a service an engine on it.
    [[nodiscard]] virtual Result<Configured> store(const CaseWorld& world) = 0;
};

// Everything that a YAML file names. `misconfigured` with all its errors, one per line.
[[nodiscard]] Result<std::unique_ptr<Subjects>> subjects_of_configuration(const std::string& file);

using OptionTexts = std::map<std::string, std::string>;
struct PluginFileArguments {
    std::string file;
    OptionTexts options;
    std::optional<OptionTexts> slow;      // on top of `options`
    std::optional<OptionTexts> refusing;  // the same
};
// One plugin file; `misconfigured` when it is refused, `invalid_argument` when its options are.
[[nodiscard]] Result<std::unique_ptr<Subjects>> subjects_of_file(PluginFileArguments arguments);

}  // namespace embedq::conformance
