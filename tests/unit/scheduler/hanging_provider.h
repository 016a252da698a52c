// A provider that does not say what it is.
#pragma once

#include "pipeline_fixture.h"

namespace embedq::scheduler {

// Does not say what it is before the test says so, or a stop.
class HangingProvider : public ScriptedProvider {
public:
    using ScriptedProvider::ScriptedProvider;
    Result<ProviderInfo> info(std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        ++asked_;
        changed_.notify_all();
        if (!changed_.wait(lock, stop, [&] { return answers_; }))
            return embedq::fail(ErrorKind::unavailable, "stopped");
        lock.unlock();
        return ScriptedProvider::info(stop);
    }
    void wait_until_asked() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_ > 0; });
    }
    int asked() {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }
    void answer() {
        const std::scoped_lock lock(mutex_);
        answers_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    int asked_ = 0;
    bool answers_ = false;
};

}  // namespace embedq::scheduler
