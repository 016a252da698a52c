// A provider whose `info` hangs.
#pragma once

#include "pipeline_fixture.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

// `info` returns when the test calls `answer`, or at a stop.
class HangingProvider : public ScriptedProvider {
public:
    using ScriptedProvider::ScriptedProvider;
    Result<ProviderInfo> info(std::stop_token stop) override {
        sync::Lock lock(mutex_);
        ++probes_;
        changed_.notify_all();
        if (!changed_.wait(lock, stop, [&]() EMBEDQ_REQUIRES(mutex_) { return answers_; }))
            return embedq::fail(ErrorKind::unavailable, "stopped");
        lock.unlock();
        return ScriptedProvider::info(stop);
    }
    void wait_until_probed() {
        sync::Lock lock(mutex_);
        changed_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) { return probes_ > 0; });
    }
    int probes() {
        const sync::Lock lock(mutex_);
        return probes_;
    }
    void answer() {
        const sync::Lock lock(mutex_);
        answers_ = true;
        changed_.notify_all();
    }

private:
    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    int probes_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    bool answers_ EMBEDQ_GUARDED_BY(mutex_) = false;
};

}  // namespace embedq::scheduler
