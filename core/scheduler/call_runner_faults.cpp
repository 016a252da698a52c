// What the call runner logs about endpoints: pauses, late calls, and calls that are lost between others.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "scheduler/call_runner.h"

namespace embedq::scheduler {

std::optional<CallRunner::LogLine> CallRunner::fault_line(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                          const Error* error, endpoints::Endpoint::Steady now) {
    const endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const std::string what = "use endpoint '" + pool.provider->info.endpoints[endpoint_index] + "' of provider '" +
                             pool.provider->name + "'";
    const auto line = [](LogLevel level, const std::optional<std::string>& text) {
        return text ? std::optional(LogLine{level, *text}) : std::nullopt;
    };
    if (error == nullptr) return line(LogLevel::info, pool.faults.succeeded(what, now));
    if (!endpoint.paused(now)) return line(LogLevel::warn, pool.faults.failed(what, *error, now));
    return line(LogLevel::warn,
                pool.faults.failed(what, {error->kind, endpoint.pause().text()}, now, endpoint.paused_until()));
}

void CallRunner::count_call_end(endpoints::EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                                const Outcome& outcome, endpoints::Endpoint::Steady now) {
    endpoints::LostCalls& calls = pool.lost_calls[endpoint_index];
    if (outcome.result) return calls.answered(now);
    const Error& error = outcome.result.error();
    const bool broken = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::internal;
    if (outcome.late || (!broken && error.kind != ErrorKind::throttled)) return;
    const auto& texts = call.batch.texts;
    const bool other_texts = std::ranges::none_of(texts, [](const TextPtr& text) { return text->lost; });
    for (const TextPtr& text : texts) text->lost = true;
    calls.lost(error, texts.empty() ? std::nullopt : std::optional(texts.front()->text_hash), other_texts, now);
}

std::optional<CallRunner::LogLine> CallRunner::loss_line(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                         endpoints::Endpoint::Steady now) {
    endpoints::LostCalls& calls = pool.lost_calls[endpoint_index];
    auto text = calls.line(
        "endpoint '" + pool.provider->info.endpoints[endpoint_index] + "' of provider '" + pool.provider->name + "'",
        now, pool.faults);
    if (!text) return std::nullopt;
    return LogLine{calls.known() ? LogLevel::warn : LogLevel::info, std::move(*text)};
}

}  // namespace embedq::scheduler
