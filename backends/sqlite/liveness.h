// Which workers of a file are alive. Each holds a lock on one byte of a file beside the database, and the kernel lets
// go of it when the process ends, however it ends: a killed worker's jobs need not wait for their leases. Where locks
// cannot be had, leases alone decide.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "sync/mutex.h"

namespace embedq::sqlite {

class Liveness {
public:
    explicit Liveness(std::string path) : path_(std::move(path)) {}
    ~Liveness();
    Liveness(const Liveness&) = delete;
    Liveness& operator=(const Liveness&) = delete;

    // Says that the worker lives in this process, until this object ends.
    void hold(const std::string& worker_id);
    // Whether nobody holds the worker's lock. False where that cannot be told.
    [[nodiscard]] bool is_dead(const std::string& worker_id);

private:
    [[nodiscard]] bool open() EMBEDQ_REQUIRES(mutex_);

    const std::string path_;
    sync::Mutex mutex_;
    int file_ EMBEDQ_GUARDED_BY(mutex_) = -1;
    std::set<std::string> held_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::sqlite
