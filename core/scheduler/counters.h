// Counters of a scheduler.
#pragma once

#include <chrono>
#include <cstdint>

namespace embedq::scheduler {

// Since the start of the process, except where a comment says "now".
struct Counters {
    std::uint64_t jobs_claimed = 0;
    std::uint64_t jobs_succeeded = 0;
    std::uint64_t jobs_failed = 0;
    std::uint64_t jobs_retried = 0;
    std::uint64_t jobs_lost = 0;
    std::uint64_t texts_embedded = 0;  // vectors stored
    std::uint64_t texts_refused = 0;
    std::uint64_t texts_cut = 0;  // of those embedded
    std::uint64_t tokens = 0;     // as the providers bill them; 0 where they do not say
    std::uint64_t calls = 0;      // to providers
    std::uint64_t calls_failed = 0;
    std::uint64_t texts_in_flight = 0;       // now
    std::uint64_t jobs_held = 0;             // now
    std::chrono::milliseconds throttled{0};  // how long endpoints asked for pauses, summed over endpoints
};

}  // namespace embedq::scheduler
