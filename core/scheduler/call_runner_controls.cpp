// Controls of the call runner: a sample text decides whether the endpoint or what was sent is at fault.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "endpoints/provider_health.h"
#include "scheduler/call_runner.h"

namespace embedq::scheduler {

namespace {

constexpr double sample_numbers = 1e9;
constexpr std::size_t sample_bytes = 16;

// No endpoint that accepts texts at all has a reason to refuse this one. It is another one each time, so that no cache
// answers for a server that is down.
std::string sample_text(double random) {
    return "sample " + std::to_string(static_cast<std::uint64_t>(random * sample_numbers));
}

bool is_refusal(const Error& error) {
    return error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::too_large;
}

// Whether the call refused all its texts for good. A text that is too long is cut and sent again instead.
bool refused_all(const Batch& batch, const Result<EmbedResult>& result) {
    const auto for_good = [](const Error& error) { return is_refusal(error) && !error.text_too_long; };
    if (!result) return batch.texts.size() == 1 && for_good(result.error());
    return result->errors.size() == batch.texts.size() &&
           std::ranges::any_of(result->errors, [&](const TextError& bad) { return for_good(bad.error); });
}

Error refuses_every_text(const Error& error, const std::string& sample) {
    Error misconfigured{.kind = ErrorKind::misconfigured,
                        .message = "the endpoint refuses every text, even '" + sample + "': " + to_string(error),
                        .hint = "correct what it complains about (the key, the model, the options): it is tried again"};
    misconfigured.detail = error.detail;
    return misconfigured;
}

// Whether each text of the call failed with an error of its own, and none was refused.
bool failed_all(const EmbedResult& result, std::size_t texts) {
    return result.errors.size() == texts &&
           std::ranges::none_of(result.errors, [](const TextError& bad) { return is_refusal(bad.error); });
}

// The endpoint takes other texts, so this was about the texts of the call, and what the provider advises does not hold.
void make_refusal(Error& error) {
    error.kind = ErrorKind::invalid_input;
    error.hint.clear();
}

}  // namespace

CallRunner::Control CallRunner::control_for(endpoints::EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                                            Outcome& outcome) {
    if (call.trial || outcome.undecided) return Control::none;
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = state_.now();
    // A pause that began meanwhile holds for this call, too.
    const bool may_ask = !state_.calls_stop.stop_requested() && !pool.retired && !endpoint.paused(now);
    if (refused_all(call.batch, outcome.result)) {
        if (endpoint.trial_answered()) return Control::none;
        outcome.undecided = true;
        if (!may_ask) return Control::none;
        take_sample_permit(pool, endpoint_index);
        return Control::of_refusal;
    }
    // Without a single good row the endpoint may be broken, as if the whole call had failed.
    if (outcome.result && failed_all(*outcome.result, call.batch.texts.size()))
        outcome.result = std::unexpected(outcome.result->errors.front().error);
    if (outcome.result || !may_ask) return Control::none;
    Error& error = outcome.result.error();
    const bool single = call.batch.texts.size() == 1;
    if (!single && outcome.late) return Control::none;  // it goes again in halves
    if (!single && call.batch.isolation && error.kind == ErrorKind::misconfigured) {
        // The last text of an isolation gets a control.
        make_refusal(error);
        return Control::none;
    }
    if (!endpoint.needs_control(error, single, now)) return Control::none;
    if (endpoint.control_running()) {
        outcome.undecided = outcome.neutral = true;
        return Control::none;
    }
    endpoint.begin_control();
    take_sample_permit(pool, endpoint_index);
    return Control::of_failure;
}

CallRunner::Outcome CallRunner::ask_sample(const endpoints::ProbedProvider& provider,
                                           std::size_t endpoint_index) const {
    for (const bool last : {false, true}) {
        const std::string text = sample_text(state_.random01());
        Outcome sample = embed(provider, endpoint_index, std::array{std::string_view(text)});
        sample.asked_twice = last;
        if (sample.result && !sample.result->errors.empty())
            sample.result = std::unexpected(sample.result->errors.front().error);
        if (sample.result || !is_refusal(sample.result.error())) return sample;
        if (!last) continue;
        sample.result = std::unexpected(refuses_every_text(sample.result.error(), text));
        if (provider.health) provider.health->request_recheck();
        return sample;
    }
    std::unreachable();
}

void CallRunner::conclude(endpoints::EndpointPool& pool, std::size_t endpoint_index, Control control, Outcome&& sample,
                          Outcome& outcome) {
    const bool answered = sample.result.has_value();
    count_call_end(pool, {}, endpoint_index, sample, state_.now());
    count_samples(pool, endpoint_index, sample);
    if (control == Control::of_failure) pool.endpoints[endpoint_index].end_control(answered);
    if (!answered) {
        outcome.undecided = true;
        outcome.result = std::unexpected(std::move(sample.result.error()));
        // So soon after the text it was one call too many: the next control goes before it, after the pause.
        if (outcome.result.error().kind == ErrorKind::throttled) pool.endpoints[endpoint_index].trip();
        return;
    }
    outcome.undecided = false;
    if (control == Control::of_refusal) return;
    outcome.texts_fault = true;
    if (outcome.result.error().kind == ErrorKind::misconfigured) make_refusal(outcome.result.error());
}

double CallRunner::sample_tokens(const endpoints::EndpointPool& pool) {
    return pool.limits.estimate().tokens(sample_bytes + pool.limits.prefix_bytes());
}

// A control does not wait for the rate limits; what goes after it does.
void CallRunner::take_sample_permit(endpoints::EndpointPool& pool, std::size_t endpoint_index) {
    pool.take(endpoint_index, sample_tokens(pool));
}

void CallRunner::count_samples(endpoints::EndpointPool& pool, std::size_t endpoint_index, const Outcome& sample) {
    state_.queue.count_call(!sample.result);
    if (sample.result || sample.result.error().kind != ErrorKind::throttled)
        pool.endpoints[endpoint_index].count_control(sample.result.has_value());
    if (!sample.asked_twice) return;
    state_.queue.count_call(true);
    take_sample_permit(pool, endpoint_index);
}

}  // namespace embedq::scheduler
