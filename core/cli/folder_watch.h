// Notices when something changes in folders (inotify).
//
// A hint, not a record: what changes in a folder before it is watched is not seen, and a file system on a network may
// report nothing. So its user also looks without it now and then.
//
// Thread-safety: one thread uses it; the stop may come from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "embedq/error.h"

namespace embedq::cli {

class FolderWatch {
public:
    enum class Wake : std::uint8_t { changed, timeout, stopped };

    // Without the kernel's help it only ever times out; `problem` says why.
    FolderWatch();
    ~FolderWatch();
    FolderWatch(const FolderWatch&) = delete;
    FolderWatch& operator=(const FolderWatch&) = delete;

    // Watches these folders, and no others. Those that cannot be watched are left out.
    void watch(const std::set<std::string>& folders);
    // Returns when something changed and then nothing more for `quiet`, or after `longest`.
    [[nodiscard]] Wake wait(std::chrono::milliseconds longest, std::chrono::milliseconds quiet,
                            const std::stop_token& stop);
    // Why not all folders are watched; empty if they are.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    // Takes what has happened; false if nothing has.
    bool drain();

    int events_ = -1;
    int stop_ = -1;  // readable after a stop
    std::map<std::string, int> watched_;
    std::string problem_;
};

}  // namespace embedq::cli
