// Locks hold their mutexes, and a condition variable waits with them.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "sync/mutex.h"

namespace embedq::sync {
namespace {

// Tried from another thread, since a thread must not lock its own mutex again.
bool is_free(Mutex& mutex) {
    bool free = false;
    std::thread([&] {
        if (!mutex.try_lock()) return;
        const Lock held(mutex, std::adopt_lock);
        free = true;
    }).join();
    return free;
}

TEST(Lock, HoldsItsMutexUntilItIsUnlockedOrEnds) {
    Mutex mutex;
    {
        Lock lock(mutex);
        EXPECT_TRUE(lock.owns_lock());
        EXPECT_FALSE(is_free(mutex));
        lock.unlock();
        EXPECT_FALSE(lock.owns_lock());
        EXPECT_TRUE(is_free(mutex));
        lock.lock();
        EXPECT_FALSE(is_free(mutex));
    }
    EXPECT_TRUE(is_free(mutex));
}

struct Flag {
    Mutex mutex;
    std::condition_variable_any changed;
    bool up EMBEDQ_GUARDED_BY(mutex) = false;

    [[nodiscard]] bool wait(const std::stop_token& stop) {
        Lock lock(mutex);
        return changed.wait(lock, stop, [&]() EMBEDQ_REQUIRES(mutex) { return up; });
    }
    void raise() {
        const Lock lock(mutex);
        up = true;
        changed.notify_all();
    }
};

TEST(Lock, WaitsForAConditionOrAStop) {
    Flag flag;
    bool seen = true;
    {
        const std::jthread waits([&](const std::stop_token& stop) { seen = flag.wait(stop); });
    }
    EXPECT_FALSE(seen);
    std::jthread waits([&](const std::stop_token& stop) { seen = flag.wait(stop); });
    flag.raise();
    waits.join();
    EXPECT_TRUE(seen);
}

TEST(SharedMutex, AllowsSeveralReaders) {
    SharedMutex mutex;
    const ReaderLock here(mutex);
    std::thread([&] { const ReaderLock there(mutex); }).join();
}

}  // namespace
}  // namespace embedq::sync
