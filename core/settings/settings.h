// The host's settings: what the YAML says of everything that is not a plugin, with its defaults.
//
// The defaults stand here and nowhere else: the configuration (config/host.cpp) takes them for its option tables, and
// with those for the JSON Schema and the reference page. What has no row there is a number of the program, which tests
// change. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "sync/backoff.h"

namespace embedq {

// `scheduler:`
struct SchedulerSettings {
    std::chrono::milliseconds lease{20'000};
    std::chrono::milliseconds heartbeat{5'000};
    std::chrono::milliseconds poll{30'000};
    std::chrono::milliseconds reap{30'000};
    std::chrono::milliseconds reconcile{300'000};
    std::uint32_t max_attempts = 5;
    sync::Backoff backoff;  // of a job that failed
    std::chrono::milliseconds retention{std::chrono::hours(24 * 14)};

    // Not in the YAML.
    std::chrono::milliseconds prune{600'000};
    std::chrono::milliseconds probe{60'000};          // a provider that answered is asked for its model after this
    std::chrono::milliseconds call_timeout{120'000};  // one provider call, where the provider states no time of its own
    std::chrono::milliseconds grace{10'000};          // for calls in flight at a stop
    std::chrono::milliseconds commit_delay{20};       // the longest a finished vector waits for company
    std::size_t commit_vectors = 512;                 // or this many
    std::size_t prefetch_texts = 8'192;               // texts held by this process at a time
    std::size_t prefetch_bytes = 32U << 20U;          // and their bytes
    std::size_t claim_jobs = 64;                      // jobs per claim
    std::string version;                              // of this build, for the list of workers
};

// `limits:` of a provider; 0 leaves it to the provider, or means that there is no limit.
struct LimitSettings {
    std::size_t concurrency = 0;
    std::size_t batch_inputs = 0;
    std::uint32_t requests_per_minute = 0;
    std::uint32_t tokens_per_minute = 0;
};

// `fetch:`
struct FetchSettings {
    bool allow_http = false;
    // Special ranges that may be connected to all the same, as net::Network::parse takes them.
    std::vector<std::string> allow_private_addresses;
    std::chrono::milliseconds timeout{30'000};       // of a document, with its redirects
    std::size_t max_bytes = std::size_t{64} << 20U;  // after decompression
    std::size_t max_redirects = 5;
    std::string ca_file;  // absolute path of PEM certificates to trust in place of the system's; empty for those
    // Empty: none, whatever the environment says. A proxy resolves names itself and connects where it will, so that the
    // guard sees addresses that are written in a URL alone.
    std::string proxy;

    // Not in the YAML.
    std::string user_agent = "embedq";
    std::vector<std::string> resolved;  // "NAME:PORT:ADDRESS": what the resolver would say, for tests
};

enum class LogFormat : std::uint8_t { text, json };

// `logging:`
struct LoggingSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

}  // namespace embedq
