// A service with planted faults: sound with `fault: none`, and otherwise wrong in one way that the kit must see.
//
// It runs one thread. With `exclusive`, only one instance of the process can run, as with a port.
#include <fcntl.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "embedq/engine.h"
#include "embedq/plugin.h"
#include "embedq/service.h"

namespace {

using namespace embedq;

// What only one instance may hold. Never destroyed, since threads that are left still use it.
struct Port {
    std::mutex mutex;
    std::condition_variable never;
    bool taken = false;  // guarded by mutex
};
Port& port() {
    static auto* const kept = new Port;
    return *kept;
}

class FaultyService final : public Service {
public:
    FaultyService(std::string fault, bool exclusive) : fault_(std::move(fault)), exclusive_(exclusive) {}
    ~FaultyService() override {
        if (has("destruction_leaves_it_running") || has("stop_while_starting_is_forgotten")) {
            if (worker_.joinable()) worker_.detach();
        } else {
            end();
        }
    }

    Status start() override {
        std::unique_lock lock(mutex_);
        if (!take_port())
            return embedq::fail(ErrorKind::conflict,
                                has("silent_failure") ? "" : "the port is taken by another instance");
        starting_ = true;
        // A stop that comes now ends it; how long it takes leaves time for one.
        constexpr auto connecting = std::chrono::milliseconds(200);
        changed_.wait_for(lock, connecting, [&] { return stopping_ && !has("stop_while_starting_is_forgotten"); });
        starting_ = false;
        changed_.notify_all();
        if (stopping_ && !has("stop_while_starting_is_forgotten")) {
            give_port_back();
            return embedq::fail(ErrorKind::unavailable, "stopped while starting");
        }
        if (has("descriptor_left")) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (has("thread_left")) leave_a_thread();
        // Of the service itself nothing but the kept state is used, so that the fault of leaving it running harms
        // nobody else.
        worker_ = std::thread([state = running_] {
            std::unique_lock waiting(state->mutex);
            state->ended.wait(waiting, [&] { return state->end; });
        });
        return {};
    }

    void stop() noexcept override {
        {
            std::unique_lock lock(mutex_);
            ++stops_;
            if (has("stop_before_start_waits")) changed_.wait(lock, [&] { return worker_.joinable(); });
            if (has("failed_start_is_waited_for") && failed_) changed_.wait(lock, [&] { return worker_.joinable(); });
            if (has("stop_blocks") && worker_.joinable()) changed_.wait(lock, [] { return false; });
            if (has("second_stop_hangs") && stops_ > 1) changed_.wait(lock, [] { return false; });
            if (has("stop_while_starting_hangs") && starting_) changed_.wait(lock, [] { return false; });
            if (has("second_stop_crashes") && stops_ > 1) std::thread().join();
            if (has("stops_wait_for_each_other")) meet(lock);
        }
        end();
    }

private:
    [[nodiscard]] bool has(std::string_view fault) const { return fault_ == fault; }

    // Only for the first caller.
    void end() {
        std::unique_lock lock(mutex_);
        if (std::exchange(stopping_, true) && has("stop_while_starting_is_forgotten")) return;
        changed_.notify_all();
        if (!worker_.joinable()) return;
        {
            const std::lock_guard waiting(running_->mutex);
            running_->end = true;
            running_->ended.notify_all();
        }
        worker_.join();
        give_port_back();
    }

    // Two stops that each hold what the other waits for.
    void meet(std::unique_lock<std::mutex>& lock) {
        ++inside_;
        constexpr auto for_the_other = std::chrono::milliseconds(100);
        const bool met = changed_.wait_for(lock, for_the_other, [&] { return inside_ > 1; });
        changed_.notify_all();
        if (met) changed_.wait(lock, [] { return false; });
        --inside_;
    }

    [[nodiscard]] bool take_port() {
        if (!exclusive_) return true;
        const std::lock_guard lock(port().mutex);
        failed_ = port().taken;
        holds_port_ = !port().taken;
        port().taken = true;
        return holds_port_;
    }
    void give_port_back() {
        if (!holds_port_ || has("port_kept")) return;
        const std::lock_guard lock(port().mutex);
        port().taken = false;
        holds_port_ = false;
    }

    static void leave_a_thread() {
        std::thread([] {
            std::unique_lock lock(port().mutex);
            port().never.wait(lock, [] { return false; });
        }).detach();
    }

    struct Running {
        std::mutex mutex;
        std::condition_variable ended;
        bool end = false;  // guarded by mutex
    };

    const std::string fault_;
    const bool exclusive_;
    const std::shared_ptr<Running> running_ = std::make_shared<Running>();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread worker_;  // guarded by mutex_, as are those below
    bool starting_ = false;
    bool stopping_ = false;
    bool failed_ = false;
    bool holds_port_ = false;
    int stops_ = 0;
    int inside_ = 0;
};

constexpr std::array option_table = {
    OptionSpec{
        .name = "fault",
        .type = OptionType::text,
        .default_value = "none",
        .help = "What is wrong with this service.",
        .choices =
            "none|stop_blocks|stop_while_starting_hangs|stop_while_starting_is_forgotten|second_stop_hangs|second_stop_"
            "crashes|"
            "stops_wait_for_each_other|stop_before_start_waits|failed_start_is_waited_for|silent_failure|port_kept|"
            "destruction_leaves_it_running|thread_left|descriptor_left"},
    OptionSpec{.name = "exclusive",
               .type = OptionType::boolean,
               .default_value = "false",
               .help = "Only one instance can run."},
    OptionSpec{.name = "token", .type = OptionType::text, .help = "A secret, which is not used.", .secret = true},
};

Result<std::unique_ptr<Service>> make(const Options& options, Context&, Engine&) {
    return std::make_unique<FaultyService>(options.get<std::string>("fault"), options.get<bool>("exclusive"));
}

}  // namespace

EMBEDQ_SERVICE("faulty", "1.0.0", "A service with planted faults, to prove the kit.", option_table, make);
