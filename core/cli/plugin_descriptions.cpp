#include "cli/plugin_descriptions.h"

#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

#include "cli/layout.h"
#include "config/values.h"
#include "loader/registry.h"

namespace embedq::cli {
namespace {

std::string type_name(OptionType type) {
    switch (type) {
        case OptionType::boolean: return "boolean";
        case OptionType::integer: return "integer";
        case OptionType::number: return "number";
        case OptionType::text: return "text";
        case OptionType::duration: return "duration";
        case OptionType::size: return "size";
        case OptionType::path: return "path";
        case OptionType::text_list: return "list of texts";
        case OptionType::text_map: return "map of texts";
    }
    return "text";
}

// As it would be written in YAML.
std::string bound_text(OptionType type, double bound) {
    if (type == OptionType::duration)
        return config::duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(bound)));
    if (type == OptionType::size) return config::size_text(static_cast<std::int64_t>(bound));
    return config::number_text(bound);
}

OptionDescription describe(const OptionSpec& option) {
    OptionDescription described{
        option.name, type_name(option.type), option.default_value == nullptr ? "" : option.default_value,
        option.help, option.required,        option.secret};
    if (option.minimum) described.minimum = bound_text(option.type, *option.minimum);
    if (option.maximum) described.maximum = bound_text(option.type, *option.maximum);
    std::istringstream choices(option.choices == nullptr ? "" : option.choices);
    for (std::string choice; std::getline(choices, choice, '|');) described.choices.push_back(choice);
    return described;
}

}  // namespace

PluginDescription describe(const plugins::LoadedPlugin& plugin) {
    const PluginDescriptor& descriptor = *plugin.descriptor;
    PluginDescription described{to_string(descriptor.kind), descriptor.name,      descriptor.version,
                                descriptor.summary,         plugin.path.string(), {}};
    std::error_code error;
    described.built_in = std::filesystem::equivalent(plugin.path.parent_path(), own_layout().plugins, error) && !error;
    described.build_tag = descriptor.build_tag;
    for (std::size_t i = 0; i < descriptor.option_count; ++i)
        described.options.push_back(describe(descriptor.options[i]));
    return described;
}

}  // namespace embedq::cli
