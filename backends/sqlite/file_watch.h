// Which file has the path of the store, so that a file that was replaced or removed under the running process is
// noticed: the connections would stay on the one that no path leads to any more.
//
// Thread-safety: `id_of` is a plain function; every member of FileWatch may be called from any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "sync/mutex.h"

namespace embedq::sqlite {

struct FileId {
    dev_t device = 0;
    ino_t inode = 0;

    bool operator==(const FileId&) const = default;
};

// Nothing where there is no file.
[[nodiscard]] std::optional<FileId> id_of(const std::string& path);

class FileWatch {
public:
    FileWatch(std::string path, Logger& logger) : path_(std::move(path)), logger_(logger) {}

    // Looks at the file, and logs once if it was replaced or removed, and when there is one again. Before the first
    // connection to another file, the write-ahead log of the earlier one must not be beside it: SQLite would write its
    // pages into the new file. It is renamed here, never deleted.
    void look();
    // How many other files had the path before this one, since the process uses it.
    [[nodiscard]] std::uint64_t earlier_files(const FileId& file) const;

private:
    struct Files {
        std::optional<FileId> database;
        std::optional<FileId> log;
        std::optional<FileId> index;  // of the log, "-shm"
    };

    [[nodiscard]] Files present() const;
    // What is to be logged; empty if nothing is.
    [[nodiscard]] std::string follow(const Files& now) EMBEDQ_REQUIRES(mutex_);
    // The new name of the earlier file's log; empty if there was none.
    [[nodiscard]] std::string set_log_aside(const Files& now) EMBEDQ_REQUIRES(mutex_);

    const std::string path_;
    Logger& logger_;
    mutable sync::Mutex mutex_;
    std::vector<FileId> files_ EMBEDQ_GUARDED_BY(mutex_);  // in their order
    Files last_ EMBEDQ_GUARDED_BY(mutex_);                 // when there was a database
    bool removed_ EMBEDQ_GUARDED_BY(mutex_) = false;
};

}  // namespace embedq::sqlite
