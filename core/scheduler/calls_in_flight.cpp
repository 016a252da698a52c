#include "scheduler/calls_in_flight.h"

#include <algorithm>

namespace embedq::scheduler {

namespace {

std::string two_digits(std::int64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

// "12:03:07 UTC"
std::string time_of_day(Clock::Wall time) {
    const std::chrono::hh_mm_ss at(
        std::chrono::floor<std::chrono::seconds>(time - std::chrono::floor<std::chrono::days>(time)));
    return two_digits(at.hours().count()) + ":" + two_digits(at.minutes().count()) + ":" +
           two_digits(at.seconds().count()) + " UTC";
}

std::string texts_of(const SentCall& call) {
    return std::to_string(call.texts) + (call.texts == 1 ? " text" : " texts");
}

std::string endpoint_in_words(const SentCall& call) {
    return "endpoint '" + call.endpoint + "' of provider '" + call.provider + "'";
}

}  // namespace

CallsInFlight::EndpointCalls& CallsInFlight::endpoint_of(const SentCall& call) {
    return endpoints_[{call.fingerprint, call.endpoint}];
}

CallsInFlight::Steady CallsInFlight::overdue_at(const Call& call) const {
    const auto endpoint = endpoints_.find({call.sent.fingerprint, call.sent.endpoint});
    const auto usual = endpoint == endpoints_.end() ? Steady::duration::zero() : endpoint->second.usual;
    return call.sent.sent_at + std::max<Steady::duration>(overdue_after, overdue_factor * usual);
}

CallsInFlight::Id CallsInFlight::begin(SentCall call) {
    calls_.emplace_hint(calls_.end(), ++last_, Call{std::move(call)});
    return last_;
}

CallsInFlight::End CallsInFlight::end(Id id, Steady now, bool answered) {
    const Call call = std::move(calls_.extract(id).mapped());
    EndpointCalls& endpoint = endpoint_of(call.sent);
    const auto took = now - call.sent.sent_at;
    if (answered) endpoint.usual += (took - endpoint.usual) / (endpoint.usual > Steady::duration::zero() ? 4 : 1);
    End end{.was_overdue = call.overdue, .line = std::nullopt};
    if (!call.overdue || --endpoint.overdue > 0) return end;
    if (std::exchange(endpoint.logged, false)) {
        limit_.end(now);
        end.line = endpoint_in_words(call.sent) + " has no overdue call any more: the last one " +
                   (answered ? "was answered" : "ended without an answer") + " after " + sync::duration_in_words(took);
    }
    return end;
}

std::vector<std::string> CallsInFlight::find_overdue(Steady now) {
    std::vector<std::string> lines;
    for (auto& [id, call] : calls_) {
        if (call.overdue || overdue_at(call) > now) continue;
        call.overdue = true;
        EndpointCalls& endpoint = endpoint_of(call.sent);
        ++endpoint.overdue;
        if (endpoint.logged || !limit_.begin(now)) continue;
        endpoint.logged = true;
        lines.push_back(endpoint_in_words(call.sent) + " has not answered since " +
                        time_of_day(call.sent.sent_at_wall) + ": a call with " + texts_of(call.sent) + " has taken " +
                        sync::duration_in_words(now - call.sent.sent_at) + ", and is given up after " +
                        sync::duration_in_words(call.sent.deadline - call.sent.sent_at));
    }
    return lines;
}

CallsInFlight::Steady CallsInFlight::next_overdue() const {
    Steady next = Steady::max();
    for (const auto& [id, call] : calls_) {
        if (!call.overdue) next = std::min(next, overdue_at(call));
    }
    return next;
}

std::vector<EndpointState> CallsInFlight::overdue(Steady now, std::chrono::milliseconds time) const {
    std::vector<EndpointState> states;
    for (const auto& [id, call] : calls_) {
        if (!call.overdue) continue;
        const std::string name = call.sent.endpoint + std::string(overdue_call_suffix);
        const bool known = std::ranges::any_of(states, [&](const EndpointState& state) {
            return state.fingerprint == call.sent.fingerprint && state.endpoint == name;
        });
        if (known) continue;  // the oldest is shown
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(call.sent.deadline - now);
        states.push_back({call.sent.fingerprint, name, PauseKind::unavailable,
                          std::clamp(left, std::chrono::milliseconds(1), time),
                          "a call with " + texts_of(call.sent) + " has not been answered since " +
                              time_of_day(call.sent.sent_at_wall) + "; it is given up after " +
                              sync::duration_in_words(call.sent.deadline - call.sent.sent_at)});
    }
    return states;
}

}  // namespace embedq::scheduler
