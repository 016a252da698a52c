#include "files/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "files/file_safety.h"

namespace embedq::files {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often a command is looked for that has closed its output and still runs.
constexpr milliseconds step{20};
constexpr std::string_view white_space = " \t\r\n\f\v";

class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return number_; }
    void reset(int number) {
        close();
        number_ = number;
    }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

private:
    int number_;
};

std::unexpected<Error> failed(const std::string& program, std::string_view what,
                              std::string hint = "run it by hand as this user to see why",
                              ErrorKind kind = ErrorKind::misconfigured) {
    return fail(kind, fmt::format("the command '{}' {}", program, what), std::move(hint));
}

std::unexpected<Error> cannot_start(const std::string& program, int code) {
    return failed(program, fmt::format("cannot be started: {}", std::generic_category().message(code)));
}

// The program's file: as named, or as PATH leads to it.
std::optional<fs::path> find_program(const std::string& program, const fs::path& folder) {
    if (program.find('/') != std::string::npos) return folder / program;
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (!rest.empty()) {
        const auto place = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(place.size() + 1, rest.size()));
        // An empty place stands for the working folder, which is not looked into.
        if (!place.starts_with('/')) continue;
        fs::path file = fs::path(place) / program;
        struct stat info{};
        if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(file.c_str(), X_OK) == 0) return file;
    }
    return std::nullopt;
}

std::vector<std::string> minimal_environment() {
    std::vector<std::string> environment;
    for (const char* const name : {"PATH", "HOME", "LANG"}) {
        if (const char* const value = std::getenv(name)) environment.push_back(fmt::format("{}={}", name, value));
    }
    return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// A child with a group of its own. Destroyed, it is killed with all of its group.
class Child {
public:
    Child() = default;
    ~Child() { end(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // 0, or why it cannot be started.
    int start(const fs::path& program, std::span<const std::string> arguments, const fs::path& folder, int output) {
        std::vector<std::string> words(arguments.begin(), arguments.end());
        std::vector<std::string> environment = minimal_environment();
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        if (const int code = ::posix_spawn_file_actions_init(&actions); code != 0) return code;
        if (const int code = ::posix_spawnattr_init(&attributes); code != 0) {
            ::posix_spawn_file_actions_destroy(&actions);
            return code;
        }
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, output, 1);
        ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
        const int code = ::posix_spawn(&id_, program.c_str(), &actions, &attributes, pointers(words).data(),
                                       pointers(environment).data());
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
        if (code != 0) id_ = 0;
        return code;
    }

    // Whether it has ended. It is not reaped, so its group cannot become another's.
    [[nodiscard]] bool has_ended() const {
        siginfo_t info{};
        const int found = ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT);
        return found != 0 || info.si_pid != 0;
    }

    // Kills what is left of its group, and returns its status.
    int end() {
        if (id_ == 0) return 0;
        ::kill(-id_, SIGKILL);
        int status = 0;
        pid_t reaped = 0;
        do reaped = ::waitpid(id_, &status, 0);
        while (reaped < 0 && errno == EINTR);
        id_ = 0;
        return status;
    }

private:
    pid_t id_ = 0;
};

// Makes a stop readable for poll().
class StopEvent {
public:
    explicit StopEvent(const std::stop_token& stop)
        : event_(::eventfd(0, EFD_CLOEXEC)), callback_(stop, Signal{this}) {}
    [[nodiscard]] int get() const { return event_.get(); }

private:
    struct Signal {
        StopEvent* event;
        void operator()() const {
            const std::uint64_t one = 1;
            [[maybe_unused]] const auto written = ::write(event->event_.get(), &one, sizeof one);
        }
    };
    Descriptor event_;
    std::stop_callback<Signal> callback_;
};

enum class Ending { ended, too_late, too_long, stopped };

// Reads what the command prints until it ends, or until it must be ended.
Ending read_output(const Child& child, int output, const std::stop_token& stop, const CommandLimits& limits,
                   std::string& text) {
    const auto deadline = steady_clock::now() + limits.time;
    const StopEvent stop_event(stop);
    bool open = true;
    while (true) {
        // Looked at before the reading, so that nothing is left behind that it has printed.
        const bool ended = child.has_ended();
        while (open) {
            std::array<char, 4096> block{};
            const ssize_t got = ::read(output, block.data(), block.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
            if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
            open = got > 0;
            if (text.size() > limits.output_bytes) return Ending::too_long;
        }
        if (ended) return Ending::ended;
        if (stop.stop_requested()) return Ending::stopped;
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) return Ending::too_late;
        std::array<pollfd, 2> waiting{{{stop_event.get(), POLLIN, 0}, {open ? output : -1, POLLIN, 0}}};
        (void)::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(left, step).count()));
    }
}

Result<std::string> first_line(const std::string& program, std::string_view text) {
    std::string_view line = text.substr(0, text.find('\n'));
    line.remove_prefix(std::min(line.find_first_not_of(white_space), line.size()));
    line = line.substr(0, line.find_last_not_of(white_space) + 1);
    if (line.empty()) return failed(program, "printed nothing in its first line");
    return std::string(line);
}

}  // namespace

Result<std::string> first_line_of(std::span<const std::string> arguments, const fs::path& folder,
                                  const std::stop_token& stop, const CommandLimits& limits) {
    const std::string& name = arguments.front();
    const auto program = find_program(name, folder);
    if (!program) return failed(name, "is not in PATH", "name its file");
    if (auto safe = check_only_owner_replaces(*program, "command"); !safe) return std::unexpected(safe.error());

    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_start(name, errno);
    const Descriptor output(ends[0]);
    Descriptor input(ends[1]);
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
    Child child;
    if (const int code = child.start(*program, arguments, folder, input.get()); code != 0)
        return cannot_start(name, code);
    input.close();

    std::string text;
    const Ending ending = read_output(child, output.get(), stop, limits, text);
    const int status = child.end();
    switch (ending) {
        case Ending::stopped: return failed(name, "was stopped", {}, ErrorKind::unavailable);
        case Ending::too_late:
            return failed(name,
                          fmt::format("did not end within {} s, so it was killed",
                                      std::chrono::duration<double>(limits.time).count()),
                          "run it by hand as this user to see why", ErrorKind::unavailable);
        case Ending::too_long:
            return failed(name, fmt::format("printed more than {} KiB, so it was killed", limits.output_bytes >> 10U));
        case Ending::ended: break;
    }
    if (WIFSIGNALED(status)) return failed(name, fmt::format("was ended by signal {}", WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) return failed(name, fmt::format("ended with status {}", WEXITSTATUS(status)));
    return first_line(name, text);
}

}  // namespace embedq::files
