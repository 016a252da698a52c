// The plugin boundary: one data symbol, `embedq_plugin_v1`, in a file `libembedq_<kind>_<name>.so`.
//
// The host reads `struct_size`, `api` and `build_tag` before it touches any C++ type, and refuses with both sides
// named. A plugin is loaded once, on the main thread, and never unloaded; its factory may be called several times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/options.h"

#define EMBEDQ_API_VERSION 1

#define EMBEDQ_STRINGIFY_(x) #x
#define EMBEDQ_STRINGIFY(x) EMBEDQ_STRINGIFY_(x)

#if defined(__clang__)
#define EMBEDQ_TAG_COMPILER "clang-" EMBEDQ_STRINGIFY(__clang_major__)
#else
#define EMBEDQ_TAG_COMPILER "g++-" EMBEDQ_STRINGIFY(__GNUC__)
#endif
#if defined(_GLIBCXX_DEBUG)
#define EMBEDQ_TAG_DEBUG " glibcxx-debug=1"
#else
#define EMBEDQ_TAG_DEBUG " glibcxx-debug=0"
#endif
#if defined(__has_feature)
#define EMBEDQ_HAS_FEATURE(x) __has_feature(x)
#else
#define EMBEDQ_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || EMBEDQ_HAS_FEATURE(address_sanitizer)
#define EMBEDQ_TAG_SANITIZER " sanitizer=address"
#elif defined(__SANITIZE_THREAD__) || EMBEDQ_HAS_FEATURE(thread_sanitizer)
#define EMBEDQ_TAG_SANITIZER " sanitizer=thread"
#else
#define EMBEDQ_TAG_SANITIZER " sanitizer=none"
#endif

// What must be equal on both sides for C++ types to cross: toolchain, language level, library mode, sanitizer, API
// number.
#define EMBEDQ_BUILD_TAG                                                                                             \
    EMBEDQ_TAG_COMPILER " c++=" EMBEDQ_STRINGIFY(__cplusplus) " cxx11-abi=" EMBEDQ_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) \
        EMBEDQ_TAG_DEBUG EMBEDQ_TAG_SANITIZER " api=" EMBEDQ_STRINGIFY(EMBEDQ_API_VERSION)

namespace embedq {

class Store;
class Provider;
class Notifier;
class Service;
class Engine;

enum class PluginKind : std::uint32_t { store = 1, provider = 2, notifier = 3, service = 4 };

[[nodiscard]] constexpr const char* to_string(PluginKind kind) noexcept {
    switch (kind) {
        case PluginKind::store: return "store";
        case PluginKind::provider: return "provider";
        case PluginKind::notifier: return "notifier";
        case PluginKind::service: return "service";
    }
    return "unknown";
}

// A factory makes one instance from validated options, or reports what is wrong with them or with what they name.
// It must be quick: connect on the first call. The context outlives the instance.
using StoreFactory = Result<std::unique_ptr<Store>> (*)(const Options&, Context&);
using ProviderFactory = Result<std::unique_ptr<Provider>> (*)(const Options&, Context&);
using NotifierFactory = Result<std::unique_ptr<Notifier>> (*)(const Options&, Context&);
using ServiceFactory = Result<std::unique_ptr<Service>> (*)(const Options&, Context&, Engine&);

struct PluginDescriptor {
    std::uint32_t struct_size;
    std::uint32_t api;
    const char* build_tag;
    PluginKind kind;
    const char* name;  // [a-z][a-z0-9_]*, as written in YAML and in the file's name
    const char* version;
    const char* summary;  // one line
    const OptionSpec* options;
    std::size_t option_count;
    // Exactly the one that belongs to `kind` is set.
    StoreFactory make_store;
    ProviderFactory make_provider;
    NotifierFactory make_notifier;
    ServiceFactory make_service;
};

}  // namespace embedq

// The declaration gives the constant external linkage and default visibility; the definition alone would have neither.
#define EMBEDQ_EXPORT_PLUGIN_                                                                            \
    extern "C" __attribute__((visibility("default"))) const ::embedq::PluginDescriptor embedq_plugin_v1; \
    extern "C" const ::embedq::PluginDescriptor embedq_plugin_v1

#define EMBEDQ_DESCRIPTOR_(kind_, name_, version_, summary_, options_, store_, provider_, notifier_, service_) \
    EMBEDQ_EXPORT_PLUGIN_ = {sizeof(::embedq::PluginDescriptor),                                               \
                             EMBEDQ_API_VERSION,                                                               \
                             EMBEDQ_BUILD_TAG,                                                                 \
                             kind_,                                                                            \
                             name_,                                                                            \
                             version_,                                                                         \
                             summary_,                                                                         \
                             std::data(options_),                                                              \
                             std::size(options_),                                                              \
                             store_,                                                                           \
                             provider_,                                                                        \
                             notifier_,                                                                        \
                             service_}

// At namespace scope of one source file: name, version, summary, an array (or std::array) of OptionSpec, factory.
#define EMBEDQ_STORE(name, version, summary, options, factory) \
    EMBEDQ_DESCRIPTOR_(::embedq::PluginKind::store, name, version, summary, options, factory, nullptr, nullptr, nullptr)
#define EMBEDQ_PROVIDER(name, version, summary, options, factory)                                                  \
    EMBEDQ_DESCRIPTOR_(::embedq::PluginKind::provider, name, version, summary, options, nullptr, factory, nullptr, \
                       nullptr)
#define EMBEDQ_NOTIFIER(name, version, summary, options, factory)                                                  \
    EMBEDQ_DESCRIPTOR_(::embedq::PluginKind::notifier, name, version, summary, options, nullptr, nullptr, factory, \
                       nullptr)
#define EMBEDQ_SERVICE(name, version, summary, options, factory)                                                  \
    EMBEDQ_DESCRIPTOR_(::embedq::PluginKind::service, name, version, summary, options, nullptr, nullptr, nullptr, \
                       factory)
