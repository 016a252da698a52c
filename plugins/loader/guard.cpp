#include "loader/guard.h"

#include <fmt/format.h>

namespace embedq::plugins {

std::string Guard::describe(const LoadedPlugin& plugin, const Context& context) {
    return fmt::format("{} '{}' ({})", to_string(plugin.descriptor->kind), context.name(), plugin.path.string());
}

std::unexpected<Error> Guard::thrown(std::string_view who, std::string_view verb, std::string_view what) {
    return fail(ErrorKind::internal, fmt::format("{} threw in {}: {}", who, verb, what),
                "a plugin should return errors, please report this to its author");
}

void Guard::log_quietly(const Error& error) noexcept try { context_.logger().error(to_string(error)); } catch (...) {
    // A log that cannot be written must not end the caller.
}

std::vector<CallStatistics> Guard::statistics() const {
    std::vector<CallStatistics> rows;
    rows.reserve(counters_.size());
    for (const Counter& counter : counters_) {
        rows.push_back({counter.verb, counter.calls, counter.errors, std::chrono::nanoseconds(counter.nanoseconds),
                        counter.running});
    }
    return rows;
}

Status check_kind(const LoadedPlugin& plugin, PluginKind wanted) {
    if (plugin.descriptor->kind == wanted) return {};
    return fail(ErrorKind::invalid_argument,
                fmt::format("plugin '{}' ({}) is a {}, but a {} is needed here", plugin.descriptor->name,
                            plugin.path.string(), to_string(plugin.descriptor->kind), to_string(wanted)));
}

std::unexpected<Error> no_instance(std::string_view who) {
    return fail(ErrorKind::internal,
                fmt::format("{} returned neither an instance nor an error (its factory returned nullptr)", who),
                "please report this to the plugin's author");
}

}  // namespace embedq::plugins
