// A provider that needs no model: deterministic vectors, with configured latency, limits and faults. For tests and
// measurements.
//
// Thread-safety: as Provider. Waiting ends early at the deadline and at a stop request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/provider.h"
#include "simulated/faults.h"
#include "simulated/server_state.h"
#include "sync/mutex.h"

namespace embedq::simulated {

struct SimulatedSettings {
    std::chrono::milliseconds latency{0};
    std::chrono::milliseconds latency_per_input{0};
    std::string model = "simulated";
    std::string digest = "1";
    std::string state_file;  // read at each call; empty for none
    std::size_t dimension = 64;
    std::size_t max_inputs = 0;    // 0: no limit
    std::size_t concurrency = 64;  // calls beyond it are throttled
    std::uint64_t seed = 1;
    std::string document_prefix;
    std::string query_prefix;
    std::vector<Fault> faults;
};

class SimulatedProvider final : public Provider {
public:
    // `clock` outlives the provider. It decides deadlines and rate limits, but waiting takes real time.
    SimulatedProvider(SimulatedSettings settings, const Clock& clock);

    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

private:
    [[nodiscard]] Result<EmbedResult> answer(const EmbedRequest& request);
    // The present state of the server; `unavailable` where it is down.
    [[nodiscard]] Result<ServerState> state() const;
    [[nodiscard]] EmbedResult vectors(const EmbedRequest& request, std::size_t rows, std::size_t dimension,
                                      std::string_view digest) const;
    [[nodiscard]] Status wait(std::chrono::milliseconds time, const EmbedRequest& request);

    const SimulatedSettings settings_;
    const Clock& clock_;
    FaultScript script_;
    std::atomic<std::size_t> running_{0};

    sync::Mutex digest_mutex_;
    std::string digest_ EMBEDQ_GUARDED_BY(digest_mutex_);  // the digest that info named last
};

}  // namespace embedq::simulated
