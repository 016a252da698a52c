// The calls that providers have not answered yet, and which of them are overdue: they take much longer than calls to
// their endpoint usually do. A call may take minutes until its deadline, and nobody should have to guess why nothing
// moves meanwhile.
//
// Pure: time is passed in. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/endpoint.h"
#include "embedq/values.h"
#include "sync/fault_log.h"

namespace embedq::scheduler {

// Whatever ProviderInfo::call_timeout says.
inline constexpr std::chrono::milliseconds longest_call{86'400'000};

struct SentCall {
    Sha256 fingerprint{};  // of the provider's profile
    std::string provider;
    std::string endpoint;
    std::size_t texts = 0;
    Clock::Steady sent_at{};
    Clock::Steady deadline{};
    Clock::Wall sent_at_wall{};  // for people
};

// After an endpoint's name, where a state is not a pause but shows an overdue call. No name of an endpoint ends so.
inline constexpr std::string_view overdue_call_suffix = " (overdue call)";
// The endpoint's name, if that is what the state shows.
[[nodiscard]] inline std::optional<std::string> endpoint_with_overdue_call(const EndpointState& state) {
    if (!state.endpoint.ends_with(overdue_call_suffix)) return std::nullopt;
    return state.endpoint.substr(0, state.endpoint.size() - overdue_call_suffix.size());
}

class CallsInFlight {
public:
    using Steady = Clock::Steady;
    using Id = std::uint64_t;

    // A call is overdue after so long, or after this multiple of what answered calls to the endpoint take, if that is
    // longer.
    static constexpr std::chrono::seconds overdue_after{30};
    static constexpr int overdue_factor = 4;

    // `end` must follow.
    [[nodiscard]] Id begin(SentCall call);
    struct End {
        bool was_overdue = false;
        std::optional<std::string> line;  // to log: the endpoint has no overdue call any more
    };
    [[nodiscard]] End end(Id id, Steady now, bool answered);
    // Finds the calls that have become overdue. Returns the lines to log: one for each endpoint, when its first call
    // does, and no more than a fault costs.
    [[nodiscard]] std::vector<std::string> find_overdue(Steady now);
    // When a call becomes overdue next, if none ends before.
    [[nodiscard]] Steady next_overdue() const;
    // The endpoints with an overdue call, to be shown like pauses for at most this time. They have names of their own,
    // so that no process takes them for pauses and stops calling: other calls to the endpoint may be answered.
    [[nodiscard]] std::vector<EndpointState> overdue(Steady now, std::chrono::milliseconds time) const;

private:
    struct Call {
        SentCall sent;
        bool overdue = false;
    };
    struct EndpointCalls {
        Steady::duration usual{};  // what answered calls take, smoothed
        std::size_t overdue = 0;   // calls
        bool logged = false;       // that they are
    };
    [[nodiscard]] EndpointCalls& endpoint_of(const SentCall& call);
    [[nodiscard]] Steady overdue_at(const Call& call) const;

    Id last_ = 0;
    std::map<Id, Call> calls_;  // in the order in which they were sent
    std::map<std::pair<Sha256, std::string>, EndpointCalls> endpoints_;
    sync::LineLimit limit_{sync::FaultLines::most_a_minute};
};

}  // namespace embedq::scheduler
