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
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

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

    // Watches these folders, and no others. Those that cannot be watched are left out. Also notices when one of these
    // paths appears, or is replaced.
    void watch(const std::set<std::string>& folders, std::span<const std::string> paths = {});
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
    // A watched folder, by the number that the kernel gives it.
    struct Watched {
        bool whole = false;           // or only these entries
        std::set<std::string> names;  // of entries
    };
    [[nodiscard]] bool matters(int number, std::uint32_t mask, std::string_view name) const;
    void add(const std::string& folder, const std::string& only, std::map<int, Watched>& added);

    std::map<int, Watched> watched_;
    std::string problem_;
};

}  // namespace embedq::cli
