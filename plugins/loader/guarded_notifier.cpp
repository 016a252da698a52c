#include <array>
#include <condition_variable>
#include <utility>

#include "loader/guard.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::plugins {
namespace {

enum class NotifierVerb : std::size_t { publish, wait, degraded };
constexpr std::array<std::string_view, 3> notifier_verbs = {"publish", "wait", "degraded"};

class GuardedNotifier final : public Notifier, public Measured {
public:
    GuardedNotifier(std::unique_ptr<Notifier> inner, const LoadedPlugin& plugin, Context& context)
        : inner_(std::move(inner)), guard_(plugin, context, notifier_verbs) {}

    // Notifications are hints: a failed one is logged, and polling finds the work.
    void publish() noexcept override {
        guard_.call_or(NotifierVerb::publish, [&] { inner_->publish(); }, [](const Error&) {});
    }

    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        const Wake wake = guard_.call_or(
            NotifierVerb::wait,
            [&] {
                const Wake woken = inner_->wait(deadline, stop);
                remember_error({});
                return woken;
            },
            [&](const Error& error) {
                remember_error(to_string(error));
                return wait_until_deadline(deadline, stop);
            });
        return wake;
    }

    std::string degraded() const override {
        {
            const sync::Lock lock(mutex_);
            if (!wait_error_.empty()) return wait_error_;
        }
        return guard_.call_or(
            NotifierVerb::degraded, [&] { return inner_->degraded(); },
            [](const Error& error) { return to_string(error); });
    }

    std::vector<CallStatistics> statistics() const override { return guard_.statistics(); }

private:
    void remember_error(const std::string& error) {
        const sync::Lock lock(mutex_);
        wait_error_ = error;
    }

    // A wait that threw must not make its caller spin: it lasts until the deadline, as if nothing had been published.
    static Wake wait_until_deadline(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
        if (deadline == std::chrono::steady_clock::time_point::max()) {
            sync::sleep_until_stopped(stop);
        } else {
            sync::sleep_until(deadline, stop);
        }
        return stop.stop_requested() ? Wake::stopped : Wake::timeout;
    }

    const std::unique_ptr<Notifier> inner_;
    mutable Guard guard_;  // counting does not change the notifier

    mutable sync::Mutex mutex_;
    std::string wait_error_ EMBEDQ_GUARDED_BY(mutex_);  // why the last wait failed; empty if it did not
};

}  // namespace

Result<std::unique_ptr<Notifier>> make_notifier(const LoadedPlugin& plugin, const Options& options, Context& context) {
    return make_guarded<GuardedNotifier, Notifier>(plugin, PluginKind::notifier, context,
                                                   [&] { return plugin.descriptor->make_notifier(options, context); });
}

std::vector<CallStatistics> call_statistics(const Notifier& notifier) {
    return statistics_of(notifier);
}

}  // namespace embedq::plugins
