#include "cli/folder_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/document_finder.h"
#include "fetch/fetch.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

// A file counts as changed when its writer closes it.
constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
// Changes that go on are not waited out for longer.
constexpr std::chrono::seconds longest_series{5};

using Steady = std::chrono::steady_clock;

// The nearest folder above the path that exists, and what would appear in it.
std::pair<std::string, std::string> entry_above(const std::string& path) {
    std::error_code error;
    fs::path at = fs::absolute(path, error).lexically_normal();
    if (!at.has_filename()) at = at.parent_path();  // it ended with a slash
    while (at.has_relative_path()) {
        const fs::path parent = at.parent_path();
        if (fs::is_directory(parent, error)) return {parent.string(), at.filename().string()};
        at = parent;
    }
    return {};
}

}  // namespace

FolderWatch::FolderWatch()
    : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (events_ < 0) problem_ = fmt::format("folders cannot be watched: {}", std::strerror(errno));
}

FolderWatch::~FolderWatch() {
    if (events_ >= 0) ::close(events_);
    if (stop_ >= 0) ::close(stop_);
}

void FolderWatch::watch(const std::set<std::string>& folders, std::span<const std::string> paths) {
    if (events_ < 0) return;
    problem_.clear();
    std::map<int, Watched> added;
    for (const std::string& folder : folders) add(folder, {}, added);
    for (const std::string& path : paths) {
        if (fetch::is_url(path)) continue;
        const auto [folder, entry] = entry_above(path);
        if (!folder.empty()) add(folder, entry, added);
    }
    // A folder that was moved has its number still.
    for (const auto& [number, watched] : watched_) {
        if (!added.contains(number)) ::inotify_rm_watch(events_, number);
    }
    watched_ = std::move(added);
}

void FolderWatch::add(const std::string& folder, const std::string& only, std::map<int, Watched>& added) {
    // Adding one again is harmless, and needed if it was replaced under its name.
    const int number = ::inotify_add_watch(events_, folder.c_str(), changes);
    if (number >= 0) {
        Watched& watched = added[number];
        if (only.empty())
            watched.whole = true;
        else
            watched.names.insert(only);
    } else if (problem_.empty()) {
        problem_ = errno == ENOSPC ? fmt::format(
                                         "'{}' is not watched: the user's limit of watches is reached "
                                         "(sysctl fs.inotify.max_user_watches)",
                                         folder)
                                   : fmt::format("'{}' is not watched: {}", folder, std::strerror(errno));
    }
}

bool FolderWatch::matters(int number, std::uint32_t mask, std::string_view name) const {
    if ((mask & IN_IGNORED) != 0) return false;    // a watch that was ended
    if ((mask & IN_Q_OVERFLOW) != 0) return true;  // too many to be listed
    const auto at = watched_.find(number);
    if (at == watched_.end()) return false;
    const Watched& watched = at->second;
    if (watched.names.contains(std::string(name))) return true;
    if (!watched.whole) return name.empty();
    // Other files change for other reasons: a database in the folder does when its documents are stored.
    return name.empty() || (mask & IN_ISDIR) != 0 || is_document_name(name);
}

bool FolderWatch::drain() {
    alignas(inotify_event) std::array<char, 16'384> buffer{};
    bool any = false;
    while (events_ >= 0) {
        const ssize_t size = ::read(events_, buffer.data(), buffer.size());
        if (size <= 0) break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const char* name = buffer.data() + at + sizeof event;
            any = any || matters(event.wd, event.mask, event.len == 0 ? std::string_view() : std::string_view(name));
            at += sizeof event + event.len;
        }
    }
    return any;
}

FolderWatch::Wake FolderWatch::wait(std::chrono::milliseconds longest, std::chrono::milliseconds quiet,
                                    const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] { ::eventfd_write(stop_, 1); });
    Steady::time_point until = Steady::now() + longest;
    std::chrono::steady_clock::time_point latest = Steady::time_point::max();
    bool changed = false;
    while (!stop.stop_requested()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
        if (left <= std::chrono::milliseconds(0)) return changed ? Wake::changed : Wake::timeout;
        std::array<pollfd, 2> ready{{{stop_, POLLIN, 0}, {events_, POLLIN, 0}}};
        constexpr std::chrono::milliseconds longest_poll = std::chrono::hours(1);
        ::poll(ready.data(), ready.size(), static_cast<int>(std::min(left, longest_poll).count()));
        if (!drain()) continue;
        if (!changed) latest = Steady::now() + longest_series;
        changed = true;
        until = std::min(Steady::now() + quiet, latest);
    }
    return Wake::stopped;
}

}  // namespace embedq::cli
