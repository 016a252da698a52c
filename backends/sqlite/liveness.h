// Which workers of a file are alive. Each holds a lock on one byte of a file beside the database, and the kernel
// releases it when the process ends, however it ends: so the jobs of a killed worker need not wait for their leases to
// expire. If locks do not work, only the leases count.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "file_watch.h"
#include "sync/mutex.h"

namespace embedq::sqlite {

class Liveness {
public:
    explicit Liveness(std::string path) : path_(std::move(path)) {}
    ~Liveness();
    Liveness(const Liveness&) = delete;
    Liveness& operator=(const Liveness&) = delete;

    // Marks the worker as alive until this object is destroyed or the process ends.
    void hold(const std::string& worker_id);
    // Whether nobody holds the worker's lock. False if that cannot be found out.
    [[nodiscard]] bool is_dead(const std::string& worker_id);

private:
    // The file that has the path now: if it was removed or replaced, the locks are taken again in the present one.
    [[nodiscard]] bool open() EMBEDQ_REQUIRES(mutex_);
    [[nodiscard]] bool lock_byte(const std::string& worker_id) EMBEDQ_REQUIRES(mutex_);

    const std::string path_;
    sync::Mutex mutex_;
    int file_ EMBEDQ_GUARDED_BY(mutex_) = -1;
    std::optional<FileId> opened_ EMBEDQ_GUARDED_BY(mutex_);
    std::set<std::string> held_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::sqlite
