// The notifier `your_name`: it wakes the waiters of this process.
//
// In a real notifier, `publish` wakes a thread that notifies other processes, and the thread that receives their
// notifications calls `wake`.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "embedq/notifier.h"
#include "embedq/plugin.h"

namespace {

using namespace embedq;

class YourNameNotifier final : public Notifier {
public:
    explicit YourNameNotifier(const Clock& clock) : clock_(clock) {}

    void publish() override { wake(); }

    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        if (stop.stop_requested()) return Wake::stopped;
        // A notification that arrived while nobody waited counts too, and all who wait already return for the same one.
        const std::uint64_t known = delivered_;
        if (!woken_.wait_for(lock, stop, time_until(deadline), [&] { return published_ != known; })) {
            return stop.stop_requested() ? Wake::stopped : Wake::timeout;
        }
        delivered_ = published_;
        return Wake::notified;
    }

private:
    void wake() {
        {
            const std::scoped_lock lock(mutex_);
            ++published_;
        }
        woken_.notify_all();
    }

    // Adding the farthest deadline to the current time would overflow, and no process waits that long.
    [[nodiscard]] std::chrono::nanoseconds time_until(std::chrono::steady_clock::time_point deadline) const {
        return std::min<std::chrono::nanoseconds>(deadline - clock_.now(), std::chrono::hours(24 * 365));
    }

    const Clock& clock_;

    std::mutex mutex_;
    std::condition_variable_any woken_;
    std::uint64_t published_ = 0;  // guarded by mutex_
    std::uint64_t delivered_ = 0;  // guarded by mutex_: the notifications for which a wait has returned
};

constexpr std::array<OptionSpec, 0> options_table = {};

Result<std::unique_ptr<Notifier>> make(const Options&, Context& context) {
    return std::make_unique<YourNameNotifier>(context.clock());
}

}  // namespace

EMBEDQ_NOTIFIER("your_name", "0.1.0", "Wakes idle workers of this process.", options_table, make);
