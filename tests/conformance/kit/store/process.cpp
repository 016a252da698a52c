#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace embedq::conformance {
namespace {

[[noreturn]] void fail_with(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
    }
    for (const auto& [name, value] : added) all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

Process::Process(const ProcessCommand& command) {
    // A child that died takes no more input; that must not end the kit itself.
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    // Not inherited, so that a child's input ends when the kit closes it, whatever other children run.
    if (::pipe2(in.data(), O_CLOEXEC) != 0) fail_with(errno, "pipe");
    if (::pipe2(out.data(), O_CLOEXEC) != 0) fail_with(errno, "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<std::string> arguments = command.arguments;
    std::vector<std::string> environment = environment_with(command.environment);
    const int error = ::posix_spawn(&pid_, arguments.at(0).c_str(), &actions, nullptr, pointers(arguments).data(),
                                    pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
    if (error != 0) fail_with(error, arguments[0]);
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
    close_input();
    if (pid_ > 0 && !status_) {
        ::kill(pid_, SIGKILL);
        wait();
    }
    if (output_ >= 0) ::close(output_);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      ended_(other.ended_),
      status_(other.status_),
      buffer_(std::move(other.buffer_)) {}

void Process::write_line(const std::string& line) {
    const std::string bytes = line + "\n";
    // Shorter than a pipe's buffer: written completely, or not at all if the child died.
    if (::write(input_, bytes.data(), bytes.size()) < 0 && errno != EPIPE)
        fail_with(errno, "write to the child process");
}

void Process::close_input() {
    if (input_ >= 0) ::close(std::exchange(input_, -1));
}

std::optional<std::string> Process::read_line(std::chrono::milliseconds within) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (true) {
        if (auto line = take_line()) return line;
        if (ended_) return std::nullopt;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            ADD_FAILURE() << "a child process wrote nothing within " << within.count() << " ms";
            return std::nullopt;
        }
        fill(left);
    }
}

std::optional<std::string> Process::poll_line() {
    if (!ended_) fill(std::chrono::milliseconds(0));
    return take_line();
}

bool Process::fill(std::chrono::milliseconds timeout) {
    pollfd waiting{output_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(timeout.count())) <= 0) return true;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0) ended_ = true;
    return !ended_;
}

std::optional<std::string> Process::take_line() {
    const auto end = buffer_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
}

void Process::send(int signal) const {
    ::kill(pid_, signal);
}

bool Process::running() {
    if (status_) return false;
    siginfo_t info{};
    // Does not reap it: a signal for a process that was reaped could reach another one with the same id.
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int Process::wait() {
    if (status_) return *status_;
    int raw = 0;
    while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
    }
    status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : -WTERMSIG(raw);
    return *status_;
}

}  // namespace embedq::conformance
