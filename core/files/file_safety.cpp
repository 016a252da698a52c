#include "files/file_safety.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace embedq::files {
namespace {

namespace fs = std::filesystem;

enum class Sticky { counts_for_nothing, keeps_others_out };

Status check(const fs::path& path, std::string_view what, Sticky sticky) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("'{}' cannot be examined: {}", path.string(), std::generic_category().message(errno)));
    }
    const bool is_folder = S_ISDIR(info.st_mode);
    const std::string subject = fmt::format("{} {} '{}'", what, is_folder ? "folder" : "file", path.string());
    const bool only_owners_replace = sticky == Sticky::keeps_others_out && is_folder && (info.st_mode & S_ISVTX) != 0;
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !only_owners_replace) {
        const char* who = (info.st_mode & S_IWOTH) != 0 ? "everyone" : "its group";
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} has mode {:04o}, so {} may change it, but only its owner may", subject,
                                info.st_mode & 07777, who),
                    fmt::format("run: chmod go-w '{}'", path.string()));
    }
    const uid_t user = ::geteuid();
    if (info.st_uid != 0 && info.st_uid != user) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} belongs to user {}, but must belong to root or to user {}, who runs embedq",
                                subject, info.st_uid, user),
                    fmt::format("run: chown {} '{}'", user, path.string()));
    }
    return {};
}

Status check_way(const fs::path& file, std::string_view what) {
    if (auto safe = check(file, what, Sticky::counts_for_nothing); !safe) return safe;
    for (fs::path folder = file.parent_path();; folder = folder.parent_path()) {
        if (auto safe = check(folder, what, Sticky::keeps_others_out); !safe) return safe;
        if (folder == folder.parent_path()) return {};
    }
}

}  // namespace

Status check_only_owner_writes(const fs::path& path, std::string_view what) {
    return check(path, what, Sticky::counts_for_nothing);
}

Status check_only_owner_replaces(const fs::path& file, std::string_view what) {
    std::error_code error;
    const fs::path named = fs::absolute(file, error).lexically_normal();
    const fs::path real = error ? fs::path() : fs::canonical(named, error);
    if (error) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} file '{}' cannot be examined: {}", what, file.string(), error.message()));
    }
    if (auto safe = check_way(real, what); !safe || named == real) return safe;
    return check_way(named, what);
}

}  // namespace embedq::files
