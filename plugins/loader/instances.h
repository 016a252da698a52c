// Instances of plugins behind the host's wrapper.
//
// The wrapper turns what a plugin throws into ErrorKind::internal, counts and times every call, refuses a missing
// instance, and checks answers whose shape the host relies on: one answer per question from a store, and the rules of
// loader/embed_validation.h for a provider. The context and the plugin outlive the instance. Thread-safety: like the
// contract's interfaces; the statistics may be read from any thread at any time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "embedq/notifier.h"
#include "embedq/options.h"
#include "embedq/provider.h"
#include "embedq/service.h"
#include "embedq/store.h"

namespace embedq::plugins {

struct LoadedPlugin;

// `invalid_argument` when the plugin is of another kind; otherwise the factory's result.
[[nodiscard]] Result<std::unique_ptr<Store>> make_store(const LoadedPlugin& plugin, const Options& options,
                                                        Context& context);
[[nodiscard]] Result<std::unique_ptr<Provider>> make_provider(const LoadedPlugin& plugin, const Options& options,
                                                              Context& context);
[[nodiscard]] Result<std::unique_ptr<Notifier>> make_notifier(const LoadedPlugin& plugin, const Options& options,
                                                              Context& context);
[[nodiscard]] Result<std::unique_ptr<Service>> make_service(const LoadedPlugin& plugin, const Options& options,
                                                            Context& context, Engine& engine);

struct CallStatistics {
    std::string_view verb;  // "claim", "embed", …
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
    std::chrono::nanoseconds total{0};
    std::uint64_t running = 0;                                  // calls that have not returned
    std::optional<Clock::Steady> running_since = std::nullopt;  // the begin of the longest of them
};

// One row per member function of the interface, in its order. Empty for an instance that was not made by the functions
// above.
[[nodiscard]] std::vector<CallStatistics> call_statistics(const Store& store);
[[nodiscard]] std::vector<CallStatistics> call_statistics(const Provider& provider);
[[nodiscard]] std::vector<CallStatistics> call_statistics(const Notifier& notifier);
[[nodiscard]] std::vector<CallStatistics> call_statistics(const Service& service);

}  // namespace embedq::plugins
