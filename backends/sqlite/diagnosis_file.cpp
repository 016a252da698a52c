#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "diagnosis.h"
#include "documents/size_text.h"

namespace embedq::sqlite {
namespace {

namespace fs = std::filesystem;

using documents::size_text;

constexpr std::int64_t mebibyte = 1 << 20;
constexpr std::int64_t too_little_space = 64 * mebibyte;
constexpr std::int64_t little_space = 1024 * mebibyte;
// Checkpoints keep the log at about 16 MB, and truncate it to 64 MB; a longer one means that a process reads for long.
constexpr std::int64_t long_log = 256 * mebibyte;

std::string quoted(const std::string& text) {
    return "'" + text + "'";
}

std::optional<struct stat> status_of(const std::string& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return found;
}

std::string user_text(uid_t user) {
    struct passwd entry{};
    struct passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return quoted(entry.pw_name);
    return "with the number " + std::to_string(user);
}

std::string mode_text(mode_t mode) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
    return text.data();
}

// The folder of the file or, if it does not exist, the nearest one above it that does.
std::string existing_folder_of(const std::string& path) {
    std::error_code error;
    fs::path folder = fs::absolute(path, error).parent_path();
    while (folder.has_relative_path() && !fs::exists(folder, error)) folder = folder.parent_path();
    return folder.string();
}

// Why this user cannot use the file or folder, or nothing.
std::optional<Finding> refused(const std::string& path, int access) {
    if (::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0) return std::nullopt;
    const int reason = errno;
    if (reason == EROFS) {
        return Finding{FindingLevel::fault, "permissions",
                       quoted(path) + " is on a file system that is mounted read-only",
                       "mount it for writing, or point 'path' elsewhere"};
    }
    const std::string me = user_text(::geteuid());
    const auto found = status_of(path);
    if (!found) {
        return Finding{
            FindingLevel::fault, "permissions",
            "the user " + me + " cannot reach " + quoted(path) + " (" + std::generic_category().message(reason) + ")",
            "give this user the right to enter the folders above it, or point 'path' elsewhere"};
    }
    return Finding{FindingLevel::fault, "permissions",
                   "the user " + me + " may not read and write " + quoted(path) + " (owner " +
                       user_text(found->st_uid) + ", mode " + mode_text(found->st_mode) + ")",
                   "run embedq as the user " + user_text(found->st_uid) +
                       ", or give the file and its folder to the user " + me + " (chown)"};
}

Finding permissions(const std::string& path, const std::string& folder) {
    for (const char* part : {"", "-wal", "-shm", "-workers"}) {
        const std::string file = path + part;
        if (::access(file.c_str(), F_OK) != 0) continue;
        if (auto fault = refused(file, R_OK | W_OK)) return std::move(*fault);
    }
    // SQLite creates its log beside the file.
    if (auto fault = refused(folder, W_OK | X_OK)) return std::move(*fault);
    for (const std::string& each : {path, folder}) {
        const auto found = status_of(each);
        // In a folder with the sticky bit, such as /tmp, nobody can replace another user's file.
        if (!found || (found->st_mode & S_IWOTH) == 0 || (S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX) != 0))
            continue;
        return {FindingLevel::note, "permissions", "every user of this machine may write " + quoted(each),
                "chmod o-w " + quoted(each)};
    }
    const auto found = status_of(path);
    return {FindingLevel::good, "permissions",
            "the user " + user_text(::geteuid()) + " may write the file's folder" +
                (found ? " and the file (mode " + mode_text(found->st_mode) + ")" : "")};
}

Finding file(const std::string& path) {
    const auto found = status_of(path);
    if (const int reason = errno; !found && reason != ENOENT) {
        return {FindingLevel::fault, "file",
                quoted(path) + " cannot be reached (" + std::generic_category().message(reason) + ")",
                "point 'path' at a file in a folder that this user may enter"};
    }
    if (!found) {
        return {FindingLevel::note, "file", quoted(path) + " does not exist yet",
                "run `embedq migrate up` to create it (index, serve and worker do so at their start); if it should "
                "exist, correct 'path'"};
    }
    const auto log = status_of(path + "-wal");
    const std::int64_t log_size = log ? log->st_size : 0;
    Finding finding{FindingLevel::good, "file",
                    quoted(path) + ", " + size_text(found->st_size) +
                        (log_size > 0 ? ", and " + size_text(log_size) + " in its write-ahead log" : "")};
    if (log_size > long_log) {
        finding.level = FindingLevel::note;
        finding.hint =
            "end the process whose long read keeps the log from being checkpointed; the next writes then "
            "shrink the log";
    }
    return finding;
}

std::optional<Finding> space(const std::string& folder) {
    struct statvfs found{};
    if (::statvfs(folder.c_str(), &found) != 0) return std::nullopt;
    const auto free = static_cast<std::int64_t>(found.f_bavail * found.f_frsize);
    Finding finding{FindingLevel::good, "free disk space", size_text(free) + " for " + quoted(folder)};
    if (free < little_space) {
        finding.level = free < too_little_space ? FindingLevel::fault : FindingLevel::note;
        finding.hint = "free some space, or move the file to a larger disk and correct 'path'";
    }
    return finding;
}

// Locks and shared memory do not work across machines on these.
std::optional<Finding> network_share(const std::string& folder) {
    constexpr std::array<unsigned long, 4> shares{0x6969 /* NFS */, 0x517b /* SMB */, 0xff534d42 /* CIFS */,
                                                  0xfe534d42 /* SMB2 */};
    struct statfs found{};
    if (::statfs(folder.c_str(), &found) != 0) return std::nullopt;
    if (std::ranges::find(shares, static_cast<unsigned long>(found.f_type) & 0xffffffffUL) == shares.end())
        return std::nullopt;
    return Finding{FindingLevel::fault, "file system",
                   quoted(folder) + " is on a network share, over which SQLite cannot lock safely",
                   "put the file on a local disk"};
}

}  // namespace

std::vector<Finding> diagnose_file(const std::string& path) {
    const std::string folder = existing_folder_of(path);
    std::vector<Finding> findings{file(path), permissions(path, folder)};
    if (auto finding = space(folder)) findings.push_back(std::move(*finding));
    if (auto finding = network_share(folder)) findings.push_back(std::move(*finding));
    return findings;
}

// Every connection to a file with a write-ahead log holds a lock on one byte of the file's shared memory, and the
// kernel lists the holders. That file must not be opened to query its locks: closing it would release this process's
// own.
OtherProcesses other_processes(const std::string& path) {
    constexpr const char* held_byte = "128";
    OtherProcesses others;
    const auto shared = status_of(path + "-shm");
    std::ifstream locks("/proc/locks");
    if (!shared || !locks) return others;
    const std::string inode = ":" + std::to_string(shared->st_ino);
    std::vector<std::pair<std::string, int>> holders;  // by device and inode
    std::string mine;
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number;
        std::string type;
        std::string advice;
        std::string mode;
        std::string place;
        std::string first;
        int pid = 0;
        words >> number >> type >> advice >> mode >> pid >> place >> first;
        if (!words || type != "POSIX" || first != held_byte || !place.ends_with(inode)) continue;
        if (pid == ::getpid()) {
            mine = place;
        } else {
            holders.emplace_back(place, pid);
        }
    }
    // The device number in this list is not always that of stat; this process's own lock shows it.
    others.known = !mine.empty();
    for (const auto& [place, pid] : holders) {
        if (place == mine && std::ranges::find(others.pids, pid) == others.pids.end()) others.pids.push_back(pid);
    }
    std::ranges::sort(others.pids);
    return others;
}

}  // namespace embedq::sqlite
