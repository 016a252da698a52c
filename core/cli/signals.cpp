#include "cli/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "sync/sleep.h"

namespace embedq::cli {
namespace {

using std::chrono::steady_clock;

constexpr int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGPWR, SIGXCPU};
// By default each of them ends a process. SIGPIPE and SIGXFSZ: the write fails instead.
constexpr int meaningless[] = {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO};

// A blocked signal reaches the descriptor even if it is ignored.
bool is_ignored(int number) {
    struct sigaction present{};
    return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

// In milliseconds, as poll takes them.
int until(steady_clock::time_point time) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace

Signals::Signals() {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : stops) {
        if (number != SIGHUP || !is_ignored(number)) sigaddset(&watched, number);
    }
    if (const int error = pthread_sigmask(SIG_BLOCK, &watched, nullptr); error != 0) {
        throw std::system_error(error, std::generic_category(), "pthread_sigmask");
    }
    for (const int number : meaningless) std::signal(number, SIG_IGN);
    signal_fd_ = ::signalfd(-1, &watched, SFD_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
    if (signal_fd_ < 0 || wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
    ending_ = true;
    wake();
    thread_.join();
    ::close(signal_fd_);
    ::close(wake_fd_);
}

void Signals::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void Signals::wait() const {
    sync::sleep_until_stopped(stop_.get_token());
}

void Signals::on_overdue(OverdueStop overdue) {
    const sync::Lock lock(mutex_);
    overdue_ = std::move(overdue);
}

void Signals::stop_at(steady_clock::time_point time) {
    {
        const sync::Lock lock(mutex_);
        stop_at_ = time;
    }
    wake();
}

void Signals::stop() {
    stopped_at_ = steady_clock::now();
    // A copy, since requesting a stop changes the source, not this object.
    std::stop_source source = stop_;
    source.request_stop();
}

int Signals::watch_the_time() {
    std::optional<steady_clock::time_point> time;
    {
        const sync::Lock lock(mutex_);
        time = stop_at_;
    }
    if (!time) return -1;
    if (steady_clock::now() < *time) return until(*time);
    timed_out_ = true;
    stop();
    return 0;
}

void Signals::end_process(const Ending& ending) {
    std::string hanging;
    {
        const sync::Lock lock(mutex_);
        if (overdue_.hanging) hanging = overdue_.hanging();
        if (overdue_.restore) overdue_.restore();
    }
    const std::string line =
        "embedq: error: " + std::string(timed_out_ ? "the time is over, and the end" : "the stop") +
        " took longer than " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ending.end_after).count()) + " s" +
        (hanging.empty() ? "" : "; not returned: " + hanging) +
        "; the process ends without waiting, and its leases run out\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    ::_exit(ending.exit_status);
}

int Signals::watch_the_stop() {
    if (!stop_.stop_requested()) return watch_the_time();
    const Ending& ending = timed_out_ ? after_the_time : after_a_signal;
    const auto passed = steady_clock::now() - stopped_at_;
    if (passed >= ending.end_after) end_process(ending);
    if (passed >= ending.interrupt_after && !interrupted_) {
        interrupted_ = true;
        const sync::Lock lock(mutex_);
        if (overdue_.interrupt) overdue_.interrupt();
    }
    return until(stopped_at_ + (interrupted_ ? ending.end_after : ending.interrupt_after));
}

void Signals::take_signal() {
    signalfd_siginfo info{};
    if (::read(signal_fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    // A terminal that closes may send several.
    if (stop_.stop_requested() && info.ssi_signo == SIGHUP) return;
    if (stop_.stop_requested()) {
        const sync::Lock lock(mutex_);
        if (overdue_.restore) overdue_.restore();
        ::_exit(128 + static_cast<int>(info.ssi_signo));
    }
    stop();
}

void Signals::run() {
    std::array<pollfd, 2> watched{pollfd{signal_fd_, POLLIN, 0}, pollfd{wake_fd_, POLLIN, 0}};
    while (true) {
        if (::poll(watched.data(), watched.size(), watch_the_stop()) < 0 && errno != EINTR) return;
        if (ending_) return;
        std::uint64_t wakes = 0;
        if ((watched[1].revents & POLLIN) != 0 && ::read(wake_fd_, &wakes, sizeof wakes) < 0) return;
        if ((watched[0].revents & POLLIN) != 0) take_signal();
    }
}

}  // namespace embedq::cli
