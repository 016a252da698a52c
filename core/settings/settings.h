// The host's settings: everything in the YAML that is not about a plugin, with the defaults.
//
// The defaults are defined here only: the configuration (config/host.cpp) takes them for its option tables, and from
// those the JSON Schema and the reference page are made. A member without a row there is fixed in the program; only
// tests change it. Plain values.
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
    std::chrono::milliseconds prune{600'000};         // between two rounds of pruning
    std::chrono::milliseconds probe{60'000};          // between two probes of a provider that answers
    std::chrono::milliseconds call_timeout{120'000};  // of one provider call, if the provider does not state its own
    std::chrono::milliseconds grace{5'000};           // for calls in flight at a stop
    std::chrono::milliseconds ask_again{5'000};       // after a text's first refusal, before it goes once more
    std::chrono::milliseconds commit_delay{20};       // the longest wait of a finished vector for others
    std::size_t commit_vectors = 512;                 // so many finished vectors are committed without waiting
    std::size_t prefetch_texts = 8'192;               // texts held by this process at a time
    std::size_t prefetch_bytes = 32U << 20U;          // bytes of these texts
    std::size_t claim_jobs = 64;                      // jobs per claim
    std::string version;                              // of this build, for the list of workers
};

// `limits:` of a provider. 0 leaves the first two to the provider, and means no limit for the last two.
struct LimitSettings {
    std::size_t concurrency = 0;
    std::size_t batch_inputs = 0;
    std::uint32_t requests_per_minute = 0;
    std::uint32_t tokens_per_minute = 0;
};

// `fetch:`
struct FetchSettings {
    bool allow_http = false;
    // Special ranges to which connections are allowed nevertheless, as net::Network::parse reads them.
    std::vector<std::string> allow_private_addresses;
    std::chrono::milliseconds timeout{30'000};       // of a document, with its redirects
    std::size_t max_bytes = std::size_t{64} << 20U;  // after decompression
    std::size_t max_redirects = 5;
    std::string ca_file;  // absolute path of PEM certificates to trust instead of the system's; empty for the system's
    std::chrono::milliseconds refresh{0};  // of specs from URLs that have no interval of their own; 0: never
    // Empty: none, whatever the environment says. A proxy resolves names and connects by itself, so that the guard
    // checks only addresses that are written in a URL.
    std::string proxy;

    // Not in the YAML.
    std::string user_agent = "embedq";
    std::vector<std::string> resolved;  // "NAME:PORT:ADDRESS": replaces the resolver's answer, for tests
};

// What `serve` and `index` do when a catalog is embedded by another model than the configuration asks for.
enum class ModelChangePolicy : std::uint8_t {
    wait,   // report it; `embedq config apply` changes the catalog
    apply,  // change the catalog, once for each model that is new to the store
};

// `embedding:`, apart from the names of providers.
struct EmbeddingSettings {
    ModelChangePolicy model_change = ModelChangePolicy::wait;
};

enum class LogFormat : std::uint8_t { text, json };

// `logging:`
struct LoggingSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

}  // namespace embedq
