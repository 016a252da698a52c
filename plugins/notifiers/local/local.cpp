// Notifications within one process. Enough where one process both enqueues and embeds, as in the embedded default.
#include <array>
#include <memory>

#include "embedq/notifier.h"
#include "embedq/plugin.h"
#include "notifiers/wake/wake_signal.h"

namespace {

using namespace embedq;

class LocalNotifier final : public Notifier {
public:
    explicit LocalNotifier(const Clock& clock) : signal_(clock) {}

    void publish() override { signal_.publish(); }
    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        return signal_.wait(deadline, stop);
    }

private:
    notifiers::WakeSignal signal_;
};

constexpr std::array<OptionSpec, 0> option_table = {};

Result<std::unique_ptr<Notifier>> make(const Options&, Context& context) {
    return std::make_unique<LocalNotifier>(context.clock());
}

}  // namespace

EMBEDQ_NOTIFIER("local", "1.0.0",
                "Wakes idle workers of the same process immediately, but not those of other processes.", option_table,
                make);
