// Probes providers for callers that cannot wait long: a command at its start, or the caller of put_catalog. Each
// provider is probed on a thread of its own, so that one that hangs delays neither the others nor the caller for longer
// than the limit.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "embedq/error.h"
#include "endpoints/providers.h"
#include "engine/background_call.h"
#include "sync/mutex.h"

namespace embedq::engine {

class ParallelProber {
public:
    // By name: the provider, or why it is not known.
    using Answers = std::map<std::string, Result<endpoints::ProbedProviderPtr>>;

    explicit ParallelProber(endpoints::ProviderDirectory& providers) : providers_(providers) {}
    // Stops the calls that are still open, and waits for their end.
    ~ParallelProber();
    ParallelProber(const ParallelProber&) = delete;
    ParallelProber& operator=(const ParallelProber&) = delete;

    // One entry for each name. A provider that is known costs nothing; the others are probed once, in parallel. Those
    // that have not answered after `limit` of real time, or at a stop, are `unavailable`, and their calls are stopped.
    [[nodiscard]] Answers probe(const std::set<std::string>& names, std::chrono::milliseconds limit,
                                std::stop_token stop);

private:
    using Call = BackgroundCall<endpoints::ProbedProviderPtr>;

    void abandon(Call call);

    endpoints::ProviderDirectory& providers_;
    sync::Mutex mutex_;
    std::vector<Call> abandoned_ EMBEDQ_GUARDED_BY(mutex_);  // stopped, but possibly not ended
};

}  // namespace embedq::engine
