// Asks the sources of specs again when they are due, while a worker runs: by their own refresh interval, and those from
// URLs that have none by `fetch.refresh` of this process.
//
// The store gives each source to one process at a time (Store::due_refreshes). One that cannot be had keeps its spec,
// is asked again later and later, and is named once when that begins and once when it is over. One that sends what is
// refused is named likewise, and is asked again at its interval.
//
// Thread-safety: `refresh_due` belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "embedq/catalog.h"
#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "fetch/fetch.h"
#include "settings/settings.h"
#include "sync/fault_log.h"
#include "sync/retry.h"

namespace embedq::cli {

class Refresher {
public:
    // Engine and context must outlive this.
    Refresher(Engine& engine, std::unique_ptr<fetch::Fetcher> fetcher, const FetchSettings& settings, Context& context);

    // Asks every source that is due, one after another, but those that wait after a failure. Returns how many it asked;
    // an error is the store's.
    [[nodiscard]] Result<std::size_t> refresh_due(const std::stop_token& stop);
    // Looks for sources that are due until a stop.
    void run(const std::stop_token& stop);

private:
    // A source that could not be had, or whose document was refused.
    struct Failing {
        Clock::Steady since;
        Clock::Steady again_at{};
        Clock::Steady forgotten_at{};
        std::uint64_t failures = 0;
        bool refused = false;
    };

    [[nodiscard]] Status refresh(const SpecInfo& spec, const std::stop_token& stop);
    // Says so when it begins. An error is the store's.
    [[nodiscard]] Status failed(const SpecInfo& spec, ErrorKind kind, const std::string& reason);
    void succeeded(const SpecInfo& spec);
    [[nodiscard]] bool waits(const SpecInfo& spec) const;

    Engine& engine_;
    const std::unique_ptr<fetch::Fetcher> fetcher_;
    const std::chrono::milliseconds hold_;  // how long this process has what it takes
    const std::chrono::milliseconds default_interval_;
    Context& context_;
    sync::FaultLog store_faults_;
    sync::Retry looking_;
    std::map<std::pair<std::string, std::string>, Failing> failing_;  // by catalog and spec
};

}  // namespace embedq::cli
