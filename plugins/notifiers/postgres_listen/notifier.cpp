#include "notifiers/postgres_listen/notifier.h"

#include <utility>

#include "notifiers/postgres_listen/listener.h"

namespace embedq::notifiers {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_channel_bytes = 63;  // the server cuts longer names

class PostgresListenNotifier final : public Notifier {
public:
    PostgresListenNotifier(Address address, ListenSettings settings, milliseconds interval, Context& context)
        : schedule_(context.clock(), interval),
          listener_(std::move(address), std::move(settings), context, schedule_) {}

    // Wakes this process immediately, and the others by the listener's thread.
    void publish() override {
        schedule_.publish();
        listener_.start();
        listener_.publish();
    }
    Wake wait(std::chrono::steady_clock::time_point deadline, std::stop_token stop) override {
        listener_.start();
        return schedule_.wait(deadline, stop);
    }
    std::string degraded() const override {
        listener_.start();
        return listener_.degraded();
    }

private:
    PollSchedule schedule_;
    mutable Listener listener_;  // degraded() may start it
};

}  // namespace

Result<std::unique_ptr<Notifier>> make_postgres_listen(const Options& options, Context& context) {
    auto url = options.find<std::string>("url");
    if (!url || url->empty()) url = context.store_option("url");
    if (!url || url->empty()) {
        return fail(ErrorKind::misconfigured,
                    "postgres_listen has no URL to listen at, since the store has no option 'url'",
                    "set the notifier's option 'url', or use the notifier 'poll'");
    }
    auto address = parse_address(*url);
    if (!address) return std::unexpected(address.error());
    const auto& channel = options.get<std::string>("channel");
    if (channel.empty() || channel.size() > max_channel_bytes) {
        return fail(ErrorKind::misconfigured, "postgres_listen: the option 'channel' has " +
                                                  std::to_string(channel.size()) + " bytes, but must have 1 to " +
                                                  std::to_string(max_channel_bytes));
    }
    const auto time = [&](std::string_view name) { return options.get<milliseconds>(name); };
    return std::make_unique<PostgresListenNotifier>(
        std::move(*address),
        ListenSettings{channel, time("probe_interval"), time("probe_timeout"), time("connect_timeout"),
                       time("retry_max")},
        time("interval"), context);
}

}  // namespace embedq::notifiers
