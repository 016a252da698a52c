#include "cli/file_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <optional>

#include "sync/sleep.h"

namespace embedq::cli {
namespace {

constexpr int most_readings = 5;
constexpr std::chrono::milliseconds between_readings{100};

class OpenFile {
public:
    // The path may have become a pipe since it was found, and opening a pipe would wait for a writer.
    explicit OpenFile(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int number() const { return number_; }

private:
    const int number_;
};

std::unexpected<Error> failed(std::string_view what, int code) {
    return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::invalid_argument,
                fmt::format("{}: {}", what, std::strerror(code)));
}

bool is_same(const timespec& one, const timespec& other) {
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

// A program that writes can set the time of modification back, as archivers do, but not the time of change.
bool is_same(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
           is_same(one.st_mtim, other.st_mtim) && is_same(one.st_ctim, other.st_ctim);
}

// Whether the open file and what the path names now are as they were before it was read.
bool is_unchanged(const OpenFile& file, const std::string& path, const struct stat& before, std::size_t read) {
    struct stat open{};
    struct stat named{};
    return ::fstat(file.number(), &open) == 0 && ::stat(path.c_str(), &named) == 0 && is_same(before, open) &&
           is_same(before, named) && read == static_cast<std::size_t>(before.st_size);
}

std::string real_path_of(const OpenFile& file) {
    std::array<char, PATH_MAX> path{};
    const std::string link = fmt::format("/proc/self/fd/{}", file.number());
    const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
    return length < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

Result<std::string> read_all(const OpenFile& file, std::size_t size, const FileReading& reading) {
    std::string content;
    content.reserve(size);
    std::array<char, 1U << 16U> block{};
    while (true) {
        if (reading.stop.stop_requested())
            return fail(ErrorKind::unavailable, "was not read, since embedq is stopping");
        const ssize_t got = ::read(file.number(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("cannot be read completely", errno);
        if (got == 0) return content;
        content.append(block.data(), static_cast<std::size_t>(got));
        if (content.size() > reading.max_bytes)
            return fail(ErrorKind::too_large, fmt::format("is longer than {} bytes", reading.max_bytes));
    }
}

// Nothing if the file changed meanwhile.
Result<std::optional<std::string>> read_once(const std::string& path, const FileReading& reading) {
    const OpenFile file(path);
    if (file.number() < 0) return failed("cannot be opened", errno);
    struct stat before{};
    if (::fstat(file.number(), &before) != 0) return failed("cannot be read", errno);
    if (!S_ISREG(before.st_mode)) return fail(ErrorKind::invalid_argument, "is no longer a file");
    if (!reading.real_path.empty() && real_path_of(file) != reading.real_path)
        return fail(ErrorKind::invalid_argument, "is not the file any more that it was");
    const auto size = static_cast<std::size_t>(before.st_size);
    if (size > reading.max_bytes) {
        return fail(ErrorKind::too_large,
                    fmt::format("is {} bytes long, but at most {} are read", size, reading.max_bytes));
    }
    auto content = read_all(file, size, reading);
    if (!content) return std::unexpected(std::move(content.error()));
    if (reading.after_read) reading.after_read();
    if (!is_unchanged(file, path, before, content->size())) return std::nullopt;
    return std::move(*content);
}

}  // namespace

Result<std::string> read_file(const std::string& path, const FileReading& reading) {
    for (int readings = 1;; ++readings) {
        auto content = read_once(path, reading);
        if (!content) return std::unexpected(std::move(content.error()));
        if (*content) return std::move(**content);
        if (readings == most_readings) break;
        const bool go_on = reading.wait ? reading.wait() : sync::sleep_for(between_readings, reading.stop);
        if (!go_on) return fail(ErrorKind::unavailable, "was not read, since embedq is stopping");
    }
    return fail(ErrorKind::unavailable, fmt::format("changed each of the {} times it was read", most_readings),
                "index it again when it is written");
}

}  // namespace embedq::cli
