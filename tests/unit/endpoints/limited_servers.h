// Models of servers that limit requests, and a client that sends them as many as its endpoint admits. Time is
// simulated, so that an hour takes milliseconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "embedq/error.h"
#include "endpoints/endpoint.h"

namespace embedq::endpoints {

inline std::chrono::steady_clock::duration steady_duration(double seconds) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

// How a server counts: calls since the last full minute or second, in the last minute or second, or by a bucket that
// holds as many tokens as it gains in that time.
enum class Counting { fixed_window, sliding_window, token_bucket };

struct Limit {
    Counting counting = Counting::fixed_window;
    double calls = 1;
    double window = 1;        // seconds
    bool tells = false;       // how long to wait, in Retry-After
    double always_tells = 0;  // the same Retry-After in each refusal; seconds
    double at_random = 0;     // the share of calls that it refuses whatever it counts
    [[nodiscard]] double per_second() const { return calls / window; }
};

class LimitedServer {
public:
    using Steady = Endpoint::Steady;

    explicit LimitedServer(const Limit& limit, std::uint32_t seed = 5)
        : limit_(limit), phase_(first_window * limit.window), tokens_(limit.calls), random_(seed) {}

    void change(double calls) { limit_.calls = calls; }

    // Nothing if it takes the call; else its refusal.
    std::optional<Error> call(Steady now) {
        const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
        const double wait = limit_.counting == Counting::fixed_window     ? wait_fixed(at)
                            : limit_.counting == Counting::sliding_window ? wait_sliding(at)
                                                                          : wait_bucket(at);
        if (wait <= 0 && !(limit_.at_random > 0 && chance_(random_) < limit_.at_random)) {
            ++accepted;
            return std::nullopt;
        }
        ++refused;
        Error error{.kind = ErrorKind::throttled, .message = "too many requests"};
        const double stated = limit_.always_tells > 0 ? limit_.always_tells : limit_.tells ? wait : 0;
        if (stated > 0) error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(steady_duration(stated));
        return error;
    }

    std::size_t accepted = 0;
    std::size_t refused = 0;

private:
    static constexpr double first_window = 0.37;  // of a window: the first call is in the middle of one

    double wait_fixed(double at) {
        const double window = std::floor((at - phase_) / limit_.window);
        if (window != counted_window_) in_window_ = 0;
        counted_window_ = window;
        if (in_window_ >= limit_.calls) return phase_ + (window + 1) * limit_.window - at;
        ++in_window_;
        return 0;
    }
    double wait_sliding(double at) {
        while (!passed_.empty() && passed_.front() <= at - limit_.window) passed_.pop_front();
        if (static_cast<double>(passed_.size()) >= limit_.calls) return passed_.front() + limit_.window - at;
        passed_.push_back(at);
        return 0;
    }
    double wait_bucket(double at) {
        tokens_ = std::min(limit_.calls, tokens_ + (at - filled_at_) * limit_.per_second());
        filled_at_ = at;
        if (tokens_ < 1) return (1 - tokens_) / limit_.per_second();
        --tokens_;
        return 0;
    }

    Limit limit_;
    double phase_;
    double counted_window_ = -1;
    double in_window_ = 0;
    std::deque<double> passed_;
    double tokens_;
    double filled_at_ = 0;
    std::mt19937 random_;
    std::uniform_real_distribution<double> chance_{0, 1};
};

// A client with one endpoint, and always something to send.
class LimitedClient {
public:
    using Steady = Endpoint::Steady;

    LimitedClient(LimitedServer& server, std::size_t concurrency, double latency)
        : server_(server), endpoint_({.concurrency = concurrency}), latency_(latency) {}

    void run_for(double seconds) {
        const Steady end = now_ + steady_duration(seconds);
        while (now_ < end) {
            const Steady ready = endpoint_.ready_at(now_);
            if (ready <= now_)
                send();
            else
                wait_until(std::min(ready, end));
        }
    }
    [[nodiscard]] double rate() const { return endpoint_.rate(now_); }
    [[nodiscard]] Endpoint& endpoint() { return endpoint_; }

private:
    struct Call {
        Steady sent_at{};
        Steady answered_at{};
        std::optional<Error> error;
    };

    void send() {
        endpoint_.begin(now_);
        const double took = latency_ * (0.8 + 0.4 * random());
        in_flight_.push_back({now_, now_ + steady_duration(took), server_.call(now_ + steady_duration(latency_ / 8))});
    }
    // Or until an answer.
    void wait_until(Steady ready) {
        const auto first = std::ranges::min_element(in_flight_, {}, &Call::answered_at);
        if (first == in_flight_.end() || first->answered_at > ready) {
            now_ = ready;
            return;
        }
        const Call call = std::move(*first);
        in_flight_.erase(first);
        now_ = call.answered_at;
        endpoint_.finished(now_, call.error, random(), call.sent_at);
    }
    double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

    LimitedServer& server_;
    Endpoint endpoint_;
    Steady now_{std::chrono::seconds(1'000)};
    double latency_;
    std::vector<Call> in_flight_;
    std::mt19937 random_{11};
};

}  // namespace embedq::endpoints
