// Calls that an endpoint loses while it answers others: connections that are reset, errors of a server, refusals, each
// at random. Nothing pauses it then, and the work goes on, slower than it could.
//
// An endpoint that does not answer at all loses call after call, and what is sent may be the reason as well. So calls
// count as lost at random when some were lost after answers, several times, and each time with other texts.
//
// Pure: time is passed in. Not thread-safe; its pool guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/values.h"
#include "sync/fault_log.h"

namespace embedq::endpoints {

// After an endpoint's name, where a state is not a pause but shows that calls are lost. No name of an endpoint ends so.
inline constexpr std::string_view lost_calls_suffix = " (lost calls)";
// The endpoint's name, if that is what the state shows.
[[nodiscard]] inline std::optional<std::string> endpoint_with_lost_calls(const EndpointState& state) {
    if (!state.endpoint.ends_with(lost_calls_suffix)) return std::nullopt;
    return state.endpoint.substr(0, state.endpoint.size() - lost_calls_suffix.size());
}

class LostCalls {
public:
    using Steady = std::chrono::steady_clock::time_point;

    static constexpr std::size_t most_calls = 30;  // that are looked at
    static constexpr std::chrono::minutes looked_at_for{5};
    // Of those, to be worth a line.
    static constexpr std::size_t least_times = 3;  // that a call was lost after one that was answered
    static constexpr double least_share = 0.2;

    void answered(Steady now) { add({.at = now}); }
    // `first_text`: its hash; nothing: a sample, which is never the reason. `other_texts`: none of the texts was in a
    // call that was lost, as far as is known.
    void lost(const Error& error, const std::optional<Sha256>& first_text, bool other_texts, Steady now) {
        const auto same = [&](const Call& call) { return first_text && call.first_text == first_text; };
        add({now, true, other_texts && std::ranges::none_of(calls_, same), first_text});
        ++lost_;
        lost_at_ = now;
        reason_ = to_string(error);
    }

    // Whether it is known, and logged, that calls are lost.
    [[nodiscard]] bool known() const noexcept { return known_; }
    // What to show to people while calls are lost, and were until a few minutes ago: "6 of the last 30 calls: reason".
    [[nodiscard]] std::optional<std::string> shown(Steady now) const {
        if (!known_ || now - lost_at_ >= looked_at_for) return std::nullopt;
        const auto lost = static_cast<std::size_t>(std::ranges::count_if(calls_, &Call::lost));
        return std::to_string(lost) + " of the last " + in_words(calls_.size()) + ": " + reason_;
    }
    // After an answer: the line to log when it becomes known that calls are lost, or when that is over; no more of them
    // than `lines` allows.
    [[nodiscard]] std::optional<std::string> line(const std::string& endpoint, Steady now, sync::FaultLines& lines) {
        std::erase_if(calls_, [&](const Call& call) { return call.at + looked_at_for <= now; });
        const auto lost = static_cast<std::size_t>(std::ranges::count_if(calls_, &Call::lost));
        if (known_) {
            if (lost > 0) return std::nullopt;
            known_ = false;
            lines.end_line(now);
            return endpoint + " loses no calls any more: it lost " + in_words(lost_) + " in " +
                   sync::duration_in_words(lost_at_ - known_since_);
        }
        if (static_cast<double>(lost) < least_share * static_cast<double>(calls_.size()) || times() < least_times ||
            !lines.begin_line(now))
            return std::nullopt;
        known_ = true;
        known_since_ = std::ranges::find_if(calls_, &Call::lost)->at;
        lost_ = lost;
        return endpoint + " lost " + std::to_string(lost) + " of the last " + in_words(calls_.size()) +
               ", and the work goes on: " + reason_;
    }

private:
    struct Call {
        Steady at{};
        bool lost = false;
        bool other_texts = false;  // than those that were lost before it
        std::optional<Sha256> first_text = std::nullopt;
    };
    void add(const Call& call) {
        calls_.push_back(call);
        if (calls_.size() > most_calls) calls_.pop_front();
    }
    [[nodiscard]] std::size_t times() const {
        std::size_t times = 0;
        for (std::size_t i = 1; i < calls_.size(); ++i) times += calls_[i].other_texts && !calls_[i - 1].lost ? 1 : 0;
        return times;
    }
    static std::string in_words(std::uint64_t calls) {
        return std::to_string(calls) + (calls == 1 ? " call" : " calls");
    }

    std::deque<Call> calls_;  // the last ones, in the order in which they ended
    bool known_ = false;
    Steady known_since_{};
    std::uint64_t lost_ = 0;  // since then
    Steady lost_at_{};
    std::string reason_;
};

}  // namespace embedq::endpoints
