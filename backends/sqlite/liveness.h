// Which workers of a file are alive. Each holds a lock on one byte of a file beside the database, and the kernel lets
// go of it when the process ends, however it ends: a killed worker's jobs need not wait for their leases. Where locks
// cannot be had, leases alone decide.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

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
    [[nodiscard]] bool open();

    const std::string path_;
    std::mutex mutex_;
    int file_ = -1;               // guarded by mutex_
    std::set<std::string> held_;  // guarded by mutex_
};

}  // namespace embedq::sqlite
