// Mutexes and locks like those of the standard library, but with the annotations for clang's -Wthread-safety
// (annotations.h).
//
// A lock waits with std::condition_variable_any and a stop token. A predicate that reads guarded members is annotated:
//   changed_.wait(lock, stop, [&]() EMBEDQ_REQUIRES(mutex_) { return ready_; });
// Thread-safety: a mutex may be used from any thread; a lock belongs to the thread that created it.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "sync/annotations.h"

namespace embedq::sync {

class EMBEDQ_CAPABILITY("mutex") Mutex {
public:
    Mutex() = default;
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock() EMBEDQ_ACQUIRE() { mutex_.lock(); }
    void unlock() EMBEDQ_RELEASE() { mutex_.unlock(); }
    [[nodiscard]] bool try_lock() EMBEDQ_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

private:
    std::mutex mutex_;
};

// Holds a mutex until the end of its scope; may release it and acquire it again before.
class EMBEDQ_SCOPED_CAPABILITY Lock {
public:
    explicit Lock(Mutex& mutex) EMBEDQ_ACQUIRE(mutex) : lock_(mutex) {}
    // For a mutex that `try_lock` has acquired.
    Lock(Mutex& mutex, std::adopt_lock_t held) EMBEDQ_REQUIRES(mutex) : lock_(mutex, held) {}
    ~Lock() EMBEDQ_RELEASE() = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void lock() EMBEDQ_ACQUIRE() { lock_.lock(); }
    void unlock() EMBEDQ_RELEASE() { lock_.unlock(); }
    [[nodiscard]] bool owns_lock() const noexcept { return lock_.owns_lock(); }

private:
    std::unique_lock<Mutex> lock_;
};

// Many may read at a time, or one may write.
class EMBEDQ_CAPABILITY("shared mutex") SharedMutex {
public:
    SharedMutex() = default;
    SharedMutex(const SharedMutex&) = delete;
    SharedMutex& operator=(const SharedMutex&) = delete;

    void lock() EMBEDQ_ACQUIRE() { mutex_.lock(); }
    void unlock() EMBEDQ_RELEASE() { mutex_.unlock(); }
    void lock_shared() EMBEDQ_ACQUIRE_SHARED() { mutex_.lock_shared(); }
    void unlock_shared() EMBEDQ_RELEASE_SHARED() { mutex_.unlock_shared(); }

private:
    std::shared_mutex mutex_;
};

class EMBEDQ_SCOPED_CAPABILITY WriterLock {
public:
    explicit WriterLock(SharedMutex& mutex) EMBEDQ_ACQUIRE(mutex) : lock_(mutex) {}
    ~WriterLock() EMBEDQ_RELEASE() = default;
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;

    void lock() EMBEDQ_ACQUIRE() { lock_.lock(); }
    void unlock() EMBEDQ_RELEASE() { lock_.unlock(); }

private:
    std::unique_lock<SharedMutex> lock_;
};

class EMBEDQ_SCOPED_CAPABILITY ReaderLock {
public:
    explicit ReaderLock(SharedMutex& mutex) EMBEDQ_ACQUIRE_SHARED(mutex) : lock_(mutex) {}
    ~ReaderLock() EMBEDQ_RELEASE() = default;
    ReaderLock(const ReaderLock&) = delete;
    ReaderLock& operator=(const ReaderLock&) = delete;

    void lock() EMBEDQ_ACQUIRE_SHARED() { lock_.lock(); }
    void unlock() EMBEDQ_RELEASE() { lock_.unlock(); }

private:
    std::shared_lock<SharedMutex> lock_;
};

}  // namespace embedq::sync
