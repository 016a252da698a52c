// While it exists, the system starts no further thread for this process.
//
// Thread-safety: one at a time.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace embedq {

class NoThreads {
public:
    NoThreads() {
        if (pthread_getattr_default_np(&before_) != 0) throw std::runtime_error("pthread_getattr_default_np failed");
        pthread_attr_t attributes = before_;
        // There is no room for such a stack.
        pthread_attr_setstacksize(&attributes, std::size_t{1} << 47U);
        if (pthread_setattr_default_np(&attributes) != 0) throw std::runtime_error("pthread_setattr_default_np failed");
    }
    ~NoThreads() {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

private:
    pthread_attr_t before_{};
};

}  // namespace embedq
