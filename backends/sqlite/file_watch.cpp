#include "file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace embedq::sqlite {

std::optional<FileId> id_of(const std::string& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return FileId{.device = found.st_dev, .inode = found.st_ino};
}

FileWatch::Files FileWatch::present() const {
    return {.database = id_of(path_), .log = id_of(path_ + "-wal"), .index = id_of(path_ + "-shm")};
}

void FileWatch::look() {
    std::string line;
    {
        const sync::Lock lock(mutex_);
        line = follow(present());
    }
    if (!line.empty()) logger_.warn(line);
}

std::string FileWatch::follow(const Files& now) {
    const std::string store = "SQLite store '" + path_ + "': ";
    if (!now.database) {
        if (!last_.database || removed_) return {};
        removed_ = true;
        return store + "the file was removed while it was in use; nothing is written until there is one again";
    }
    if (files_.empty() || files_.back() != *now.database) files_.push_back(*now.database);
    const bool was_removed = std::exchange(removed_, false);
    if (!last_.database || last_.database == now.database) {
        last_ = now;
        return was_removed ? store + "the file is there again" : "";
    }
    const std::string aside = set_log_aside(now);
    last_ = {.database = now.database, .log = {}, .index = {}};
    return store + "the file was replaced while it was in use; the store continues with the new one" +
           (aside.empty() ? "" : ", and the write-ahead log of the earlier one is now '" + aside + "'");
}

std::uint64_t FileWatch::earlier_files(const FileId& file) const {
    const sync::Lock lock(mutex_);
    const auto found = std::find(files_.rbegin(), files_.rend(), file);
    // One that was opened since the last look comes after all others.
    return found == files_.rend() ? files_.size() : static_cast<std::uint64_t>(files_.rend() - found - 1);
}

std::string FileWatch::set_log_aside(const Files& now) {
    const std::string suffix = ".replaced-" + std::to_string(last_.database->inode);
    const auto rename = [&](const std::string& name, const std::optional<FileId>& before,
                            const std::optional<FileId>& there) {
        return before && before == there && std::rename(name.c_str(), (name + suffix).c_str()) == 0;
    };
    rename(path_ + "-shm", last_.index, now.index);
    return rename(path_ + "-wal", last_.log, now.log) ? path_ + "-wal" + suffix : "";
}

}  // namespace embedq::sqlite
