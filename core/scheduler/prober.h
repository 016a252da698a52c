// The prober asks the providers what they are: until each has answered, and then from time to time, since the model
// behind a name can be replaced. What a provider says opens, replaces and closes its endpoints. Off the way of texts and
// queries: one thread, and one for each provider that is being asked, since one that hangs or pulls a model must not
// keep the others waiting.
//
// Thread-safety: the members are called from one thread.
#pragma once

#include <condition_variable>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "embedq/values.h"
#include "scheduler/call_runner.h"
#include "scheduler/shared.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

class Prober {
public:
    Prober(Shared& shared, CallRunner& endpoints, endpoints::ModelListener listener)
        : shared_(shared), endpoints_(endpoints), listener_(std::move(listener)) {}

    // Until stop is requested; the providers that are being asked then are stopped, and waited for.
    void run(std::stop_token stop);

    // A round by its parts. Begins to ask those whose time has come, and those of `recheck_requested`.
    void ask_due(const std::set<std::string>& recheck_requested, const std::stop_token& stop);
    // Until nobody is being asked.
    void wait_for_answers();
    // Tells the listener what is new, and looks at the targets where it is time to.
    void follow_up(const std::stop_token& stop);
    // When the next round is due, unless somebody answers or is recheck_requested before.
    [[nodiscard]] endpoints::Endpoint::Steady next();

private:
    struct Asked {
        bool asking = false;
        bool recheck_requested = false;  // while it was being asked, or just now
        endpoints::Endpoint::Steady next{};
        endpoints::Endpoint::Steady last{};
        std::size_t failures = 0;  // in a row
        bool answered = false;     // ever
        bool complained = false;
        std::jthread thread;  // the last that asked
    };
    // A catalog's provider by the YAML's name, and the fingerprint that its target has.
    using Mismatch = std::pair<std::string, Sha256>;

    struct Line {
        LogLevel level = LogLevel::info;
        std::string text;
    };

    // On a thread of its own.
    void ask(const std::string& name, const std::stop_token& stop) EMBEDQ_EXCLUDES(mutex_);
    // Gives what is to be logged of it.
    [[nodiscard]] std::optional<Line> answered(Asked& asked, const std::string& name,
                                               const Result<endpoints::ProbeResult>& probe, bool stopped)
        EMBEDQ_REQUIRES(mutex_);
    [[nodiscard]] std::optional<Line> take_over(const endpoints::ProbeResult& probe, bool first)
        EMBEDQ_REQUIRES(mutex_);
    void tell();
    // Says once of each target that no provider of this process makes, though it has the name: nothing is claimed for
    // it.
    void check_targets();

    Shared& shared_;
    CallRunner& endpoints_;
    const endpoints::ModelListener listener_;
    bool told_failure_ = false;
    std::set<Mismatch> told_;

    // Taken before Shared::mutex; not held while a provider, the store or the listener is asked, or a line is logged.
    sync::Mutex mutex_;
    std::condition_variable_any moved_;  // somebody answered or is recheck_requested
    bool awake_ EMBEDQ_GUARDED_BY(mutex_) = false;
    std::set<std::string> recheck_requested_ EMBEDQ_GUARDED_BY(mutex_);
    bool news_ EMBEDQ_GUARDED_BY(mutex_) = false;  // that the listener has not taken
    endpoints::Endpoint::Steady next_check_ EMBEDQ_GUARDED_BY(mutex_){};
    std::map<std::string, Asked, std::less<>> asked_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::scheduler
