#include "cli/logging.h"

#include <fmt/format.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink-inl.h>  // the library instantiates it for its own mutexes only
#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <random>
#include <span>
#include <variant>

#include "cli/present.h"
#include "sync/mutex.h"

namespace embedq::cli {
namespace {

spdlog::level::level_enum level_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace: return spdlog::level::trace;
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warn: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

// Lines go through the console, so that they do not mix with the progress line.
class ConsoleSink : public spdlog::sinks::base_sink<sync::Mutex> {
public:
    explicit ConsoleSink(Console& console) : console_(console) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        std::string_view text(line.data(), line.size());
        while (text.ends_with('\n')) text.remove_suffix(1);
        console_.report(text);
    }
    void flush_() override {}

private:
    Console& console_;
};

std::string_view name_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace: return "trace";
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warn: return "warn";
        case LogLevel::error: return "error";
    }
    return "info";
}

// Without the time.
std::string text_line(std::string_view logger, LogLevel level, std::string_view message) {
    return fmt::format("{:<5} {}: {}", name_of(level), logger, plain(message));
}

std::string json_line(std::string_view logger, LogLevel level, std::string_view message,
                      std::span<const LogField> fields) {
    const auto time = SystemClock().wall();
    const auto millisecond =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
    std::string stamp = time_of(time);
    stamp.insert(stamp.size() - 1, fmt::format(".{:03}", millisecond));
    Json line{{"time", stamp}, {"level", name_of(level)}, {"logger", logger}, {"message", message}};
    for (const LogField& field : fields)
        std::visit([&](const auto& value) { line.emplace(field.key, value); }, field.value);
    return dump(line);
}

class SpdLogger : public Logger {
public:
    SpdLogger(std::string name, spdlog::sink_ptr sink, spdlog::level::level_enum level, LogFormat form)
        : logger_(std::move(name), std::move(sink)), form_(form) {
        logger_.set_level(level);
    }
    void log(LogLevel level, std::string_view message) override { log_fields(level, message, {}); }
    void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
        if (!enabled(level)) return;
        // Text from a server or a document must not look like another line of the log.
        const std::string safe = form_ == LogFormat::text ? text_line(logger_.name(), level, message)
                                                          : json_line(logger_.name(), level, message, fields);
        logger_.log(level_of(level), spdlog::string_view_t(safe.data(), safe.size()));
    }
    [[nodiscard]] bool enabled(LogLevel level) const noexcept override { return logger_.should_log(level_of(level)); }

private:
    spdlog::logger logger_;
    const LogFormat form_;
};

}  // namespace

class Log::Impl {
public:
    Impl(Console& console, LogLevel level, LogFormat form)
        : sink(std::make_shared<ConsoleSink>(console)), level_(level_of(level)), form_(form) {
        const char* pattern = form == LogFormat::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %v";
        sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, ""));
    }
    std::shared_ptr<ConsoleSink> sink;
    const spdlog::level::level_enum level_;
    const LogFormat form_;
};

Log::Log(Console& console, LogLevel level, LogFormat form) : impl_(std::make_unique<Impl>(console, level, form)) {}
Log::~Log() = default;

std::unique_ptr<Logger> Log::logger(std::string name) const {
    return std::make_unique<SpdLogger>(std::move(name), impl_->sink, impl_->level_, impl_->form_);
}

HostContext::HostContext(std::string name, const Log& log, StoreOption store_option)
    : name_(std::move(name)), logger_(log.logger(name_)), store_option_(std::move(store_option)) {}

std::uint64_t HostContext::random() noexcept {
    std::uint64_t bits = 0;
    // Up to 256 bytes are never cut short once the kernel is seeded; a signal can only interrupt the wait for the seed.
    while (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
    }
    return bits;
}

}  // namespace embedq::cli
