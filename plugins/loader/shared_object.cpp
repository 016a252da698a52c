#include "loader/shared_object.h"

#define BOOST_DLL_USE_STD_FS
#include <fmt/format.h>

#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>

namespace embedq::plugins {
namespace {

// Leaked on purpose: destroying a shared_library unloads it, and at exit threads, instances and thread-local destructors
// of plugins may still need their code.
void keep_for_good(boost::dll::shared_library library) {
    static auto& mutex = *new std::mutex;
    static auto& kept = *new std::vector<boost::dll::shared_library>;
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(library));
}

// Boost wraps dlerror's sentence in its own; people need dlerror's.
std::string_view loader_sentence(std::string_view what) {
    constexpr std::string_view opening = "(dlerror system message: ";
    const std::size_t begin = what.find(opening);
    const std::size_t end = what.rfind(')');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return what;
    return what.substr(begin + opening.size(), end - begin - opening.size());
}

}  // namespace

Result<std::vector<std::string>> exported_symbols(const std::filesystem::path& file) try {
    return boost::dll::library_info(file).symbols();
} catch (const std::exception& error) {
    return fail(ErrorKind::misconfigured,
                fmt::format("the symbols of plugin file '{}' cannot be read: {}; build or copy it again", file.string(), error.what()));
}

Result<const void*> load_symbol(const std::filesystem::path& file, const char* symbol) try {
    boost::dll::shared_library library(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    const void* address = library.has(symbol) ? &library.get<const char>(symbol) : nullptr;
    keep_for_good(std::move(library));
    if (address == nullptr) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("plugin file '{}' has the symbol {}, but hides it; build it with embedq_add_plugin()", file.string(), symbol));
    }
    return address;
} catch (const std::exception& error) {
    return fail(ErrorKind::misconfigured,
                fmt::format("plugin file '{}' cannot be loaded: {}; install what is missing, or link the plugin with everything it needs "
                            "(embedq_add_plugin() finds gaps when it links)",
                            file.string(), loader_sentence(error.what())));
}

}  // namespace embedq::plugins
