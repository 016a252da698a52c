// The scheduler's numbers. The defaults are the product's (docs/configuration.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace embedq::scheduler {

struct Backoff {
    std::chrono::milliseconds base{5'000};
    double factor = 2;
    std::chrono::milliseconds max{80'000};
    double jitter = 0.1;  // of the delay, either way
};

struct Settings {
    std::chrono::milliseconds lease{20'000};
    std::chrono::milliseconds heartbeat{5'000};
    std::chrono::milliseconds poll{30'000};
    std::chrono::milliseconds reap{30'000};
    std::chrono::milliseconds reconcile{300'000};
    std::chrono::milliseconds prune{600'000};
    std::chrono::milliseconds ask_again{60'000};  // a provider that answered is asked for its model after this
    std::chrono::milliseconds retention{std::chrono::hours(24 * 14)};
    std::uint32_t max_attempts = 5;
    Backoff backoff;
    std::chrono::milliseconds call_timeout{120'000};  // one provider call, where the provider names no time of its own
    std::chrono::milliseconds grace{10'000};          // for calls in flight at a stop
    std::chrono::milliseconds commit_delay{20};       // the longest a finished vector waits for company
    std::size_t commit_vectors = 512;                 // or this many
    std::size_t room_texts = 8'192;                   // texts held by this process at a time
    std::size_t room_bytes = 32U << 20U;              // and their bytes
    std::size_t claim_jobs = 64;                      // jobs per claim
    std::string version;                              // of this build, for the workers' list
};

// What this process has done since its start.
struct Counters {
    std::uint64_t jobs_claimed = 0;
    std::uint64_t jobs_succeeded = 0;
    std::uint64_t jobs_failed = 0;
    std::uint64_t jobs_retried = 0;
    std::uint64_t jobs_lost = 0;
    std::uint64_t texts_embedded = 0;  // vectors stored
    std::uint64_t texts_refused = 0;
    std::uint64_t texts_cut = 0;  // of those embedded
    std::uint64_t calls = 0;      // to providers
    std::uint64_t calls_failed = 0;
    std::uint64_t texts_in_flight = 0;       // now
    std::uint64_t jobs_held = 0;             // now
    std::chrono::milliseconds throttled{0};  // that endpoints asked to be left alone, summed over lanes
};

}  // namespace embedq::scheduler
