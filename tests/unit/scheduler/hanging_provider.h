// A provider that does not say what it is.
#pragma once

#include "pipeline_fixture.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

// Does not say what it is before the test says so, or a stop.
class HangingProvider : public ScriptedProvider {
public:
    using ScriptedProvider::ScriptedProvider;
    Result<ProviderInfo> info(std::stop_token stop) override {
        sync::Lock lock(mutex_);
        ++asked_;
        changed_.notify_all();
        if (!changed_.wait(lock, stop, [&]() EMBEDQ_REQUIRES(mutex_) { return answers_; }))
            return embedq::fail(ErrorKind::unavailable, "stopped");
        lock.unlock();
        return ScriptedProvider::info(stop);
    }
    void wait_until_asked() {
        sync::Lock lock(mutex_);
        changed_.wait(lock, [&]() EMBEDQ_REQUIRES(mutex_) { return asked_ > 0; });
    }
    int asked() {
        const sync::Lock lock(mutex_);
        return asked_;
    }
    void answer() {
        const sync::Lock lock(mutex_);
        answers_ = true;
        changed_.notify_all();
    }

private:
    sync::Mutex mutex_;
    std::condition_variable_any changed_;
    int asked_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    bool answers_ EMBEDQ_GUARDED_BY(mutex_) = false;
};

}  // namespace embedq::scheduler
