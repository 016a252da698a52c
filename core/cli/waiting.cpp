#include "cli/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/runtime.h"
#include "endpoints/lost_calls.h"
#include "scheduler/calls_in_flight.h"

namespace embedq::cli {
namespace {

constexpr std::chrono::seconds least_between{20};
constexpr std::chrono::seconds repeated_after{60};

// With a cool-down, and with losses or not, of the catalogs' providers.
Result<std::vector<ProviderPause>> states_of(Engine& engine, std::span<const CatalogInfo> catalogs,
                                             std::span<const EndpointState> states, bool losses) {
    std::vector<ProviderPause> pauses;
    const auto fits = [&](const EndpointState& state) {
        return state.cool_down.count() > 0 && loses_calls(state) == losses;
    };
    if (std::ranges::none_of(states, fits)) return pauses;
    std::map<Sha256, std::string> providers;  // by fingerprint
    for (const CatalogInfo& catalog : catalogs) {
        if (!catalog.target_profile) continue;
        const auto target = engine.profile(*catalog.target_profile);
        if (!target) return std::unexpected(target.error());
        providers.emplace(target->fingerprint, catalog.provider);
    }
    for (const EndpointState& state : states) {
        const auto provider = providers.find(state.fingerprint);
        if (provider != providers.end() && fits(state)) pauses.push_back({provider->second, state});
    }
    return pauses;
}

}  // namespace

Result<std::vector<ProviderPause>> pauses_of(Engine& engine, std::span<const CatalogInfo> catalogs,
                                             std::span<const EndpointState> states) {
    return states_of(engine, catalogs, states, false);
}

Result<std::vector<ProviderPause>> losses_of(Engine& engine, std::span<const CatalogInfo> catalogs,
                                             std::span<const EndpointState> states) {
    return states_of(engine, catalogs, states, true);
}

bool is_overdue_call(const EndpointState& state) {
    return scheduler::endpoint_with_overdue_call(state).has_value();
}

bool loses_calls(const EndpointState& state) {
    return endpoints::endpoint_with_lost_calls(state).has_value();
}

std::string endpoint_of(const EndpointState& state) {
    if (auto endpoint = endpoints::endpoint_with_lost_calls(state)) return std::move(*endpoint);
    return scheduler::endpoint_with_overdue_call(state).value_or(state.endpoint);
}

std::string in_words(const EndpointState& state) {
    if (is_overdue_call(state)) return fmt::format("has an overdue call: {}", state.reason);
    if (loses_calls(state)) return fmt::format("loses calls, and the work goes on: {}", state.reason);
    return fmt::format("is paused for another {}: {}", duration_of(state.cool_down), to_string(state));
}

std::string in_words(const ProviderPause& pause) {
    const std::string endpoint = endpoint_of(pause.state);
    const bool own_name = endpoint != pause.provider && endpoint != "default" && !endpoint.empty();
    return fmt::format("provider '{}'{} {}", pause.provider, own_name ? fmt::format(", endpoint '{}',", endpoint) : "",
                       in_words(pause.state));
}

Json json_of(const ProviderPause& pause) {
    if (loses_calls(pause.state)) {
        return {{"provider", pause.provider}, {"endpoint", endpoint_of(pause.state)}, {"reason", pause.state.reason}};
    }
    Json json{{"provider", pause.provider},
              {"endpoint", endpoint_of(pause.state)},
              {"kind", to_string(pause.state.kind)},
              {"reason", pause.state.reason},
              {"seconds", static_cast<double>(pause.state.cool_down.count()) / 1000.0}};
    if (is_overdue_call(pause.state)) json["overdue_call"] = true;
    return json;
}

Result<std::string> awaited_provider(Runtime& runtime, const CatalogInfo& catalog) {
    // A catalog that is ranked by vectors had a target once: embedding was turned off for it.
    if (catalog.target_profile || catalog.serving_profile) return std::string();
    auto provider = runtime.provider_of(catalog.catalog_id);
    if (!provider) return std::unexpected(provider.error());
    return std::move(provider->name);
}

Result<std::size_t> specs_without_worker(Engine& engine, std::span<const CatalogHealth> catalogs, Time alive_since) {
    std::size_t pending = 0;
    for (const CatalogHealth& catalog : catalogs) pending += catalog.specs_pending;
    if (pending == 0) return pending;
    const auto workers = engine.workers();
    if (!workers) return std::unexpected(workers.error());
    const bool any = std::ranges::any_of(*workers, [&](const WorkerInfo& each) { return each.seen_at >= alive_since; });
    return any ? 0 : pending;
}

std::string no_worker_in_words(std::size_t specs) {
    if (specs == 0) return {};
    return fmt::format("no worker is running, and {}: embedq worker or embedq serve starts one",
                       counted(specs, "spec waits", "specs wait"));
}

std::string waits_for(const Job& job, const std::vector<ProviderPause>& pauses) {
    if (!pauses.empty()) return in_words(pauses.front());
    if (job.attempts > 0 && job.next_run_at) return fmt::format("its next attempt at {}", time_of(*job.next_run_at));
    return "a worker";
}

void WaitNotice::waits(std::string_view cause, const std::string& reason) {
    const Instant now = now_();
    if (said_at_) {
        const bool same = waits_since_ && cause == cause_;
        if (now - *said_at_ < (same ? repeated_after : least_between)) return;
    }
    if (!waits_since_) waits_since_ = now;
    said_at_ = now;
    cause_ = cause;
    console_.error(fmt::format("waiting: {}", plain(reason)));
}

void WaitNotice::goes_on() {
    if (!waits_since_) return;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now_() - *waits_since_);
    console_.error(fmt::format("continuing after {}", duration_of(waited)));
    waits_since_.reset();
}

}  // namespace embedq::cli
