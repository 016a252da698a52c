// Functions without the annotation that their caller must hold the lock: they access a guarded member and wait for it.
#include <condition_variable>
#include <stop_token>

#include "sync/mutex.h"

namespace embedq {

class Queue {
public:
    void put() {
        const sync::Lock lock(mutex_);
        grow();
    }
    void take(std::stop_token stop) {
        sync::Lock lock(mutex_);
        grown_.wait(lock, std::move(stop), [&] {
            return size_ > 0;  // error: reading variable 'size_' requires holding mutex 'mutex_'
        });
    }

private:
    void grow() {
        ++size_;  // error: writing variable 'size_' requires holding mutex 'mutex_' exclusively
    }
    void shrink() EMBEDQ_REQUIRES(mutex_) { --size_; }
    void clear() {
        shrink();  // error: calling function 'shrink' requires holding mutex 'mutex_' exclusively
    }

    sync::Mutex mutex_;
    std::condition_variable_any grown_;
    int size_ EMBEDQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace embedq
