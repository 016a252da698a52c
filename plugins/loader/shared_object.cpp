#include "loader/shared_object.h"

#include <dlfcn.h>

#define BOOST_DLL_USE_STD_FS
#include <fmt/format.h>

#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "sync/mutex.h"

namespace embedq::plugins {
namespace {

struct Loaded {
    sync::Mutex mutex;  // held while a file is loaded: one at a time
    std::vector<boost::dll::shared_library> libraries EMBEDQ_GUARDED_BY(mutex);
};

// Leaked on purpose: destroying a shared_library unloads it, and at exit threads, instances and thread-local
// destructors of plugins may still need their code.
Loaded& loaded() {
    static auto& all = *new Loaded;
    return all;
}

// A plugin whose global objects throw or call exit() while it is loaded ends the process: no exception can leave
// glibc's dlopen. All that can be done is to name the file. The message is written directly to stderr, since nothing
// else of the program runs after it.
class LoadingFile {
public:
    explicit LoadingFile(const std::filesystem::path& file) {
        static const int registered =
            std::atexit([] { report("a constructor of a global object in it called exit()"); });
        static_cast<void>(registered);
        name() = file.string();
        before_ = std::set_terminate(terminated);
    }
    ~LoadingFile() {
        std::set_terminate(before_);
        name().clear();
    }
    LoadingFile(const LoadingFile&) = delete;
    LoadingFile& operator=(const LoadingFile&) = delete;

private:
    // Empty while nothing is being loaded. Never destroyed: it is read at exit.
    static std::string& name() {
        static auto& name = *new std::string;
        return name;
    }

    static void report(std::string_view what) {
        if (name().empty()) return;
        const std::string sentence = fmt::format(
            "plugin file '{}' ends the process while it is loaded: {}; do such work in the plugin's factory, which may "
            "return an error\n",
            name(), what);
        std::fputs(sentence.c_str(), stderr);
    }

    [[noreturn]] static void terminated() {
        try {
            if (std::current_exception() != nullptr) std::rethrow_exception(std::current_exception());
            report("a constructor of a global object in it called std::terminate()");
        } catch (const std::exception& error) {
            report(fmt::format("a constructor of a global object in it threw: {}", error.what()));
        } catch (...) {
            report("a constructor of a global object in it threw something that is not a std::exception");
        }
        std::_Exit(EXIT_FAILURE);
    }

    std::terminate_handler before_ = nullptr;
};

// The reason why the file was not loaded; empty if it was. An exception that left the dynamic loader would leave it
// locked, and whether one can leave it depends on the compiler: noexcept makes it end the process (LoadingFile).
std::string load(boost::dll::shared_library& library, const std::filesystem::path& file) noexcept {
    const LoadingFile loading(file);
    boost::dll::fs::error_code error;
    library.load(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, error);
    if (!error) return {};
    const char* const reason = ::dlerror();
    return reason != nullptr ? reason : error.message();
}

}  // namespace

Result<std::vector<std::string>> exported_symbols(const std::filesystem::path& file) try {
    return boost::dll::library_info(file).symbols();
} catch (const std::exception& error) {
    return fail(ErrorKind::misconfigured,
                fmt::format("the symbols of plugin file '{}' cannot be read: {}", file.string(), error.what()),
                "build or copy it again");
}

Result<const void*> load_symbol(const std::filesystem::path& file, const char* symbol) try {
    Loaded& all = loaded();
    const sync::Lock lock(all.mutex);
    boost::dll::shared_library library;
    if (const std::string reason = load(library, file); !reason.empty()) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' cannot be loaded: {}", file.string(), reason),
                    "install what is missing, or link the plugin with everything that it needs (embedq_add_plugin() "
                    "reports undefined symbols when it links)");
    }
    const void* address = library.has(symbol) ? &library.get<const char>(symbol) : nullptr;
    all.libraries.push_back(std::move(library));
    if (address == nullptr) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' has the symbol {}, but hides it", file.string(), symbol),
                    "build it with embedq_add_plugin()");
    }
    return address;
} catch (const std::exception& error) {
    return fail(ErrorKind::misconfigured,
                fmt::format("plugin file '{}' was loaded, but its symbol {} cannot be read: {}", file.string(), symbol,
                            error.what()),
                "build or copy it again");
}

}  // namespace embedq::plugins
