#include "notifiers/postgres_listen/notifier.h"

#include <utility>

#include "notifiers/postgres_listen/listener.h"

namespace embedq::notifiers {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t longest_channel = 63;  // the server cuts longer names

class PostgresListenNotifier final : public Notifier {
public:
    PostgresListenNotifier(Address address, ListenSettings settings, milliseconds interval, Context& context)
        : schedule_(context.clock(), interval),
          listener_(std::move(address), std::move(settings), context, schedule_) {}

    // This process is woken at once, the others by the listener's thread.
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
    mutable Listener listener_;  // asking it is what may start it
};

}  // namespace

Result<std::unique_ptr<Notifier>> make_postgres_listen(const Options& options, Context& context) {
    auto url = options.find<std::string>("url");
    if (!url || url->empty()) url = context.store_option("url");
    if (!url || url->empty()) {
        return fail(ErrorKind::misconfigured,
                    "postgres_listen: there is no URL to listen at: the store has no option 'url'; give the notifier's "
                    "option 'url', or take the notifier 'poll'");
    }
    auto address = parse_address(*url);
    if (!address) return std::unexpected(address.error());
    const auto& channel = options.get<std::string>("channel");
    if (channel.empty() || channel.size() > longest_channel) {
        return fail(ErrorKind::misconfigured, "postgres_listen: the option 'channel' has " +
                                                  std::to_string(channel.size()) + " bytes, but must have 1 to " +
                                                  std::to_string(longest_channel));
    }
    const auto time = [&](std::string_view name) { return options.get<milliseconds>(name); };
    return std::make_unique<PostgresListenNotifier>(
        std::move(*address),
        ListenSettings{channel, time("probe_interval"), time("probe_timeout"), time("connect_timeout"),
                       time("retry_max")},
        time("interval"), context);
}

}  // namespace embedq::notifiers
