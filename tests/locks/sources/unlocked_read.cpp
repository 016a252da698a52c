// A guarded member is read without its lock.
#include "sync/mutex.h"

namespace embedq {

class Counter {
public:
    void add() {
        const sync::Lock lock(mutex_);
        ++count_;
    }
    [[nodiscard]] int count() const {
        return count_;  // error: reading variable 'count_' requires holding mutex 'mutex_'
    }

private:
    mutable sync::Mutex mutex_;
    int count_ EMBEDQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace embedq
