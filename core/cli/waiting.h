// Why work waits, and until when, as people and scripts see it; and when to say so on a terminal.
//
// Thread-safety: WaitNotice on one thread; the functions have no state.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/present.h"
#include "embedq/catalog.h"
#include "embedq/endpoint.h"
#include "embedq/engine.h"

namespace embedq::cli {

class Runtime;

// An endpoint that gets no calls, or has an overdue one, and the provider of the catalogs that wait for it.
struct ProviderPause {
    std::string provider;
    EndpointState state;
};

// The pauses of the providers that the catalogs are embedded by, each once.
[[nodiscard]] Result<std::vector<ProviderPause>> pauses_of(Engine& engine, std::span<const CatalogInfo> catalogs,
                                                           std::span<const EndpointState> states);
// Their endpoints that lose calls while they answer others (endpoints/lost_calls.h). Nothing waits for them.
[[nodiscard]] Result<std::vector<ProviderPause>> losses_of(Engine& engine, std::span<const CatalogInfo> catalogs,
                                                           std::span<const EndpointState> states);

// Whether the endpoint is not paused, but has a call that it has not answered (scheduler/calls_in_flight.h).
[[nodiscard]] bool is_overdue_call(const EndpointState& state);
// Whether the endpoint is not paused, but loses calls.
[[nodiscard]] bool loses_calls(const EndpointState& state);
[[nodiscard]] std::string endpoint_of(const EndpointState& state);
// "is paused for another 42.0 s: throttled: too many requests", "has an overdue call: …", "loses calls: …".
[[nodiscard]] std::string in_words(const EndpointState& state);

// "provider 'openai' is paused for another 42.0 s: throttled: too many requests", with the endpoint's name if it has
// one of its own.
[[nodiscard]] std::string in_words(const ProviderPause& pause);
[[nodiscard]] Json json_of(const ProviderPause& pause);

// The provider that the configuration names for a catalog that has no target yet, since that provider has not answered
// a process that works; empty if the catalog waits for none.
[[nodiscard]] Result<std::string> awaited_provider(Runtime& runtime, const CatalogInfo& catalog);

// How many specs of these catalogs wait for a worker while none has sent a heartbeat since `alive_since`; 0 if one has.
[[nodiscard]] Result<std::size_t> specs_without_worker(Engine& engine, std::span<const CatalogHealth> catalogs,
                                                       Time alive_since);
// "no worker is running, and 3 specs wait: …"; empty for none.
[[nodiscard]] std::string no_worker_in_words(std::size_t specs);

// What a job waits for: a pause of its provider, or else its next attempt, or a worker.
[[nodiscard]] std::string waits_for(const Job& job, const std::vector<ProviderPause>& pauses);

// Says on stderr why nothing moves, and when work goes on: a line at the begin, another when the cause is another one
// or a minute has passed, and one at the end. Causes that alternate quickly cost three lines a minute at most.
class WaitNotice {
public:
    using Instant = std::chrono::steady_clock::time_point;

    WaitNotice(Console& console, std::function<Instant()> now) : console_(console), now_(std::move(now)) {}

    // `cause` names the kind of the reason; `reason` may change with every call.
    void waits(std::string_view cause, const std::string& reason);
    // Work goes on. Nothing is said if nothing was said of a wait.
    void goes_on();
    // What was waited for failed, or is not needed any more. Nothing is said.
    void ends() { waits_since_.reset(); }

private:
    Console& console_;
    const std::function<Instant()> now_;
    std::optional<Instant> waits_since_;  // set while a wait is announced
    std::optional<Instant> said_at_;      // the last line of a wait
    std::string cause_;
};

}  // namespace embedq::cli
