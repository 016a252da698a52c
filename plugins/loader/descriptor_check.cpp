#include "loader/descriptor_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "loader/option_check.h"

namespace embedq::plugins {
namespace {

constexpr std::string_view symbol_stem = "embedq_plugin_v";

constexpr const char* rebuild_hint = "build the plugin against this embedq's headers";
constexpr const char* macros_hint = "declare it with the macros of embedq/plugin.h";

std::unexpected<Error> refuse(const std::filesystem::path& file, std::string_view sentence, std::string hint) {
    return fail(ErrorKind::misconfigured, fmt::format("plugin file '{}' {}", file.string(), sentence), std::move(hint));
}

std::unexpected<Error> refuse_size(const PluginDescriptor& descriptor, const std::filesystem::path& file) {
    return refuse(file,
                  fmt::format("has a descriptor of {} bytes, but this embedq's has {}", descriptor.struct_size,
                              sizeof(PluginDescriptor)),
                  rebuild_hint);
}

// Reads only the fields that are at the same offset under every API number.
Status check_build(const PluginDescriptor& descriptor, const std::filesystem::path& file) {
    if (descriptor.struct_size < offsetof(PluginDescriptor, kind)) return refuse_size(descriptor, file);
    if (descriptor.api != EMBEDQ_API_VERSION) {
        return refuse(
            file,
            fmt::format("was built for plugin API {}, but this embedq has API {}", descriptor.api, EMBEDQ_API_VERSION),
            rebuild_hint);
    }
    if (descriptor.build_tag == nullptr) return refuse(file, "has no build tag", macros_hint);
    if (std::string_view(descriptor.build_tag) != EMBEDQ_BUILD_TAG) {
        return refuse(file,
                      fmt::format("was built as '{}', but this embedq as '{}'", descriptor.build_tag, EMBEDQ_BUILD_TAG),
                      "build both with the same compiler and settings");
    }
    if (descriptor.struct_size != sizeof(PluginDescriptor)) return refuse_size(descriptor, file);
    return {};
}

Status check_factories(const PluginDescriptor& descriptor, const std::filesystem::path& file) {
    const struct {
        PluginKind kind;
        bool set;
    } factories[] = {{PluginKind::store, descriptor.make_store != nullptr},
                     {PluginKind::provider, descriptor.make_provider != nullptr},
                     {PluginKind::notifier, descriptor.make_notifier != nullptr},
                     {PluginKind::service, descriptor.make_service != nullptr}};
    for (const auto& factory : factories) {
        if (factory.kind == descriptor.kind && !factory.set) {
            return refuse(
                file, fmt::format("is a {} without a factory for one", to_string(factory.kind)),
                fmt::format("name the factory in EMBEDQ_{}(…)", factory.kind == PluginKind::store      ? "STORE"
                                                                : factory.kind == PluginKind::provider ? "PROVIDER"
                                                                : factory.kind == PluginKind::notifier ? "NOTIFIER"
                                                                                                       : "SERVICE"));
        }
        if (factory.kind != descriptor.kind && factory.set) {
            return refuse(
                file,
                fmt::format("is a {}, but has a factory for a {}", to_string(descriptor.kind), to_string(factory.kind)),
                "leave that factory out");
        }
    }
    return {};
}

}  // namespace

Status check_symbols(const std::filesystem::path& file, const std::vector<std::string>& symbols) {
    if (std::ranges::find(symbols, plugin_symbol) != symbols.end()) return {};
    const auto other =
        std::ranges::find_if(symbols, [](std::string_view symbol) { return symbol.starts_with(symbol_stem); });
    if (other != symbols.end()) {
        return refuse(file,
                      fmt::format("exports {}, so it was built for plugin API {}, but this embedq has API {}", *other,
                                  other->substr(symbol_stem.size()), EMBEDQ_API_VERSION),
                      "install the plugin built for this embedq, or the embedq that it was built for");
    }
    return refuse(file, fmt::format("does not export {}, so it is not an embedq plugin", plugin_symbol),
                  "declare one with a macro such as EMBEDQ_PROVIDER(…) and build it with embedq_add_plugin()");
}

Status check_descriptor(const PluginDescriptor& descriptor, const FileName& expected,
                        const std::filesystem::path& file) {
    if (auto built = check_build(descriptor, file); !built) return built;
    if (descriptor.name == nullptr || descriptor.version == nullptr || descriptor.summary == nullptr) {
        return refuse(file, "has no name, version or summary (nullptr)", "set all three");
    }
    if (std::ranges::find(plugin_kinds, descriptor.kind) == plugin_kinds.end()) {
        return refuse(
            file,
            fmt::format("has kind {}, but there are only store (1), provider (2), notifier (3) and service (4)",
                        static_cast<std::uint32_t>(descriptor.kind)),
            macros_hint);
    }
    if (descriptor.kind != expected.kind || descriptor.name != expected.name) {
        return refuse(file,
                      fmt::format("contains the {} '{}', but its file name names the {} '{}'",
                                  to_string(descriptor.kind), descriptor.name, to_string(expected.kind), expected.name),
                      "name the file " + file_name_of(descriptor.kind, descriptor.name));
    }
    if (auto factories = check_factories(descriptor, file); !factories) return factories;
    if (descriptor.option_count > 0 && descriptor.options == nullptr) {
        return refuse(file,
                      fmt::format("counts {} options, but has no option table (nullptr)", descriptor.option_count),
                      "declare both with the macros of embedq/plugin.h");
    }
    if (auto table = check_option_table(std::span(descriptor.options, descriptor.option_count)); !table) {
        return refuse(file, "has a faulty option table: " + table.error().message,
                      "correct that row of the plugin's table");
    }
    return {};
}

}  // namespace embedq::plugins
