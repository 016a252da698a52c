// All that product code does with locks, done right.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "scheduler/scheduler_state.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq {

class Queue {
public:
    void put() {
        const sync::Lock lock(mutex_);
        grow();
        grown_.notify_all();
    }
    [[nodiscard]] bool take(std::stop_token stop) {
        sync::Lock lock(mutex_);
        if (!grown_.wait(lock, std::move(stop), [&]() EMBEDQ_REQUIRES(mutex_) { return size_ > 0; })) return false;
        lock.unlock();
        lock.lock();
        --size_;
        return true;
    }
    [[nodiscard]] bool try_put() {
        if (!mutex_.try_lock()) return false;
        const sync::Lock lock(mutex_, std::adopt_lock);
        grow();
        return true;
    }
    [[nodiscard]] int name() {
        const sync::ReaderLock lock(names_mutex_);
        return name_;
    }
    void rename(int name) {
        const sync::WriterLock lock(names_mutex_);
        name_ = name;
    }

private:
    void grow() EMBEDQ_REQUIRES(mutex_) { ++size_; }

    sync::Mutex mutex_;
    std::condition_variable_any grown_;
    int size_ EMBEDQ_GUARDED_BY(mutex_) = 0;

    sync::SharedMutex names_mutex_;
    int name_ EMBEDQ_GUARDED_BY(names_mutex_) = 0;
};

bool pause(std::stop_token stop) {
    return sync::sleep_for(std::chrono::seconds(1), stop);
}

void log_after_unlocking(scheduler::SchedulerState& state) {
    {
        const sync::Lock lock(state.mutex);
        state.draining = true;
    }
    state.logger().info("draining");
}

}  // namespace embedq
