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
#include <string>
#include <system_error>
#include <utility>

#include "sync/sleep.h"

namespace embedq::cli {
namespace {

// A blocked signal reaches the descriptor even if it is ignored.
bool is_ignored(int number) {
    struct sigaction present{};
    return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals() {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    if (!is_ignored(SIGHUP)) sigaddset(&watched, SIGHUP);
    if (const int error = pthread_sigmask(SIG_BLOCK, &watched, nullptr); error != 0) {
        throw std::system_error(error, std::generic_category(), "pthread_sigmask");
    }
    // A closed pipe or connection must not end the process; the write fails instead.
    std::signal(SIGPIPE, SIG_IGN);
    signal_fd_ = ::signalfd(-1, &watched, SFD_CLOEXEC);
    end_fd_ = ::eventfd(0, EFD_CLOEXEC);
    if (signal_fd_ < 0 || end_fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(end_fd_, &one, sizeof one);
    thread_.join();
    ::close(signal_fd_);
    ::close(end_fd_);
}

void Signals::wait() const {
    sync::sleep_until_stopped(stop_.get_token());
}

void Signals::on_overdue(OverdueStop overdue) {
    const sync::Lock lock(mutex_);
    overdue_ = std::move(overdue);
}

int Signals::watch_the_stop() {
    if (!stop_.stop_requested()) return -1;
    const auto passed = std::chrono::steady_clock::now() - stopped_at_;
    if (passed >= end_after) {
        std::string hanging;
        {
            const sync::Lock lock(mutex_);
            if (overdue_.hanging) hanging = overdue_.hanging();
        }
        const std::string line = "embedq: error: the stop took longer than " +
                                 std::to_string(std::chrono::duration_cast<std::chrono::seconds>(end_after).count()) +
                                 " s" + (hanging.empty() ? "" : "; not returned: " + hanging) +
                                 "; the process ends without waiting, and its leases run out\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
        ::_exit(1);
    }
    if (passed >= interrupt_after && !interrupted_) {
        interrupted_ = true;
        const sync::Lock lock(mutex_);
        if (overdue_.interrupt) overdue_.interrupt();
    }
    const auto next = stopped_at_ + (interrupted_ ? end_after : interrupt_after);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Signals::run() {
    std::array<pollfd, 2> watched{pollfd{signal_fd_, POLLIN, 0}, pollfd{end_fd_, POLLIN, 0}};
    while (true) {
        if (::poll(watched.data(), watched.size(), watch_the_stop()) < 0 && errno != EINTR) return;
        if ((watched[1].revents & POLLIN) != 0) return;
        if ((watched[0].revents & POLLIN) == 0) continue;
        signalfd_siginfo info{};
        if (::read(signal_fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
        // A terminal that closes may send several.
        if (stop_.stop_requested() && info.ssi_signo == SIGHUP) continue;
        if (stop_.stop_requested()) ::_exit(128 + static_cast<int>(info.ssi_signo));
        stopped_at_ = std::chrono::steady_clock::now();
        // A copy, since requesting a stop changes the source, not this object.
        std::stop_source source = stop_;
        source.request_stop();
    }
}

}  // namespace embedq::cli
