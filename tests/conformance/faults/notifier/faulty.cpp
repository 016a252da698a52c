// A notifier with planted faults: sound with `fault: none`, and otherwise wrong in one way that the kit must see.
#include <fcntl.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "embedq/notifier.h"
#include "embedq/plugin.h"

namespace {

using namespace embedq;
using Steady = std::chrono::steady_clock;

// Where publications are counted; of one instance, or of all.
struct Board {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::uint64_t published = 0;  // guarded by mutex, as are those below
    std::size_t waiters = 0;
    bool stopped = false;
    bool closed = false;
};

// Never destroyed, since threads that are left still use it.
const std::shared_ptr<Board>& common_board() {
    static auto* const kept = new std::shared_ptr<Board>(std::make_shared<Board>());
    return *kept;
}

class FaultyNotifier final : public Notifier {
public:
    FaultyNotifier(std::string fault, bool crossing)
        : fault_(std::move(fault)), board_(crossing ? common_board() : std::make_shared<Board>()) {
        const std::lock_guard lock(board_->mutex);
        seen_ = board_->published;
        if (has("descriptor_left")) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    ~FaultyNotifier() override {
        if (has("thread_left")) leave_a_thread();
        if (!has("instances_share_state")) return;
        const std::lock_guard lock(common_board()->mutex);
        common_board()->closed = true;
    }

    void publish() override {
        std::unique_lock lock(board_->mutex);
        if (has("publish_blocks")) board_->changed.wait(lock, [&] { return board_->waiters > 0; });
        if (has("never_wakes") || closed()) return;
        if (has("loses_notification") && board_->waiters == 0) return;
        constexpr std::uint64_t a_few = 5;
        if (has("crosses_at_first") && ++publications_ > a_few) return;
        ++board_->published;
        board_->changed.notify_all();
    }

    Wake wait(Steady::time_point deadline, std::stop_token stop) override {
        if (has("spins")) return Wake::notified;
        std::unique_lock lock(board_->mutex);
        if (stop.stop_requested() && !has("stop_ignored")) return Wake::stopped;
        if (has("timeout_early")) return Wake::timeout;
        const std::uint64_t before = board_->published;
        const auto woken = [&] { return board_->published != seen_ || board_->published != before || board_->stopped; };
        ++board_->waiters;
        board_->changed.notify_all();
        const bool notified = sleep(lock, deadline, has("stop_ignored") ? std::stop_token() : stop, woken);
        --board_->waiters;
        if (stop.stop_requested()) {
            board_->stopped = has("stop_ends_all_waits");
            board_->changed.notify_all();
            return Wake::stopped;
        }
        if (board_->stopped) return Wake::stopped;
        seen_ = board_->published;
        return notified ? Wake::notified : Wake::timeout;
    }

    std::string degraded() const override {
        if (!has("degraded_blocks")) return {};
        std::unique_lock lock(board_->mutex);
        board_->changed.wait(lock, [&] { return board_->waiters == 0; });
        return {};
    }

private:
    [[nodiscard]] bool has(std::string_view fault) const { return fault_ == fault; }

    // Of another instance's doing.
    [[nodiscard]] bool closed() const {
        if (!has("instances_share_state") || board_ == common_board()) return false;
        const std::lock_guard lock(common_board()->mutex);
        return common_board()->closed;
    }

    template <class Woken>
    bool sleep(std::unique_lock<std::mutex>& lock, Steady::time_point deadline, const std::stop_token& stop,
               const Woken& woken) {
        if (has("deadline_ignored") || deadline == Steady::time_point::max())
            return board_->changed.wait(lock, stop, woken);
        return board_->changed.wait_until(lock, stop, deadline, woken);
    }

    static void leave_a_thread() {
        std::thread([board = common_board()] {
            std::unique_lock lock(board->mutex);
            board->changed.wait(lock, [] { return false; });
        }).detach();
    }

    const std::string fault_;
    const std::shared_ptr<Board> board_;
    std::uint64_t seen_ = 0;          // guarded by the board's mutex
    std::uint64_t publications_ = 0;  // guarded by the board's mutex
};

constexpr std::array option_table = {
    OptionSpec{
        .name = "fault",
        .type = OptionType::text,
        .default_value = "none",
        .help = "What is wrong with this notifier.",
        .choices =
            "none|deadline_ignored|timeout_early|spins|stop_ignored|stop_ends_all_waits|never_wakes|loses_notification|"
            "publish_blocks|degraded_blocks|instances_share_state|crosses_at_first|thread_left|descriptor_left"},
    OptionSpec{.name = "crossing",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Wakes all instances of the process."},
};

Result<std::unique_ptr<Notifier>> make(const Options& options, Context&) {
    return std::make_unique<FaultyNotifier>(options.get<std::string>("fault"), options.get<bool>("crossing"));
}

}  // namespace

EMBEDQ_NOTIFIER("faulty", "1.0.0", "A notifier with planted faults, to prove the kit.", option_table, make);
