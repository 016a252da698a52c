#include "loader/file_safety.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace embedq::plugins {

Status check_only_owner_writes(const std::filesystem::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("'{}' cannot be examined: {}", path.string(), std::generic_category().message(errno)));
    }
    const char* what = S_ISDIR(info.st_mode) ? "plugin folder" : "plugin file";
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        const char* who = (info.st_mode & S_IWOTH) != 0 ? "everyone" : "its group";
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} '{}' has mode {:04o}, so {} may change it, but only its owner may", what,
                                path.string(), info.st_mode & 07777, who),
                    fmt::format("run: chmod go-w '{}'", path.string()));
    }
    const uid_t user = ::geteuid();
    if (info.st_uid != 0 && info.st_uid != user) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} '{}' belongs to user {}, but must belong to root or to user {}, who runs embedq",
                                what, path.string(), info.st_uid, user),
                    fmt::format("run: chown {} '{}'", user, path.string()));
    }
    return {};
}

}  // namespace embedq::plugins
