#include "loader/guard.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <typeinfo>
#include <utility>

namespace embedq::plugins {
namespace {

struct Free {
    void operator()(char* text) const { std::free(text); }
};

}  // namespace

Guard::Who Guard::describe(const LoadedPlugin& plugin, const Context& context) {
    std::string name = fmt::format("{} '{}'", to_string(plugin.descriptor->kind), context.name());
    if (context.name() != plugin.descriptor->name) name += fmt::format(" (plugin '{}')", plugin.descriptor->name);
    return {std::move(name), plugin.path.string()};
}

std::unexpected<Error> Guard::thrown(const Who& who, std::string_view verb, std::string_view what) {
    return fail(ErrorKind::internal, fmt::format("{} threw in {}: {}", who.name, verb, what),
                "a plugin should return errors, please report this to its author", who.file);
}

std::string Guard::name_of_current_exception() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "something that is not a C++ exception";
    int status = 0;
    const std::unique_ptr<char, Free> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status));
    return fmt::format("'{}', which is not a std::exception", status == 0 ? name.get() : type->name());
}

void Guard::log_quietly(const Error& error) noexcept try { context_.logger().error(to_string(error)); } catch (...) {
    // A log that cannot be written must not end the caller.
}

std::vector<CallStatistics> Guard::statistics() const {
    std::vector<CallStatistics> rows;
    rows.reserve(counters_.size());
    for (const Counter& counter : counters_) {
        CallStatistics row{counter.verb, counter.calls, counter.errors, std::chrono::nanoseconds(counter.nanoseconds)};
        const sync::Lock lock(counter.mutex);
        row.running = counter.running.size();
        if (row.running > 0) row.running_since = std::ranges::min(counter.running);
        rows.push_back(row);
    }
    return rows;
}

Status check_kind(const LoadedPlugin& plugin, PluginKind wanted) {
    if (plugin.descriptor->kind == wanted) return {};
    return fail(ErrorKind::invalid_argument,
                fmt::format("plugin '{}' ({}) is a {}, but a {} is needed here", plugin.descriptor->name,
                            plugin.path.string(), to_string(plugin.descriptor->kind), to_string(wanted)));
}

std::unexpected<Error> no_instance(const Guard::Who& who) {
    return fail(ErrorKind::internal,
                fmt::format("{} returned neither an instance nor an error (its factory returned nullptr)", who.name),
                "please report this to the plugin's author", who.file);
}

}  // namespace embedq::plugins
