// How fast a count grows, and how long the rest takes.
//
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace embedq::cli {

class Rate {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // What is done at this time. A count that shrinks starts again.
    void measure(std::size_t done, Instant now);
    // "100/s, 9.0 s left". Empty while the rate is about 0, or nothing is left; without the time where it says nothing.
    [[nodiscard]] std::string in_words(std::size_t left) const;

private:
    std::optional<Instant> measured_at_;
    std::size_t measured_ = 0;
    double rate_ = 0;  // a second, smoothed
};

}  // namespace embedq::cli
