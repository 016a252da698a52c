// The service `your_name`: it logs the number of catalogs at its start and then at every interval.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "embedq/engine.h"
#include "embedq/plugin.h"
#include "embedq/service.h"

namespace {

using namespace embedq;

constexpr OptionSpec options_table[] = {
    {.name = "interval",
     .type = OptionType::duration,
     .default_value = "1m",
     .help = "How often the count is logged.",
     .minimum = 10,
     .maximum = 86'400'000},
};

class YourNameService final : public Service {
public:
    YourNameService(std::chrono::milliseconds interval, Logger& logger, Engine& engine)
        : interval_(interval), logger_(logger), engine_(engine) {}
    ~YourNameService() override { stop(); }

    Status start() override {
        const std::scoped_lock lock(mutex_);
        // `stop` may be called first; then there is nothing to start.
        if (!stop_.stop_requested()) loop_ = std::thread([this] { run(stop_.get_token()); });
        return {};
    }

    // The stop is requested before the lock is acquired, and the loop never acquires it: so each caller of `stop` waits
    // only for the end of the loop.
    void stop() noexcept override {
        stop_.request_stop();
        const std::scoped_lock lock(mutex_);
        if (loop_.joinable()) loop_.join();
    }

private:
    void run(const std::stop_token& stop) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        while (!stop.stop_requested()) {
            log_count();
            never.wait_for(lock, stop, interval_, [] { return false; });
        }
    }

    // Nothing would catch an exception that leaves the thread.
    void log_count() noexcept try {
        const auto catalogs = engine_.catalogs();
        if (catalogs) {
            logger_.info(std::to_string(catalogs->size()) + " catalogs");
        } else {
            logger_.warn("the catalogs cannot be counted: " + to_string(catalogs.error()));
        }
    } catch (...) {
        logger_.error("the catalogs cannot be counted: an exception was thrown");
    }

    const std::chrono::milliseconds interval_;
    Logger& logger_;
    Engine& engine_;
    std::stop_source stop_;

    std::mutex mutex_;
    std::thread loop_;  // guarded by mutex_
};

Result<std::unique_ptr<Service>> make(const Options& options, Context& context, Engine& engine) {
    return std::make_unique<YourNameService>(options.get<std::chrono::milliseconds>("interval"), context.logger(),
                                             engine);
}

}  // namespace

EMBEDQ_SERVICE("your_name", "0.1.0", "Logs how many catalogs there are.", options_table, make);
