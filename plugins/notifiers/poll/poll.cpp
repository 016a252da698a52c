// Notifications by polling: for stores that several processes share without a way to wake each other.
#include <array>
#include <memory>

#include "embedq/notifier.h"
#include "embedq/plugin.h"
#include "notifiers/wake/poll_schedule.h"

namespace {

using namespace embedq;

class PollNotifier final : public Notifier {
public:
    PollNotifier(const Clock& clock, std::chrono::milliseconds interval) : schedule_(clock, interval) {}

    void publish() override { schedule_.publish(); }
    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        return schedule_.wait(deadline, stop);
    }

private:
    notifiers::PollSchedule schedule_;
};

constexpr std::array option_table = {
    OptionSpec{.name = "interval",
               .type = OptionType::duration,
               .default_value = "1s",
               .help = "How often an idle worker looks for work that another process enqueued.",
               .minimum = 10,
               .maximum = 3600e3},
};

Result<std::unique_ptr<Notifier>> make(const Options& options, Context& context) {
    return std::make_unique<PollNotifier>(context.clock(), options.get<std::chrono::milliseconds>("interval"));
}

}  // namespace

EMBEDQ_NOTIFIER("poll", "1.0.0", "Looks for work at an interval; wakes idle workers of the same process immediately.",
                option_table, make);
