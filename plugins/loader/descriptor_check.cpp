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

std::unexpected<Error> refuse(const std::filesystem::path& file, std::string_view sentence) {
    return fail(ErrorKind::misconfigured, fmt::format("plugin file '{}' {}", file.string(), sentence));
}

// Only the fields that every API number has at the same place.
Status check_build(const PluginDescriptor& descriptor, const std::filesystem::path& file) {
    if (descriptor.struct_size < offsetof(PluginDescriptor, kind)) {
        return refuse(file, fmt::format("has a descriptor of {} bytes, but this embedq's has {}; build the plugin "
                                        "against this embedq's headers",
                                        descriptor.struct_size, sizeof(PluginDescriptor)));
    }
    if (descriptor.api != EMBEDQ_API_VERSION) {
        return refuse(file, fmt::format("says it speaks plugin API {}, but this embedq speaks {}; build the plugin "
                                        "against this embedq's headers",
                                        descriptor.api, EMBEDQ_API_VERSION));
    }
    if (descriptor.build_tag == nullptr)
        return refuse(file, "has no build tag; declare it with the macros of embedq/plugin.h");
    if (std::string_view(descriptor.build_tag) != EMBEDQ_BUILD_TAG) {
        return refuse(
            file,
            fmt::format("was built as '{}', but this embedq as '{}'; build both with the same compiler and settings",
                        descriptor.build_tag, EMBEDQ_BUILD_TAG));
    }
    if (descriptor.struct_size != sizeof(PluginDescriptor)) {
        return refuse(file, fmt::format("has a descriptor of {} bytes, but this embedq's has {}; build the plugin "
                                        "against this embedq's headers",
                                        descriptor.struct_size, sizeof(PluginDescriptor)));
    }
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
                file, fmt::format("is a {} without a factory for one; name it in EMBEDQ_{}(…)", to_string(factory.kind),
                                  factory.kind == PluginKind::store      ? "STORE"
                                  : factory.kind == PluginKind::provider ? "PROVIDER"
                                  : factory.kind == PluginKind::notifier ? "NOTIFIER"
                                                                         : "SERVICE"));
        }
        if (factory.kind != descriptor.kind && factory.set) {
            return refuse(file, fmt::format("is a {}, but has a factory for a {}; leave that one out",
                                            to_string(descriptor.kind), to_string(factory.kind)));
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
        return refuse(
            file,
            fmt::format(
                "exports {}, so it speaks plugin API {}, but this embedq speaks {}; install the plugin built for this "
                "embedq, or the embedq it was built for",
                *other, other->substr(symbol_stem.size()), EMBEDQ_API_VERSION));
    }
    return refuse(file, fmt::format("does not export {}, so it is no embedq plugin; declare one with "
                                    "EMBEDQ_PROVIDER(…) or its like and build it "
                                    "with embedq_add_plugin()",
                                    plugin_symbol));
}

Status check_descriptor(const PluginDescriptor& descriptor, const FileName& expected,
                        const std::filesystem::path& file) {
    if (auto built = check_build(descriptor, file); !built) return built;
    if (descriptor.name == nullptr || descriptor.version == nullptr || descriptor.summary == nullptr) {
        return refuse(file, "leaves its name, version or summary out (nullptr); give all three");
    }
    if (std::ranges::find(plugin_kinds, descriptor.kind) == plugin_kinds.end()) {
        return refuse(
            file,
            fmt::format(
                "says it is of kind {}, but there are only store (1), provider (2), notifier (3) and service (4); "
                "declare it with the macros of embedq/plugin.h",
                static_cast<std::uint32_t>(descriptor.kind)));
    }
    if (descriptor.kind != expected.kind || descriptor.name != expected.name) {
        return refuse(file, fmt::format("holds the {} '{}', but its file name says the {} '{}'; name the file {}",
                                        to_string(descriptor.kind), descriptor.name, to_string(expected.kind),
                                        expected.name, file_name_of(descriptor.kind, descriptor.name)));
    }
    if (auto factories = check_factories(descriptor, file); !factories) return factories;
    if (descriptor.option_count > 0 && descriptor.options == nullptr) {
        return refuse(
            file,
            fmt::format(
                "counts {} options, but has no option table (nullptr); declare both with the macros of embedq/plugin.h",
                descriptor.option_count));
    }
    if (auto table = check_option_table(std::span(descriptor.options, descriptor.option_count)); !table) {
        return refuse(file, fmt::format("has a faulty option table: {}; fix that row of the plugin's table",
                                        to_string(table.error())));
    }
    return {};
}

}  // namespace embedq::plugins
