// Blocks SIGPIPE in a scope.
//
// Thread-safety: of the thread that makes it.
#pragma once

#include <signal.h>

#include <ctime>

namespace embedq::http {

// OpenSSL writes to sockets without MSG_NOSIGNAL, so a server that closes the connection would end a process that does
// not ignore SIGPIPE.
class NoSigpipe {
public:
    NoSigpipe() {
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoSigpipe() {
        if (!was_pending_) {
            const timespec no_wait{};
            while (sigtimedwait(&pipe_, nullptr, &no_wait) == SIGPIPE) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

}  // namespace embedq::http
